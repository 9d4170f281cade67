"""Speed of the tagger beside a BERT-base classifier, FinBERT's architecture, run by `transformers.pipeline`.

Both get the same texts and the same threads, each in a process of its own. They take turns, a quarter of the texts
each time, so that what else a machine does meets both alike. Weights of the peer are random, which changes nothing
about its speed; its batch size is the best of 1, 8 and 32, and its texts are sorted by length, so that padding costs it
little. Our figure includes linking companies to listings.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from alertd.collecting import look_seldom
from benchmarks import Result
from benchmarks.headlines import headlines

PEER_BATCHES = (1, 8, 32)
WARM_UP = 8
ROUNDS = 4
PATIENCE = 600.0
"""Seconds that a half may take to end."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="for both; default: all")
    parser.add_argument("--texts", type=Path, help='JSON lines with "title" and "summary" instead of made-up headlines')
    parser.add_argument("--count", type=int, default=0, help="number of texts (default 512, tiny 24)")


def run(options: argparse.Namespace) -> Result:
    count = options.count or (24 if options.tiny else 512)
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder, "texts.json")
        texts.write_text(json.dumps(_texts(options.texts, count)))
        with _Half("ours", texts, options.threads) as ours, _Half("peer", texts, options.threads) as peer:
            for number in range(ROUNDS):
                ours.measure(number)
                peer.measure(number)
    best = max(peer.rate(f"batches of {size}") for size in PEER_BATCHES)
    batched, single = ours.rate("batches"), ours.rate("single")
    rows = [
        ("alertd, batches", f"{batched:.1f}", f"{batched / best:.1f}"),
        ("alertd, one by one", f"{single:.1f}", f"{single / peer.rate('single'):.1f}"),
        *((f"BERT-base, batches of {n}", f"{peer.rate(f'batches of {n}'):.1f}", "") for n in PEER_BATCHES),
        ("BERT-base, one by one", f"{peer.rate('single'):.1f}", ""),
    ]
    figures = {
        "articles_per_s": round(batched, 1),
        "peer_articles_per_s": round(best, 1),
        "ratio_batched": round(batched / best, 2),
        "ratio_single": round(single / peer.rate("single"), 2),
        "single_p99_ms": round(percentile(ours.waits["headline"], 0.99) * 1000, 2),
        "rss_mb": round(ours.rss_mb, 1),
        "ready_s": round(ours.ready_s, 2),
    }
    note = (
        f"{count} texts, {options.threads} threads each; one headline p99 {figures['single_p99_ms']} ms, "
        f"{figures['rss_mb']} MB resident, ready in {figures['ready_s']} s"
    )
    return Result(("", "articles/s", "ratio"), tuple(rows), figures, note)


def percentile(values: Sequence[float], share: float) -> float:
    """Give the smallest value that at least `share` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -int(-share * len(ordered) // 1) - 1))]


def _texts(path: Path | None, count: int) -> list[tuple[str, str]]:
    if path is None:
        return headlines(count + WARM_UP)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[: count + WARM_UP]]
    return [(row.get("title", ""), row.get("summary", "")) for row in rows]


class _Half:
    """One side, loaded in a process of its own, which waits while the other is measured."""

    def __init__(self, who: str, texts: Path, threads: int) -> None:
        self._who = who
        self._command = [sys.executable, "-m", "benchmarks.tagging", who, str(texts), str(threads)]
        self._environ = {
            **os.environ,
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": str(threads),
            "STARTED": repr(time.time()),
            "TOKENIZERS_PARALLELISM": "false",
        }
        # way of asking to the seconds of each call, and to how many texts they were
        self.waits: dict[str, list[float]] = {}
        self.texts: dict[str, int] = {}
        self.ready_s = self.rss_mb = 0.0

    def __enter__(self) -> _Half:
        self._process = subprocess.Popen(
            self._command, env=self._environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.ready_s = self._answer()["ready_s"]
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=PATIENCE)

    def measure(self, number: int) -> None:
        """Let it read its share of the texts in every way."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        answer = self._answer()
        self.rss_mb = answer["rss_mb"]
        for way, waits in answer["waits"].items():
            self.waits.setdefault(way, []).extend(waits)
            self.texts[way] = self.texts.get(way, 0) + answer["texts"]

    def rate(self, way: str) -> float:
        """Texts a second."""
        return self.texts[way] / sum(self.waits[way])

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"the {self._who} half of the benchmark ended with {self._process.wait(PATIENCE)}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _ours(texts: list[tuple[str, str]], threads: int) -> Callable[[slice], dict[str, list[float]]]:
    from alertd.config import TaggingSettings
    from alertd.tagging.tagger import Tagger, TagInput

    tagger = Tagger.load(TaggingSettings(threads=threads))
    inputs = [TagInput(title=title, summary=summary) for title, summary in texts]
    titles = [TagInput(title=title) for title, _ in texts]
    tagger.tag(inputs[:1])

    def measure(share: slice) -> dict[str, list[float]]:
        tagger.tag(inputs[:WARM_UP])
        return {
            "single": list(_each(lambda item: tagger.tag([item]), inputs[share])),
            "headline": list(_each(lambda item: tagger.tag([item]), titles[share])),
            "batches": [_seconds(lambda: tagger.tag(inputs[share]))],
        }

    return measure


def _peer(texts: list[tuple[str, str]], threads: int) -> Callable[[slice], dict[str, list[float]]]:
    import torch
    import transformers

    import alertd.tagging

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    transformers.logging.set_verbosity_error()
    # the vocabulary of our encoder is BERT's own
    tokenizer = transformers.AutoTokenizer.from_pretrained(Path(alertd.tagging.__path__[0], "model"))
    network = transformers.BertForSequenceClassification(transformers.BertConfig(num_labels=3)).eval()
    classify = transformers.pipeline("text-classification", model=network, tokenizer=tokenizer, device="cpu")
    limits = {"truncation": True, "max_length": 512}
    joined = [f"{title}. {summary}".strip() for title, summary in texts]

    def measure(share: slice) -> dict[str, list[float]]:
        classify(joined[:WARM_UP], batch_size=WARM_UP, **limits)
        in_order = sorted(joined[share], key=len)
        return {
            "single": list(_each(lambda text: classify(text, **limits), joined[share])),
            **{
                f"batches of {n}": [_seconds(lambda n=n: classify(in_order, batch_size=n, **limits))]  # type: ignore[misc]
                for n in PEER_BATCHES
            },
        }

    return measure


def _each(work: Callable[[Any], object], items: Sequence[Any]) -> Iterator[float]:
    for item in items:
        yield _seconds(lambda item=item: work(item))  # type: ignore[misc]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _peak_mb() -> float:
    """Give this process's peak resident memory; getrusage would count the parent's before the exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


def _serve(who: str, texts: list[tuple[str, str]], threads: int) -> None:
    """Load, say so, and measure a share of the texts for each line that comes in."""
    measure = {"ours": _ours, "peer": _peer}[who](texts, threads)
    look_seldom()  # as the daemon does once all is built
    print(json.dumps({"ready_s": time.time() - float(os.environ["STARTED"])}), flush=True)
    size = (len(texts) - WARM_UP) // ROUNDS
    for line in sys.stdin:
        first = WARM_UP + int(line) * size
        waits = measure(slice(first, first + size))
        print(json.dumps({"waits": waits, "texts": size, "rss_mb": _peak_mb()}), flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1], json.loads(Path(sys.argv[2]).read_text()), int(sys.argv[3]))
