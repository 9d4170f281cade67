"""From data to weights: `python -m training.train --data ../shared/data`.

Stages, each of which leaves a file in `--out` and is skipped when that is there: `prepare` (texts to arrays),
`language` (masked-language training), `teachers` (several networks with seeds of their own), `soft` (what they say
together), `student` (learns labels and teachers; the best of its seeds on the held-out part stays), `narrow` (takes out
neurons that others can stand for, and trains on what is left), `export` (int8 ONNX, tokenizer, description and model
card into alertd/tagging/model). An interrupted run goes on from the last epoch.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from training.arrays import Corpus, build, varied
from training.bases import base, base_folder, base_tokenizer, larger, pack, unpack
from training.examples import load
from training.fit import Feeder, Plan, Soft, fit, keep, predict, say
from training.mlm import learn_language
from training.narrow import narrow
from training.network import LARGER, Network, Shape
from training.score import calibrate, figures, gather
from training.split import held_out

STAGES = ("prepare", "language", "teachers", "soft", "student", "narrow", "export")
_SEED = 11
_NARROW_BY = 2_000
"""Texts of the training part that tell which neurons can go; some 50,000 pieces for 1,536 neurons."""


@dataclass(frozen=True)
class Recipe:
    """How much of everything: a GPU gets minutes, two cores get an hour and a quarter."""

    language_epochs: int
    teachers: int
    teacher_epochs: int
    students: int
    student_epochs: int
    batch: int
    at_once: bool
    blocks: int
    """Of 64 neurons, that are taken out of the 144 of the student."""
    narrow_epochs: int
    """That the narrowed network is trained on for."""


RECIPES = {
    "gpu": Recipe(5, 3, 4, 3, 12, 48, at_once=True, blocks=72, narrow_epochs=20),
    "cpu": Recipe(0, 0, 0, 1, 4, 32, at_once=False, blocks=30, narrow_epochs=0),
    "tiny": Recipe(1, 1, 1, 1, 1, 32, at_once=False, blocks=30, narrow_epochs=1),
}


def main() -> None:
    """Run the stages that are still to do."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("training/out"))
    parser.add_argument("--recipe", choices=[*RECIPES, "auto"], default="auto")
    parser.add_argument("--until", choices=STAGES, default="export", help="the last stage to run")
    parser.add_argument("--only", help=argparse.SUPPRESS)  # one network of a stage, in a process of its own
    options = parser.parse_args()
    name = options.recipe if options.recipe != "auto" else ("gpu" if torch.cuda.is_available() else "cpu")
    run = Run(options.out, RECIPES[name], name, options)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.only:
        kind, seed = options.only.split(":")
        run.one(kind, int(seed))
        return
    ready = any((options.out / f"{name}.pt").exists() for name in ("student", "narrow"))
    for stage in STAGES[: STAGES.index(options.until) + 1]:
        if not ready or stage in ("prepare", "narrow", "export"):
            getattr(run, stage)()


class Run:
    """The stages over one folder."""

    def __init__(self, out: Path, recipe: Recipe, name: str, options: argparse.Namespace) -> None:
        self.out, self.recipe, self.name, self.options = out, recipe, name, options
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.set_float32_matmul_precision("high")

    def prepare(self) -> None:
        """Texts to arrays, and the split."""
        if (self.out / "corpus.npz").exists():
            return
        examples = load(self.options.data, Path(__file__).parent / "written")
        held = held_out([f"{e.title} {e.body}" for e in examples])
        held = [h and not e.written and e.source != "plain" for h, e in zip(held, examples, strict=True)]
        if self.name == "tiny":
            examples, held = examples[::200], held[::200]
        examples, held = varied(examples, held, _SEED)
        corpus = build(examples, held, base_tokenizer())
        pack(base(), range(Shape().vocabulary), self.out, "base", layers=6)
        if self.recipe.teachers and (state := larger()):
            pack(state, {*np.unique(corpus.ids).tolist(), *range(1_000)}, self.out, "larger")
        corpus.save(self.out / "corpus.npz")
        say(f"{len(examples)} examples, {sum(held)} of them held out")

    def language(self) -> None:
        """Masked-language training; with no epochs, the base as it is."""
        path = self.out / "language.pt"
        if path.exists():
            return
        network = self._network()
        network.load_state_dict(unpack(self.out, "base") or {}, strict=False)
        corpus = self._corpus()
        rows = np.flatnonzero(~corpus.held)
        if self.recipe.language_epochs:
            learn_language(
                network, Feeder(corpus, self.device), rows,
                epochs=self.recipe.language_epochs, seed=_SEED, batch=96, rate=2e-4,
            )  # fmt: skip
        keep(halved(network), path)

    def teachers(self) -> None:
        """Several networks on the labels alone."""
        self._each("teacher", self.recipe.teachers)

    def soft(self) -> None:
        """The teachers' mean probabilities on every text."""
        path = self.out / "soft.npz"
        if path.exists() or not self.recipe.teachers:
            return
        corpus = self._corpus()
        feeder = Feeder(corpus, self.device)
        rows = np.arange(len(corpus.lengths))
        tokens: Any = 0
        documents: Any = 0
        for seed in range(self.recipe.teachers):
            of_tokens, of_documents, _ = predict(self._network(f"teacher-{seed}.pt"), feeder, rows)
            parts = [of_tokens[:, i : i + 3].softmax(-1) for i in (0, 3, 6)]
            tokens = tokens + torch.cat(parts, -1) / self.recipe.teachers
            events, feeling = of_documents[:, :-3].sigmoid(), of_documents[:, -3:].softmax(-1)
            documents = documents + torch.cat([events, feeling], -1) / self.recipe.teachers
        np.savez(path, tokens=tokens.half().cpu().numpy(), documents=documents.half().cpu().numpy())

    def student(self) -> None:
        """The best of a few networks that learn from labels and teachers."""
        path = self.out / "student.pt"
        if path.exists():
            return
        self._each("student", self.recipe.students)
        corpus = self._corpus()
        scores = [self._worth(corpus, f"student-{seed}.pt") for seed in range(self.recipe.students)]
        chosen = int(np.argmax(scores))
        keep(torch.load(self.out / f"student-{chosen}.pt", weights_only=True), path)
        say(f"student {chosen} stays")

    def narrow(self) -> None:
        """The network to ship: the student with fewer neurons, trained on towards what it was; the mean of a few."""
        path, cut = self.out / "narrow.pt", self.out / "cut.pt"
        if path.exists():
            return
        if self.recipe.teachers and not (self.out / "soft.npz").exists():
            sys.exit(f"there is no {self.out / 'soft.npz'} to train on by: it has to come along with student.pt")
        if not cut.exists():
            corpus = self._corpus()
            texts = Feeder(corpus, self.device).drawn(np.flatnonzero(~corpus.held), _NARROW_BY, _SEED)
            keep(halved(narrow(self._network("student.pt"), texts, self.recipe.blocks, _SEED)), cut)
            self._worth(corpus, "cut.pt")
        if not self.recipe.narrow_epochs:
            keep(torch.load(cut, weights_only=True), path)
            return
        self._each("narrow", self.recipe.students)
        states = [torch.load(self.out / f"narrow-{seed}.pt", weights_only=True) for seed in range(self.recipe.students)]
        keep({name: torch.stack([s[name].float() for s in states]).mean(0).half() for name in states[0]}, path)
        self._worth(self._corpus(), "narrow.pt")

    def export(self) -> None:
        """Weights, tokenizer, description and card into the package."""
        from training.export import export

        export(self._network("narrow.pt").cpu(), self._corpus(), base_folder(), self.name)

    def one(self, kind: str, seed: int) -> None:
        """Train one network of a stage."""
        corpus = self._corpus()
        soft = None
        if kind != "teacher" and self.recipe.teachers:
            with np.load(self.out / "soft.npz") as stored:
                soft = Soft(stored["tokens"], stored["documents"])
        feeder = Feeder(corpus, self.device, soft)
        start = unpack(self.out, "larger") if kind == "teacher" else None
        if start:
            torch.manual_seed(seed)
            network = Network(LARGER).to(self.device)
            network.load_state_dict(start, strict=False)
            plan = Plan(self.recipe.teacher_epochs, seed, batch=self.recipe.batch, rate=5e-5, head_rate=4e-4)
        elif kind == "narrow":
            feeder.guide = self._network("student.pt").requires_grad_(False).eval()
            network = self._network("cut.pt")
            network.words.requires_grad_(False)  # they are as good as they were
            plan = Plan(self.recipe.narrow_epochs, seed, batch=2 * self.recipe.batch, head_rate=Plan.rate)
        else:
            feeder.embedding = self._embeddings(feeder)
            seed_of = seed + (100 if kind == "student" else 0)
            network = self._network("language.pt", seed=seed_of)
            epochs = self.recipe.teacher_epochs if kind == "teacher" else self.recipe.student_epochs
            plan = Plan(epochs, seed_of, batch=self.recipe.batch)
        part = self.out / f"{kind}-{seed}.part.pt"
        rows = np.flatnonzero(~corpus.held)
        if soft is None:
            rows = rows[taught(corpus)[rows]]
        fit(network, feeder, rows, plan, part)
        keep(halved(network), self.out / f"{kind}-{seed}.pt")
        part.unlink()
        self._worth(corpus, f"{kind}-{seed}.pt")

    def _each(self, kind: str, count: int) -> None:
        """Train the networks of a stage, side by side where the device bears it."""
        todo = [s for s in range(count) if not (self.out / f"{kind}-{s}.pt").exists()]
        command = [sys.executable, "-m", "training.train", "--out", str(self.out), "--recipe", self.name]
        environ = {**os.environ, "OMP_NUM_THREADS": "4"} if self.recipe.at_once else dict(os.environ)
        running = []
        for seed in todo:
            process = subprocess.Popen([*command, "--only", f"{kind}:{seed}"], env=environ)
            running.append(process)
            if not self.recipe.at_once:
                process.wait()
        for process in running:
            if process.wait():
                sys.exit(f"a {kind} ended with {process.returncode}")

    def _embeddings(self, feeder: Feeder) -> torch.Tensor:
        """What the base says of every text."""
        network = self._network()
        network.load_state_dict(unpack(self.out, "base") or {}, strict=False)
        return predict(network, feeder, np.arange(len(feeder.lengths)))[2].half()

    def _worth(self, corpus: Corpus, name: str) -> float:
        """One figure for a network, from the held-out part."""
        feeder = Feeder(corpus, self.device)
        tokens, documents, _ = predict(self._network(name), feeder, np.flatnonzero(corpus.held))
        answers = gather(corpus, tokens.double().cpu().numpy(), documents.double().cpu().numpy())
        found = figures(answers, calibrate(answers))
        score = worth(found)
        parts = {head: round(f.get("piece_f1", f.get("micro_f1", f.get("accuracy"))), 4)
                 for head, f in found.items() if head != "events by type"}  # fmt: skip
        say(f"{name}: {score:.4f} {parts}")
        return score

    def _corpus(self) -> Corpus:
        return Corpus.load(self.out / "corpus.npz")

    def _network(self, name: str = "", seed: int = 0) -> Network:
        torch.manual_seed(seed)
        state = torch.load(self.out / name, map_location=self.device, weights_only=True) if name else {}
        shape = LARGER if "distances.weight" in state else Shape()
        network: Network = Network(shape.of(state) if name else shape).to(self.device)
        if name:
            fresh = {"tags", "span", "span_out", "whole", "whole_out", "topic"} if name == "language.pt" else set()
            network.load_state_dict(
                {k: v.float() for k, v in state.items() if k.split(".")[0] not in fresh}, strict=False
            )
        return network


def worth(found: dict[str, Any]) -> float:
    """The mean of what matters: names, roles, sentiments, events."""
    return float(np.mean([
        found["company"]["piece_f1"], found["role"]["accuracy"], found["sentiment"]["accuracy"],
        found["document"]["accuracy"], found["events"]["micro_f1"],
    ]))  # fmt: skip


def taught(corpus: Corpus) -> NDArray[np.bool_]:
    """Which examples carry any label."""
    tagged = np.maximum.reduceat(corpus.tags, corpus.at[:-1]) >= 0
    return np.asarray(tagged | (corpus.spans[:, 0, 0] >= 0) | (corpus.document >= 0) | (corpus.topic >= 0)
                      | (corpus.events[:, 0] >= 0))  # fmt: skip


def halved(network: Network) -> dict[str, torch.Tensor]:
    """The weights in half precision: they end as int8 anyway."""
    return {name: value.half().cpu() for name, value in network.state_dict().items()}


if __name__ == "__main__":
    main()
