"""docs/getting-started.md, done as it says: every command in order, and each prints what stands under it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from .steps import DOCUMENT, Reader, Step, reading, steps
from .varying import FRAME, MOOD

TEXT = DOCUMENT.read_text(encoding="utf-8")
STEPS = [step for step in steps(TEXT) if step.mark != "not run"]
_VARIES = (
    (re.compile(r"generation [0-9a-f]{12}|minilm-\S+|gazetteer [0-9a-f]+"), "VERSION"),
    (MOOD, "MOOD"),
    (re.compile(r"[−+-]?\d[\d.,:-]*(?:[smhd]\b)?"), "#"),
    (FRAME, " "),
)


def fixed(output: str) -> str:
    """What of an output is the same each time: not its times, figures and versions, nor how lines are broken."""
    for pattern, to in _VARIES:
        output = pattern.sub(to, output)
    return output.strip()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with reading(tmp_path_factory.mktemp("started")) as one:
        yield one


def test_the_document_leads_to_an_alert() -> None:
    commands = [step.command.split("\n")[0] for step in STEPS]
    assert any(command.startswith("alertd init --company") for command in commands)
    [run] = [step for step in STEPS if step.mark.startswith("until")]
    assert run.command == "alertd run\n"
    assert "╭─ #alerts" in run.output


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("getting-started")
def test_all_steps_in_order_print_what_the_document_says(reader: Reader) -> None:
    said: list[tuple[Step, str]] = [(step, reader.follow(step)) for step in STEPS]
    for step, output in said:
        # `python -m tests.docs.steps` writes them anew
        assert fixed(output) == fixed(step.output), step.command
        assert "Traceback" not in output


def test_the_outputs_hold_no_path_of_a_machine() -> None:
    for step in STEPS:
        assert not re.search(r"/(?:tmp|root|work|home/(?!you))", step.output), step.command
