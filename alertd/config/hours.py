"""Settings of when a rule speaks: hours and days by time zone or exchange, and the times of digests."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, PrivateAttr, WithJsonSchema, model_validator

from alertd.config.units import Duration
from alertd.config.values import Model, nearest
from alertd.exchanges import ALIASES, EXCHANGES

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_HALF_DAY: Final = 43200.0


def zone(name: str) -> str:
    """Check the name of a time zone; "" passes.

    Raises:
        ValueError: there is none of this name.
    """
    if not name or name in available_timezones():
        return name
    like = nearest(name, available_timezones())
    raise ValueError(f"no time zone; {f'did you mean {like}?' if like else 'write one such as America/New_York'}")


def minutes(text: str) -> int:
    """Read a time of day as minutes since midnight.

    Raises:
        ValueError: it is none.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError("no time of day; write one such as 07:00")
    return int(found[1]) * 60 + int(found[2])


def _time(text: str) -> str:
    if text:
        minutes(text)
    return text


def _exchange(text: str) -> str:
    name = ALIASES.get(text.upper(), text.upper())
    if not text or name in EXCHANGES:
        return name
    like = nearest(text, [*ALIASES, *EXCHANGES])
    known = "one of NYSE, LSE, HKEX or another code of docs/config.md"
    raise ValueError(f"no exchange; {f'did you mean {like}?' if like else known}")


def _as_days(value: Any) -> Any:
    """Read days: a list of them, or one text such as mon-fri."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        return value
    found: list[Any] = []
    for item in given:
        first, dash, last = str(item).lower().replace(" ", "").partition("-")
        start, end = (DAYS.index(d[:3]) if d[:3] in DAYS else -1 for d in (first, last))
        if dash and start >= 0 and end >= 0:
            found += [DAYS[(start + n) % 7] for n in range((end - start) % 7 + 1)]
        else:
            found.append(DAYS[start] if start >= 0 and not dash else item)
    return tuple(found)


def _digest(text: str) -> str:
    if text in ("", "hourly", "opening"):
        return text
    time, _, name = text.partition(" ")
    try:
        minutes(time)
    except ValueError:
        raise ValueError("no time for a digest; write hourly, opening, 08:00 or 08:00 Europe/London") from None
    zone(name.strip())
    return text


TimeOfDay = Annotated[str, AfterValidator(_time)]
Digest = Annotated[str, AfterValidator(_digest)]
"""`hourly`, `opening`, or a time of day, perhaps with a time zone."""
_DAYS_SCHEMA: Final = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string", "enum": list(DAYS)}}]
}


class HoursSettings(Model):
    """When a rule speaks: times of day and days in a time zone, or the sessions of an exchange."""

    timezone: Annotated[str, AfterValidator(zone)] = ""
    """Time zone of `open` and `close`, such as Europe/London; without one, UTC."""
    open: TimeOfDay = ""
    """Time of day at which it begins to speak: 07:00. Without `open` and `close`, all day."""
    close: TimeOfDay = ""
    """Time of day at which it ends; before `open`, it is the next day's."""
    days: Annotated[
        tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...],
        BeforeValidator(_as_days),
        WithJsonSchema(_DAYS_SCHEMA),
    ] = ()
    """Days on which it begins: `mon-fri`, or `[sat, sun]`. Without them, every day."""
    exchange: Annotated[str, AfterValidator(_exchange)] = ""
    """Market hours of this exchange instead, holidays and early closes included: NYSE, LSE, HKEX or its code (XNYS)."""
    early: Annotated[float, Duration(0, _HALF_DAY)] = 0.0
    """So long before the exchange opens it begins already."""
    late: Annotated[float, Duration(0, _HALF_DAY)] = 0.0
    """So long after the exchange closed it goes on."""

    _minutes: tuple[int, int] = PrivateAttr(default=(0, 0))

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.exchange and (self.timezone or self.open or self.close or self.days):
            raise ValueError("both an exchange and hours of its own; keep one")
        if bool(self.open) != bool(self.close):
            raise ValueError("open without close or close without open; write both")
        if not self.exchange and (self.early or self.late):
            raise ValueError("early or late without an exchange; move open or close")
        if not self.exchange and not self.open and not self.days:
            raise ValueError("without open and close, days or an exchange; write some of them")
        if self.open and self.open == self.close:
            raise ValueError("open and close at the same time; leave both away for all day")
        if self.open:
            self._minutes = (minutes(self.open), minutes(self.close))
        return self

    @property
    def opens(self) -> int:
        """Minutes since midnight at which it begins."""
        return self._minutes[0]

    @property
    def closes(self) -> int:
        """Minutes since that midnight at which it ends, up to two days."""
        opens, closes = self._minutes
        return closes if closes > opens else closes + 1440

    @property
    def weekdays(self) -> tuple[int, ...]:
        """Days on which it begins, Monday is 0."""
        return tuple(DAYS.index(day) for day in self.days) or tuple(range(7))
