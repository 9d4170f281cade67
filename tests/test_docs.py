"""The documents say what the code does: metrics, links, make targets, configuration examples."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertd.slack.checkup import SCOPES
from alertd.web.metrics import Metrics

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TARGET = re.compile(r"\bmake ([a-z-]+)")


def blocks(language: str) -> list[Any]:
    return [
        pytest.param(text, id=f"{path.name}:{number}")
        for path in DOCUMENTS
        for number, (found, text) in enumerate(FENCE.findall(path.read_text(encoding="utf-8")))
        if found == language
    ]


def metric_names() -> set[str]:
    families = Metrics().registry.collect()
    return {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in families
        if family.name.startswith("alertd_")
    }


def test_every_metric_is_documented_and_no_other() -> None:
    documented = re.findall(r"^\| `(alertd_\w+)`", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) == metric_names()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_metrics_that_documents_name_exist(document: Path) -> None:
    named = set(re.findall(r"\balertd_[a-z_]+\b", document.read_text(encoding="utf-8"))) - {"alertd_alert"}
    assert named <= metric_names()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    targets = LINK.findall(document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_make_targets_in_documents_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    text = document.read_text(encoding="utf-8")
    shell = "".join(found for language, found in FENCE.findall(text) if language == "sh")
    inline = "\n".join(re.findall(r"`([^`\n]+)`", FENCE.sub("", text)))
    for target in TARGET.findall(shell + inline):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("text", blocks("yaml"))
def test_yaml_examples_are_yaml(text: str) -> None:
    assert isinstance(yaml.safe_load(text), dict)


def test_the_readme_fits_its_promises() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first_screen = "\n".join(readme.splitlines()[:25])
    assert "make demo" in first_screen
    assert "make test" in first_screen
    assert "docs/images/alert.svg" in first_screen
    assert len(readme.splitlines()) <= 60, "the README fits on one screen; the rest is in docs/"
    assert "<!-- demo transcript -->" in (ROOT / "docs" / "demo.md").read_text(encoding="utf-8")


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, waiting = {ROOT / "README.md"}, [ROOT / "README.md"]
    while waiting:
        here = waiting.pop()
        links = {(here.parent / link).resolve() for link in LINK.findall(here.read_text(encoding="utf-8"))}
        new = {link for link in links if link.suffix == ".md" and link.is_file()} - reached
        reached |= new
        waiting += new
    assert {path.name for path in (ROOT / "docs").glob("*.md") if path not in reached} == set()


def test_every_room_is_on_the_map() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## The rooms")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([\w./]+)`", text))
    inside = (ROOT / "alertd").iterdir()
    rooms = {f"alertd/{path.name}/" for path in inside if (path / "__init__.py").exists()}
    assert rooms - named == set(), "a package of alertd/ that is not on the map of CONTRIBUTING.md"
    gone = [name for name in named if name.startswith(("alertd/", "tests/")) and not (ROOT / name).exists()]
    assert gone == []


def test_the_slack_manifest_asks_for_what_its_table_explains() -> None:
    text = (ROOT / "docs" / "slack-app.md").read_text(encoding="utf-8")
    manifest = yaml.safe_load(FENCE.findall(text)[0][1])
    scopes = manifest["oauth_config"]["scopes"]["bot"]
    table = text.split("## What each scope is for")[1].split("|---|---|")[1].split("\n\n")[0]
    explained = [name for row in table.strip().splitlines() for name in re.findall(r"`([a-z:]+)`", row.split("|")[1])]
    assert sorted(scopes) == sorted(explained)
    assert set(scopes) == set(SCOPES), "`alertd slack test` looks for the same"


NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
THREATS = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED.findall(THREATS)}))
def test_each_test_that_security_names_exists(file: str) -> None:
    there = set(re.findall(r"^(?:async )?def (test_\w+)", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE))
    assert {name for found, name in NAMED.findall(THREATS) if found == file} <= there


def test_each_threat_names_what_proves_that_it_is_stopped() -> None:
    rows = [row for row in re.findall(r"^\| (.*) \|$", THREATS, re.MULTILINE) if row.count(" | ") == 2]
    assert len(rows) > 30
    assert [row for row in rows if not NAMED.search(row) and not row.endswith("proven by")] == []
