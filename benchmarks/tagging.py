"""Speed of the tagger beside a BERT-base classifier, FinBERT's architecture, run by `transformers.pipeline`.

Both get the same texts and the same threads, each in a process of its own, one after the other. Weights of the
peer are random, which changes nothing about its speed; its batch size is the best of 1, 8 and 32, and its texts
are sorted by length, so that padding costs it little. Our figure includes linking companies to listings.
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

from benchmarks import Result
from benchmarks.headlines import headlines

PEER_BATCHES = (1, 8, 32)
WARM_UP = 8


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="for both; default: all")
    parser.add_argument("--texts", type=Path, help='JSON lines with "title" and "summary" instead of made-up headlines')
    parser.add_argument("--count", type=int, default=0, help="number of texts (default 512, tiny 24)")


def run(options: argparse.Namespace) -> Result:
    count = options.count or (24 if options.tiny else 512)
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder, "texts.json")
        texts.write_text(json.dumps(_texts(options.texts, count)))
        ours = _child("ours", texts, options.threads)
        peer = _child("peer", texts, options.threads)
    best = max(peer["batched"].values())
    rows = [
        ("alertd, batches", f"{ours['batched']:.1f}", f"{ours['batched'] / best:.1f}"),
        ("alertd, one by one", f"{ours['single']:.1f}", f"{ours['single'] / peer['single']:.1f}"),
        *((f"BERT-base, batches of {size}", f"{rate:.1f}", "") for size, rate in peer["batched"].items()),
        ("BERT-base, one by one", f"{peer['single']:.1f}", ""),
    ]
    figures = {
        "articles_per_s": round(ours["batched"], 1),
        "peer_articles_per_s": round(best, 1),
        "ratio_batched": round(ours["batched"] / best, 2),
        "ratio_single": round(ours["single"] / peer["single"], 2),
        "single_p99_ms": round(ours["p99_ms"], 2),
        "rss_mb": round(ours["rss_mb"], 1),
        "ready_s": round(ours["ready_s"], 2),
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


def _child(who: str, texts: Path, threads: int) -> dict[str, Any]:
    environ = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": str(threads),
        "STARTED": repr(time.time()),
        "TOKENIZERS_PARALLELISM": "false",
    }
    command = [sys.executable, "-m", "benchmarks.tagging", who, str(texts), str(threads)]
    finished = subprocess.run(command, check=False, env=environ, stdout=subprocess.PIPE, text=True)
    if finished.returncode:
        sys.exit(f"the {who} half of the benchmark ended with {finished.returncode}")
    answer: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return answer


def _measure_ours(texts: list[tuple[str, str]], threads: int) -> dict[str, Any]:
    from alertd.config import TaggingSettings
    from alertd.tagging.tagger import Tagger, TagInput

    tagger = Tagger.load(TaggingSettings(threads=threads))
    inputs = [TagInput(title=title, summary=summary) for title, summary in texts]
    tagger.tag(inputs[:1])
    ready_s = time.time() - float(os.environ["STARTED"])
    tagger.tag(inputs[:WARM_UP])
    waits = list(_each(lambda item: tagger.tag([item]), inputs[WARM_UP:]))
    titles = [TagInput(title=title) for title, _ in texts[WARM_UP:]]
    headline_waits = list(_each(lambda item: tagger.tag([item]), titles))
    return {
        "ready_s": ready_s,
        "single": len(waits) / sum(waits),
        "p99_ms": percentile(headline_waits, 0.99) * 1000,
        "batched": len(texts[WARM_UP:]) / _seconds(lambda: tagger.tag(inputs[WARM_UP:])),
        "rss_mb": _peak_mb(),
    }


def _measure_peer(texts: list[tuple[str, str]], threads: int) -> dict[str, Any]:
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
    classify(joined[:WARM_UP], batch_size=WARM_UP, **limits)
    waits = list(_each(lambda text: classify(text, **limits), joined[WARM_UP:]))
    in_order = sorted(joined[WARM_UP:], key=len)
    return {
        "single": len(waits) / sum(waits),
        "batched": {
            size: len(in_order) / _seconds(lambda size=size: classify(in_order, batch_size=size, **limits))  # type: ignore[misc]
            for size in PEER_BATCHES
        },
    }


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


if __name__ == "__main__":
    _who, _path, _threads = sys.argv[1:]
    _measure = {"ours": _measure_ours, "peer": _measure_peer}[_who]
    print(json.dumps(_measure(json.loads(Path(_path).read_text()), int(_threads))))
