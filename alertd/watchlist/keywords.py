"""Keywords in a text: whole words and phrases, in any case, found by their first word instead of one by one."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator

_WORD = re.compile(r"\w+")
# Scripts that do not part words by spaces: there a keyword may stand anywhere.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


def fold(text: str) -> str:
    """Return a text as keywords are compared: NFKC, case folded, plain quotes, single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'").replace("\u2018", "'")
    return " ".join(folded.split())


class Keywords:
    """An index of keywords, each with the numbers of the rules that want it.

    Args:
        wanted: (rule's number, keyword) pairs.
    """

    def __init__(self, wanted: Iterable[tuple[int, str]]) -> None:
        rules: dict[str, list[int]] = defaultdict(list)
        self._said: dict[str, str] = {}
        for rule, keyword in wanted:
            folded = fold(keyword)
            if folded:
                rules[folded].append(rule)
                self._said.setdefault(folded, keyword)
        self._rules = dict(rules)
        self._by_word: dict[str, list[tuple[str, re.Pattern[str]]]] = defaultdict(list)
        self._anywhere: list[str] = []
        for folded in self._rules:
            word = _WORD.search(folded)
            if word is None or _UNSPACED.search(folded):
                self._anywhere.append(folded)
            else:
                self._by_word[word.group()].append((folded, re.compile(rf"(?<!\w){re.escape(folded)}(?!\w)")))

    def __bool__(self) -> bool:
        return bool(self._rules)

    def find(self, folded: str) -> dict[int, str]:
        """Return, for every rule with a keyword in a text that `fold` made, the first of its keywords as written."""
        found: dict[int, str] = {}
        for keyword in self._present(folded):
            for rule in self._rules[keyword]:
                found.setdefault(rule, self._said[keyword])
        return found

    def _present(self, folded: str) -> Iterator[str]:
        if self._by_word:
            for word in dict.fromkeys(_WORD.findall(folded)):
                for keyword, pattern in self._by_word.get(word, ()):
                    if pattern.search(folded):
                        yield keyword
        for keyword in self._anywhere:
            if keyword in folded:
                yield keyword
