"""`alertd archive export`: the decided articles as JSON Lines, or as a Parquet file."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from alertd.commands.common import DEFAULT_FOLDER, ConfigFolder, write
from alertd.errors import AlertdError

if TYPE_CHECKING:
    from alertd.watchlist.archive import Filed


class Format(StrEnum):
    """How the archive is written out."""

    JSONL = "jsonl"
    PARQUET = "parquet"


def export(
    since: Annotated[str, typer.Option("--since", metavar="DURATION", help="How far to look back.")] = "30d",
    company: Annotated[str, typer.Option("--company", metavar="SYMBOL", help="Only articles that name it.")] = "",
    form: Annotated[Format, typer.Option("--format", help="JSON Lines, or Parquet.")] = Format.JSONL,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write there instead of to stdout.")
    ] = None,
    config: ConfigFolder = DEFAULT_FOLDER,
) -> None:
    """Write the archive as JSON Lines or Parquet.

    Oldest first; of each article what its feed said, its tags and its place in a story. Parquet needs the extra
    `parquet`: pip install 'alertd[parquet]'.
    """
    from alertd.commands.place import locate
    from alertd.config.units import seconds

    try:
        start = time.time() - seconds(since)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from error
    if form is Format.PARQUET and output is None and sys.stdout.isatty():
        raise typer.BadParameter("a Parquet file is not for a terminal; name a file", param_hint="--output")
    configuration = locate(config).configuration
    issuer = _issuer(company, configuration.settings.store.folder)
    asyncio.run(_export(configuration, start, issuer, form, output))


def _issuer(company: str, state: Path) -> str:
    from alertd.tagging.linker import unlisted
    from alertd.tagging.updated import open_companies

    if not company:
        return ""
    return (open_companies(state).resolve(company) or unlisted(company)).key


async def _export(configuration: Any, start: float, issuer: str, form: Format, output: Path | None) -> None:
    from alertd.state import open_state

    async with await open_state(configuration) as store:
        parts = _articles(store, start, issuer)
        if output is None:
            await (_parquet(parts, sys.stdout.buffer) if form is Format.PARQUET else _lines(parts, None))
            return
        try:
            with output.open("wb") as file:
                await (_parquet(parts, file) if form is Format.PARQUET else _lines(parts, file))
        except OSError as error:
            raise AlertdError(
                f"cannot be written: {error.strerror or 'no reason given'}", where=str(output), hint="name another file"
            ) from error


async def _articles(store: Any, start: float, issuer: str) -> AsyncIterator[list[Filed]]:
    from alertd.stages.archive import since
    from alertd.watchlist.rules import companies_of

    async for articles in since(store, start, issuer):
        yield [filed for filed in articles if not issuer or issuer in companies_of(filed.tags)]


async def _lines(parts: AsyncIterator[Sequence[Filed]], file: BinaryIO | None) -> None:
    from alertd.articles import dumps

    async for articles in parts:
        if file is None:
            write(dumps(filed) for filed in articles)
        else:
            file.writelines(dumps(filed).encode("utf-8", "backslashreplace") + b"\n" for filed in articles)


async def _parquet(parts: AsyncIterator[Sequence[Filed]], file: BinaryIO) -> None:
    try:
        from alertd.watchlist.parquet import ParquetFile
    except ImportError as error:
        raise AlertdError(
            "Parquet needs pyarrow, which is not installed",
            where="--format parquet", hint="pip install 'alertd[parquet]', or write JSON Lines",
        ) from error  # fmt: skip
    with ParquetFile(file) as table:
        async for articles in parts:
            table.add(articles)
