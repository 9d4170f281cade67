"""Whether two texts contradict each other. Compared as sets: what only one of them says is no contradiction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from functools import lru_cache
from itertools import pairwise

from alertd.stories.figures import Facts
from alertd.stories.words import POLES


def clash(a: Facts, b: Facts) -> str:
    """Say what two texts contradict each other in, or "".

    Numbers that are only written otherwise, or rounded ("4.7 bln", "4.68 billion"), are equal.
    """
    return (
        _figures_clash(a.figures, b.figures)
        or _periods_clash(a.periods, b.periods)
        or _directions_clash(a.directions, b.directions)
        or _names_clash(a.names, b.names)
    )


def opposite_words(a: Set[str], b: Set[str]) -> str:
    """Say where two headlines have exchanged a word for its opposite ("opens" for "closes"), or ""."""
    gone = {POLES[w][0]: (w, POLES[w][1]) for w in sorted(a - b) if w in POLES}
    for word in sorted(b - a):
        axis, sign = POLES.get(word, ("", 0))
        if axis in gone and gone[axis][1] == -sign:
            return f"direction: {gone[axis][0]} against {word}"
    return ""


def new_figures(known: Iterable[str], said: Iterable[str]) -> tuple[str, ...]:
    """The figures of `said` that `known` does not hold in any spelling; bare counts are not news."""
    known = tuple(known)
    return tuple(f for f in said if " " in f and not any(_equal(f, k) for k in known))


def superseded(known: Iterable[str], said: Iterable[str]) -> tuple[str, ...]:
    """The known figures that stay when a correction says others: those of kinds for which it has none of its own."""
    said, known = tuple(said), tuple(known)
    corrected = {_kind(f) for f in said if not any(_equal(f, k) for k in known)}
    return tuple(k for k in known if _kind(k) not in corrected or any(_equal(k, f) for f in said))


def _figures_clash(a: Sequence[str], b: Sequence[str]) -> str:
    # most figures that are equal are written alike, and an article is held against dozens
    only_a = [f for f in a if f not in b and not any(_equal(f, g) for g in b)]
    only_b = [f for f in b if f not in a and not any(_equal(f, g) for g in a)]
    for f in only_a:
        for g in only_b:
            if _kind(f) == _kind(g):
                return f"number: {f} against {g}"
    return ""


def _kind(figure: str) -> str:
    unit = figure.partition(" ")[2]
    return unit if unit in ("", "%") else "money"


@lru_cache(maxsize=4_096)
def _equal(a: str, b: str) -> bool:
    (x, unit), (y, other) = _parts(a), _parts(b)
    if unit != other and unit and other and not (_dollars(unit) and _dollars(other)):
        return False
    if "%" in (unit, other) and unit != other:
        return False
    return x == y or _rounded(a.partition(" ")[0], b.partition(" ")[0])


def _parts(figure: str) -> tuple[float, str]:
    number, _, unit = figure.partition(" ")
    return float(number), unit


def _dollars(unit: str) -> bool:
    return unit == "$" or unit in ("usd", "hkd", "cad", "aud", "sgd", "nzd", "twd", "brl")


def _rounded(a: str, b: str) -> bool:
    """Whether the shorter of two large numbers is the longer one rounded (at least two digits of it)."""
    (x, _, power), (y, _, other) = a.partition("e"), b.partition("e")
    if not power or power != other:
        return False
    short, long = sorted((x, y), key=lambda n: len(n.replace(".", "")))
    digits = len(short.partition(".")[2])
    return len(short.replace(".", "")) >= 2 and round(float(long), digits) == float(short)


def _periods_clash(a: Sequence[str], b: Sequence[str]) -> str:
    for kind in dict.fromkeys(p.split()[0] for p in a):
        x = {p for p in a if p.startswith(f"{kind} ")}
        y = {p for p in b if p.startswith(f"{kind} ")}
        if x - y and y - x:
            return f"period: {min(x - y)} against {min(y - x)}"
    return ""


def _directions_clash(a: Sequence[str], b: Sequence[str]) -> str:
    if ("turn" in a) != ("turn" in b):
        return "direction: one is negated"
    for axis in dict.fromkeys(d[:-1] for d in a if d != "turn"):
        x = [d for d in a if d[:-1] == axis]
        y = [d for d in b if d[:-1] == axis]
        if x and y and not _within(x, y) and not _within(y, x):
            return f"direction: {' '.join(x)} against {' '.join(y)}"
    return ""


def _within(short: Sequence[str], long: Sequence[str]) -> bool:
    rest = iter(long)
    return all(d in rest for d in short)


def _names_clash(a: Sequence[str], b: Sequence[str]) -> str:
    only_a, only_b = _apart(a, b)
    if only_a and only_b and "".join(only_a) != "".join(only_b):
        return f"name: {only_a[0]} against {only_b[0]}"
    return ""


def alike_names(a: Facts, b: Facts) -> str:
    """Say which names of two headlines are alike and yet not one ("Moor" and "Moore"), or ""."""
    only_a, only_b = _apart(a.names, b.names)
    for x in only_a:
        for y in only_b:
            close = x[:3] == y[:3] and min(len(x), len(y)) > 3 and abs(len(x) - len(y)) <= 2
            if close and x.rstrip("s") != y.rstrip("s"):
                return f"name: {x} against {y}"
    return ""


def _apart(a: Sequence[str], b: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names that only one side has; a name written together or apart ("DeepMind", "Deep Mind") is one."""
    joined_a, joined_b = _joined(a), _joined(b)
    only_a = [n for n in a if n not in b and n not in joined_b]
    only_b = [n for n in b if n not in a and n not in joined_a]
    return [n for n in only_a if "".join(only_b) != n], [n for n in only_b if "".join(only_a) != n]


def _joined(names: Sequence[str]) -> set[str]:
    return {x + y for x, y in pairwise(names)}
