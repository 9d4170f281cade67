"""Exchanges by their codes, and their sessions. The calendars are loaded only when a rule names an exchange.

The codes are those of exchange_calendars (ISO 10383 where one exists), written down here because naming one must not
cost what importing pandas does; a test keeps them equal.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Final

from alertd.errors import AlertdError

EXCHANGES: Final = frozenset(
    """
    24/5 24/7 AIXK ASEX BVMF CMES IEPA XAMS XASX XBDA XBEL XBKK XBOG XBOM XBRA XBRU XBSE XBUD XBUE XCBF XCSE XCYS XDUB
    XDUS XEEE XETR XEUR XFRA XHAM XHEL XHKG XICE XIDX XIST XJSE XKAR XKLS XKRX XLIM XLIS XLIT XLJU XLON XLUX XMAD XMEX
    XMIL XMOS XNYS XNZE XOSL XPAR XPHS XPRA XRIS XSAU XSES XSGO XSHG XSTO XSTU XSWX XTAE XTAI XTAL XTKS XTSE XWAR XWBO
    XZAG US_FUTURES
    """.split()  # noqa: SIM905 - a list of its own would take a page
)
"""Codes, in capitals."""
ALIASES: Final = {
    "NYSE": "XNYS", "NASDAQ": "XNYS", "BATS": "XNYS", "XNAS": "XNYS", "ARCX": "XNYS", "OOTC": "XNYS", "XASE": "XNYS",
    "XTSX": "XTSE", "FWB": "XFRA", "LSE": "XLON", "TSX": "XTSE", "BMF": "BVMF", "CME": "CMES", "CBOT": "CMES",
    "COMEX": "CMES", "NYMEX": "CMES", "ICE": "IEPA", "ICEUS": "IEPA", "NYFE": "IEPA", "CFE": "XCBF", "JKT": "XIDX",
    "SIX": "XSWX", "JPX": "XTKS", "ASX": "XASX", "HKEX": "XHKG", "OSE": "XOSL", "BSE": "XBOM", "SSE": "XSHG",
    "TASE": "XTAE", "BVB": "XBSE", "LUXSE": "XLUX",
}  # fmt: skip
"""Other names of exchanges → their codes."""
_BEFORE, _AFTER = 10, 60
"""Days before and after a time of which sessions are looked up together."""
_FRESH = 20 * 86400.0
_DAY = 86400.0


class Sessions:
    """Looks up when exchanges are open; keeps what it found until it is nearly used up."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, tuple[tuple[float, float], ...]]] = {}

    def __call__(self, exchange: str, now: float) -> Sequence[tuple[float, float]]:
        """Opening and close of each session around a time, Unix seconds, in order; breaks at noon are not told.

        Args:
            exchange: its code.
            now: Unix seconds.

        Raises:
            AlertdError: the calendars cannot be loaded.
        """
        found = self._known.get(exchange)
        if found is None or abs(now - found[0]) > _FRESH:
            found = self._known[exchange] = (now, _read(exchange, now))
        return found[1]


def _read(exchange: str, now: float) -> tuple[tuple[float, float], ...]:
    try:
        import exchange_calendars
        import pandas
    except ImportError as error:
        raise AlertdError(
            f"market hours of {exchange} cannot be looked up: {error}",
            where="exchange-calendars", hint="install alertd anew, or write hours with open and close",
        ) from error  # fmt: skip
    name = "us_futures" if exchange == "US_FUTURES" else exchange
    start, end = (
        pandas.Timestamp(now + days * _DAY, unit="s", tz="UTC").normalize().tz_localize(None)
        for days in (-_BEFORE, _AFTER)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what pandas will change is no concern of the user's
        calendar = exchange_calendars.get_calendar(name, start=start, end=end)
    return tuple(
        (opens.timestamp(), closes.timestamp())
        for opens, closes in zip(calendar.opens, calendar.closes, strict=True)
    )  # fmt: skip
