"""What a site's robots.txt lets us fetch (RFC 9309). Pure.

The rules are read by the standard library, which knows no wildcards inside a path; a star at a path's end means the
same as none, and is taken off for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.robotparser import RobotFileParser

AGENT: Final = "alertd"
"""The name under which rules are looked up."""
LARGEST: Final = 500 * 1024
"""Bytes of a robots.txt that are read, as the standard asks at least."""
_STAR: Final = re.compile(r"(?im)^(\s*(?:dis)?allow\s*:\s*\S*?)\*+\s*$")


@dataclass(frozen=True)
class Robots:
    """A site's rules.

    Attributes:
        text: of its robots.txt; "" when it has none, which allows everything.
        closed: True while it cannot be had, which forbids everything until then.
    """

    text: str = ""
    closed: bool = False

    @cached_property
    def _rules(self) -> RobotFileParser:
        rules = RobotFileParser()
        rules.parse(_STAR.sub(r"\1", self.text.removeprefix("\ufeff")).splitlines())
        return rules

    def allows(self, url: str) -> bool:
        """Tell whether a page of the site may be fetched."""
        return not self.closed and (not self.text or self._rules.can_fetch(AGENT, url))

    @property
    def delay(self) -> float:
        """Seconds between two requests that the site asks for; 0 when it does not say."""
        asked = self._rules.crawl_delay(AGENT) if self.text else None
        return float(asked) if asked is not None else 0.0
