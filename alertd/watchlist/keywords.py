"""Keywords in a text: whole words, phrases and expressions, in any case, found by their first word, not one by one."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Container, Iterable, Set
from functools import lru_cache

from alertd.expressions import Case, Expression, Term, cases, holds, read_keyword, terms
from alertd.watchlist.wordforms import forms

_WORD = re.compile(r"\w+")
_LOWER = bytes(ord(chr(n).lower()) if chr(n).isalnum() or chr(n) == "_" else 32 for n in range(128)).ljust(256)
_MARKED = re.compile(r"(\w{2,})([~*])")
_LEAST = 3
"""Letters before a `*`: it is by them that what starts so is found."""
# Scripts that do not part words by spaces: there a keyword may stand anywhere.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


def fold(text: str) -> str:
    """Return a text as keywords are compared: NFKC, case folded, plain quotes, single spaces."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("\u2019", "'").replace("\u2018", "'")
    return " ".join(text.casefold().split())


def words_of(text: str) -> set[str]:
    """The words of a text as keywords are compared; most texts are ASCII, which goes faster."""
    if text.isascii():
        return set(text.encode("ascii").translate(_LOWER).decode("ascii").split())
    return set(_WORD.findall(fold(text)))


@lru_cache(maxsize=4096)
def fold_name(name: str) -> str:
    """`fold` for names of outlets, which come again and again."""
    return fold(name)


class Keywords:
    """An index of keywords, each with the number of the rule that wants it.

    Args:
        wanted: (rule's number, keyword as written) pairs; one keyword of a rule is enough.

    Raises:
        ValueError: a keyword cannot be read.
    """

    def __init__(self, wanted: Iterable[tuple[int, str]]) -> None:
        self._items: dict[int, list[tuple[str, Expression]]] = defaultdict(list)
        self._simple: dict[str, int] = defaultdict(int)
        self._touched: dict[str, list[tuple[int, Case]]] = defaultdict(list)
        everything: dict[str, None] = {}
        for rule, keyword in wanted:
            expression = read_keyword(keyword)
            if isinstance(expression, Term):
                if not fold(expression.text):
                    continue
                self._simple[expression.text] |= 1 << rule
            else:
                for must, must_not in cases(expression):
                    # one term of each case leads to it
                    self._touched[max(must, key=len)].append((1 << rule, (must, must_not)))
            self._items[rule].append((keyword, expression))
            everything.update((term.text, None) for term in terms(expression))
        self._words: dict[str, list[tuple[str, re.Pattern[str] | None]]] = defaultdict(list)
        self._starts: dict[str, list[tuple[str, re.Pattern[str] | None]]] = defaultdict(list)
        self._anywhere: list[tuple[str, str]] = []
        for text in everything:
            self._file(text, fold(text))
        self._known = frozenset(self._words)

    def _file(self, text: str, folded: str) -> None:
        first = _WORD.search(folded)
        if first is None or _UNSPACED.search(folded):
            self._anywhere.append((text, folded))
            return
        pattern = re.compile(rf"(?<!\w){' '.join(_piece(piece) for piece in folded.split(' '))}(?!\w)")
        marked = _MARKED.fullmatch(folded.partition(" ")[0])
        if marked and marked[2] == "*" and len(marked[1]) >= _LEAST:
            self._starts[marked[1][:_LEAST]].append((text, pattern))
        elif marked and marked[2] == "~":
            whole = marked.group() == folded
            for form in forms(marked[1]):
                self._words[form].append((text, None if whole else pattern))
        else:
            # a single word needs no second look
            self._words[first.group()].append((text, None if first.group() == folded else pattern))

    def __bool__(self) -> bool:
        return bool(self._items)

    def present(self, text: str) -> set[str]:
        """The texts of all terms that are in a text."""
        words = words_of(text)
        found = [self._words[word] for word in words & self._known]
        if self._starts:
            found += [self._starts[s] for s in self._starts.keys() & {word[:_LEAST] for word in words}]
        present: set[str] = set()
        if not found and not self._anywhere:
            return present
        folded = ""
        for filed in found:
            for term, pattern in filed:
                if pattern is not None:
                    # only phrases need the whole text, and few articles come near one
                    folded = folded or fold(text)
                    if not pattern.search(folded):
                        continue
                present.add(term)
        if self._anywhere:
            folded = folded or fold(text)
            present.update(term for term, keyword in self._anywhere if keyword in folded)
        return present

    def matching(self, present: Set[str]) -> int:
        """The rules, as bits, of which a keyword holds given the terms that are present."""
        found = 0
        simple, touched = self._simple, self._touched
        for text in present:
            if text in simple:
                found |= simple[text]
            if text in touched:
                for bit, (must, must_not) in touched[text]:
                    if must <= present and must_not.isdisjoint(present):
                        found |= bit
        return found

    def said(self, rule: int, present: Container[str]) -> str:
        """The first keyword of a rule that holds, as written; "" when none does."""
        items = self._items.get(rule, ())
        return next((keyword for keyword, expression in items if holds(expression, present)), "")


def _piece(piece: str) -> str:
    marked = _MARKED.fullmatch(piece)
    if marked is None:
        return re.escape(piece)
    word, mark = marked.groups()
    if mark == "~":
        return f"(?:{'|'.join(forms(word))})"
    return re.escape(word) + r"\w*" if len(word) >= _LEAST else re.escape(piece)
