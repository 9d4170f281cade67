"""How well names are linked: `python -m training.evaluate_linking --data ../shared/data`.

Three figures on real texts: press-wire headlines with the publisher's ticker taken out of the text (is the ticker
among the symbols of a candidate?), paragraphs with Reuters codes taken out (the same for each code), and the
time a headline takes. `--missed N` shows what went wrong.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from alertd.tagging.gazetteer import Gazetteer
from alertd.tagging.linker import link

_RIC = re.compile(r"([A-Z][\w&.'\u2019 -]{1,40}?)\s*<([A-Z0-9]{1,6}(?:_[a-z])?)\.(N|O|OQ|L|HK|DE|PA)>")
_SUFFIX = {"N": "", "O": "", "OQ": ""}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--missed", type=int, default=0)
    options = parser.parse_args()
    gazetteer = Gazetteer.open()
    for name, cases in (
        ("press-wire tickers, code in the text", list(_press(options.data, hidden=False))),
        ("press-wire tickers, name only", list(_press(options.data, hidden=True))),
        ("Reuters codes hidden", list(_reuters(options.data))),
    ):
        known = [case for case in cases if gazetteer.by_symbol(case[1])]
        right = sum(_found(gazetteer, *case[:2]) for case in cases)
        missed = [case for case in known if not _found(gazetteer, *case[:2])]
        sys.stdout.write(
            f"{name}: {right} of {len(cases)} = {right / len(cases):.3f}; "
            f"{1 - len(missed) / len(known):.3f} of the {len(known)} whose symbol the gazetteer knows\n"
        )
        for text, symbol, said in missed[: options.missed]:
            sys.stdout.write(f"    {symbol}: {said} | {text[:110]}\n")
    texts = [json.loads(line)["text"] for line in (options.data / "events_labelled.jsonl").open(encoding="utf-8")]
    started = time.perf_counter()
    spans = sum(len(link(text, gazetteer)) for text in texts)
    seconds = time.perf_counter() - started
    sys.stdout.write(
        f"{spans} candidates in {len(texts)} headlines, {seconds / len(texts) * 1e6:.0f} microseconds each\n"
    )


def _found(gazetteer: Gazetteer, text: str, symbol: str) -> bool:
    return any(symbol in c.issuer.symbols for c in link(text, gazetteer))


def _press(data: Path, *, hidden: bool) -> Iterable[tuple[str, str, str]]:
    with (data / "headline_tickers_otc.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            text = re.sub(r"\s*\([A-Z]+:[^)]*\)", "", row["title"]) if hidden else row["title"]
            yield text, row["symbol"], row["company"]


def _reuters(data: Path) -> Iterable[tuple[str, str, str]]:
    with (data / "entity_sentiment_finentity.jsonl").open(encoding="utf-8") as file:
        for line in file:
            text = json.loads(line)["text"]
            bare = re.sub(r"\s*<[^>]{1,14}>", "", text)
            for name, code, exchange in _RIC.findall(text):
                symbol = code.replace("_", "-").upper()
                yield bare, symbol + _SUFFIX.get(exchange, "." + exchange), name.strip()


if __name__ == "__main__":
    main()
