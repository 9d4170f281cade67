"""The errors of alertd: a small tree whose leaves carry what failed, where, and what to do next."""

from __future__ import annotations


class AlertdError(Exception):
    """The root of every error that alertd raises on purpose.

    Args:
        what: what failed, in words a user understands; never holds a secret.
        where: the place: ``file:line``, a feed's name, an entry, a channel; empty when there is none.
        hint: what to do next; empty when nothing can be done.
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        step = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.what}{step}"


class ConfigError(AlertdError):
    """The user's configuration is wrong; ``problems`` lists every mistake that was found, in order.

    Args:
        what: the first problem, or a summary.
        problems: one finished line each (``file:line:column: what is wrong; what would be right``).
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "", problems: tuple[str, ...] = ()) -> None:
        super().__init__(what, where=where, hint=hint)
        self.problems = problems


class FeedError(AlertdError):
    """A feed could not be fetched or what it served is no feed; ``kind`` is a short label for metrics.

    Args:
        what: what failed.
        kind: one of a small fixed set such as ``timeout``, ``http_404``, ``html_page``, ``challenge``, ``empty``.
        retry_after: seconds the publisher asked us to wait, if it did.
    """

    def __init__(
        self, what: str, *, where: str = "", hint: str = "", kind: str = "error", retry_after: float | None = None
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.kind = kind
        self.retry_after = retry_after


class ModelError(AlertdError):
    """The tagging model cannot be loaded or its file is not what its description says."""


class GazetteerError(AlertdError):
    """The file of companies cannot be read."""


class StoreError(AlertdError):
    """Redis cannot be started, reached, or holds something that this version must not touch."""


class FencedError(StoreError):
    """A lease was lost to another holder: what this process wanted to commit was refused."""


class PostError(AlertdError):
    """Slack (or another sink) refused or lost a message.

    Args:
        what: what failed.
        kind: ``rate_limited``, ``refused``, ``doubt`` (the answer was lost), ``unreachable`` (never sent).
        code: Slack's error code, when it gave one.
        retry_after: seconds to wait before the next try to this channel, when known.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        hint: str = "",
        kind: str = "refused",
        code: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.kind = kind
        self.code = code
        self.retry_after = retry_after
