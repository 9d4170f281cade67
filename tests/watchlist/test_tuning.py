from __future__ import annotations

from typing import Any

import pytest

from alertd.watchlist.tuning import Example, Proposal, examples, propose

NOW = {"phones": {"min_relevance": 0.5, "min_confidence": 0.5, "min_novelty": 0.0}}


def row(key: str, label: str, *, relevance: float | None = 0.9, novelty: float = 1.0, **more: Any) -> dict[str, Any]:
    given = {"key": key, "rule": "phones", "label": label, "relevance": relevance, "novelty": novelty}
    return {**given, "events": {"recall": 0.8, "price_move": 0.99}, **more}


def made(key: str, good: bool, **values: float) -> Example:
    return Example("phones", key, good, {f"min_{name}": value for name, value in values.items()})


def test_labels_become_examples() -> None:
    (one,) = examples([row("a", "not_relevant")], {"phones": ("recall",)})
    assert one == made("a", False, relevance=0.9, confidence=0.8, novelty=1.0)
    (one,) = examples([row("a", "acknowledge", relevance=None)], {})
    assert one == made("a", True, novelty=1.0), (
        "without events in the rule none bounds it, without a company no relevance"
    )
    assert examples([row("a", "dance"), row("b", "not_relevant", rule="")], {}) == []


def test_one_who_did_not_want_it_outweighs_those_who_saw_it() -> None:
    for labels in (("acknowledge", "wrong_company"), ("wrong_company", "acknowledge")):
        (one,) = examples([row("a", label) for label in labels], {})
        assert not one.good


@pytest.mark.parametrize(
    ("found", "proposal"),
    [
        ([made("a", False, relevance=0.62)], Proposal("phones", "min_relevance", 0.5, 0.63, 1, 1, 0)),
        (
            [made("a", False, relevance=0.62), made("b", True, relevance=0.7), made("c", False, relevance=0.8)],
            Proposal("phones", "min_relevance", 0.5, 0.63, 1, 2, 1),
        ),
        (
            [made("a", False, relevance=0.9, novelty=0.1), made("b", True, relevance=0.6, novelty=0.9)],
            Proposal("phones", "min_novelty", 0.0, 0.11, 1, 1, 1),
        ),
        ([made("a", False, relevance=0.6), made("b", True, relevance=0.6)], None),
        ([made("a", False, relevance=1.0)], None),
        ([made("a", False, relevance=0.3)], None),
        ([made("a", True, relevance=0.9)], None),
    ],
)
def test_a_bound_spares_what_was_not_wanted_and_keeps_what_was(found: list[Example], proposal: Proposal | None) -> None:
    assert propose(found, NOW) == ([proposal] if proposal else [])


def test_rules_that_are_gone_get_no_proposal() -> None:
    assert propose([made("a", False, relevance=0.62)], {}) == []
