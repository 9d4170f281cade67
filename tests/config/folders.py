"""Folders of configuration for tests."""

from __future__ import annotations

from pathlib import Path

SETTINGS = "feeds:\n  - name: one\n    url: https://example.com/rss\n"
WATCHLIST = "rules:\n  - name: cars\n    companies: [TSLA]\n"

SYMBOLS = {"TSLA", "F", "AAPL", "1810.HK", "ON", "NO", "0700.HK"}


def write(folder: Path, settings: str | bytes = SETTINGS, watchlist: str | bytes = WATCHLIST) -> Path:
    """Write both files into `config` below a folder."""
    config = folder / "config"
    config.mkdir()
    for name, text in (("alertd.yaml", settings), ("watchlist.yaml", watchlist)):
        (config / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return config


def profile(symbol: str) -> tuple[str, str]:
    """Sector and country of a few symbols."""
    return ("Consumer Discretionary", "United States") if symbol in ("TSLA", "F") else ("", "")


def known(symbol: str) -> bool:
    """A gazetteer of a few symbols."""
    return symbol in SYMBOLS


def like(symbol: str) -> list[str]:
    """Known symbols that start as this one does."""
    return sorted(found for found in SYMBOLS if found.startswith(symbol[:3]))
