"""The small languages inside the watchlist: keywords with and, or, not and word forms, and comparisons of facts.

Everybody imports this, it imports nobody: the configuration refuses what cannot be read, the watchlist evaluates it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_TOKEN: Final = re.compile(r'\s*("(?:[^"]*)"[~*]?|\(|\)|[^\s()"]+|")')
_OPERATORS: Final = ("AND", "OR", "NOT")
_QUOTED: Final = re.compile(r'"[^"]*"')
_DEEPEST: Final = 20


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase as written, without quotes; `word~` stands for its forms, `word*` for what starts so."""

    text: str


@dataclass(frozen=True, slots=True)
class Both:
    """All parts must hold."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One part is enough."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """The part must not hold."""

    part: Expression


Expression = Term | Both | Either | Without


def read_keyword(text: str) -> Expression:
    """Read a keyword: a word or phrase, or an expression when it holds AND, OR or NOT in capitals outside quotes.

    NOT binds tightest, then AND, then OR; words side by side are a phrase, and `a NOT b` is `a AND NOT b`.

    Raises:
        ValueError: it cannot be read, or names nothing that must be there.
    """
    if not any(word.strip("()") in _OPERATORS for word in _QUOTED.sub(" ", text).split()):
        bare = text.strip()
        return Term(bare[1:-1] if _QUOTED.fullmatch(bare) else bare)
    found = _Parser([match[1] for match in _TOKEN.finditer(text)]).whole()
    if not all(must for must, _ in cases(found)):
        raise ValueError("nothing that must be there; write what must, and what must not into not_keywords")
    return found


class _Parser:
    """Recursive descent over tokens."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        found = self._either()
        if self._peek():
            raise ValueError("a bracket that was never opened; remove it, or open one")
        return found

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, token: str) -> bool:
        if self._peek() != token:
            return False
        self._at += 1
        return True

    def _either(self) -> Expression:
        parts = [self._both()]
        while self._take("OR"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Expression:
        parts = [self._single()]
        while self._take("AND") or self._peek() == "NOT":
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _single(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("nested too deeply; write it as several keywords")
        try:
            if self._take("NOT"):
                return Without(self._single())
            if self._take("("):
                found = self._either()
                if not self._take(")"):
                    raise ValueError("a bracket that is never closed; close it")
                return found
            return self._phrase()
        finally:
            self._depth -= 1

    def _phrase(self) -> Expression:
        words: list[str] = []
        while (word := self._peek()) and word not in ("(", ")", *_OPERATORS):
            if word == '"':
                raise ValueError("a quote that is never closed; close it")
            words.append(word.replace('"', ""))
            self._at += 1
        if not any(words):
            before = self._tokens[self._at - 1] if self._at else ""
            where = f"after {before}" if before in (*_OPERATORS, "(") else "before " + (self._peek() or "its end")
            raise ValueError(f"without a word {where}; write one there")
        if self._peek() == "(":
            raise ValueError("without AND or OR before a bracket; write one there")
        return Term(" ".join(words))


def terms(expression: Expression) -> Iterator[Term]:
    """Name all terms of an expression, as often as they stand there."""
    if isinstance(expression, Term):
        yield expression
    elif isinstance(expression, Without):
        yield from terms(expression.part)
    else:
        for part in expression.parts:
            yield from terms(part)


Case = tuple[frozenset[str], frozenset[str]]
"""Texts of terms that must all be present, and of those of which none may be."""
MOST_CASES: Final = 100


def cases(expression: Expression) -> list[Case]:
    """The cases of which one must be so for an expression to hold: its disjunctive normal form.

    Raises:
        ValueError: there are more than `MOST_CASES`.
    """
    return _cases(expression, wanted=True)


def _cases(expression: Expression, *, wanted: bool) -> list[Case]:
    nothing: frozenset[str] = frozenset()
    if isinstance(expression, Term):
        one = frozenset([expression.text])
        return [(one, nothing) if wanted else (nothing, one)]
    if isinstance(expression, Without):
        return _cases(expression.part, wanted=not wanted)
    parts = [_cases(part, wanted=wanted) for part in expression.parts]
    if isinstance(expression, Either) == wanted:
        return [case for part in parts for case in part]
    found: list[Case] = [(nothing, nothing)]
    for part in parts:
        found = [(must | more, never | less) for must, never in found for more, less in part]
        if len(found) > MOST_CASES:
            raise ValueError("too many brackets of OR side by side; write it as several keywords")
    return found


def holds(expression: Expression, present: Container[str]) -> bool:
    """Whether an expression holds, given the texts of the terms that are present."""
    if isinstance(expression, Term):
        return expression.text in present
    if isinstance(expression, Without):
        return not holds(expression.part, present)
    results = (holds(part, present) for part in expression.parts)
    return all(results) if isinstance(expression, Both) else any(results)


FACTS: Final = ("rating", "rating_action", "price_target", "target_change_pct", "currency", "move_pct", "amounts")
"""Names of the facts that the tagger reads."""
_NUMBERS: Final = ("price_target", "target_change_pct", "move_pct", "amounts")
_SIGNS: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}
_SCALES: Final = {"": 1.0, "k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "b": 1e9, "tn": 1e12, "%": 1.0}
_COMPARED: Final = re.compile(
    r"(<=|>=|<|>|=)\s*(-?\d[\d,]*(?:\.\d+)?)\s*(k|mn?|bn?|tn|%)?(?:\s*\b([A-Z]{3}))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One alternative of a test of a fact: `any`, a text, or a sign with a number and perhaps a currency."""

    sign: str
    number: float = 0.0
    text: str = ""
    currency: str = ""

    def fits(self, value: Any, currency: str) -> bool:
        """Whether a stated value passes."""
        if self.sign == "any":
            return True
        if self.sign == "is":
            return str(value).casefold() == self.text
        if self.currency and self.currency != currency:
            return False
        return bool(_SIGNS[self.sign](float(value), self.number))


def read_fact(name: str, text: str) -> tuple[Comparison, ...]:
    """Read the test of a fact: alternatives parted by "or".

    Raises:
        ValueError: it cannot be read.
    """
    found = []
    for part in re.split(r"\s+or\s+", text.strip()):
        compared = _COMPARED.fullmatch(part)
        if part.casefold() == "any":
            found.append(Comparison("any"))
        elif compared and name in _NUMBERS:
            sign, number, scale, currency = compared.groups()
            value = float(number.replace(",", "")) * _SCALES[scale or ""]
            found.append(Comparison(sign, value, currency=currency or ""))
        elif name in _NUMBERS:
            raise ValueError('no comparison; write one such as ">5", "<-3 or >3", ">1bn USD" or any')
        elif not part or part[0] in "<>=":
            raise ValueError('no text; write one such as "buy", "upgrade or initiate" or any')
        else:
            found.append(Comparison("is", text=part.casefold()))
    return tuple(found)


def fact_holds(name: str, tests: tuple[Comparison, ...], facts: Mapping[str, Any]) -> bool:
    """Whether a fact is stated and one of the alternatives fits it; of several amounts, one is enough."""
    value = facts.get(name)
    if value is None:
        return False
    if name == "amounts":
        return any(test.fits(a["value"], a.get("currency") or "") for a in value for test in tests)
    return any(test.fits(value, facts.get("currency") or "") for test in tests)
