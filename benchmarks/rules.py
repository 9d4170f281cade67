"""Cost of matching one article against a watchlist, beside a plain loop over its rules, which gives the same answer.

Watchlist and articles are made up, by a fixed seed: most rules name one to four companies out of those known, a tenth
name none and go by keyword or by sector. In articles companies follow Zipf's law: the first is in the news
a thousand times as often as the thousandth; in rules less steeply. Timed is all of `match`: folding the text, finding
keywords, matching. The reason of a match, or what stopped a rule that came near, is worded when it is asked for.
"""

from __future__ import annotations

import argparse
import bisect
import itertools
import random
import time
from collections.abc import Callable, Sequence

from alertd.articles import Article, Company, Entry, Event, Placement, Role, Sentiment, SentimentLabel, Story, Tags
from alertd.collecting import look_seldom
from alertd.config import Watchlist
from alertd.config.watchlist import RuleDefaults
from alertd.sectors import COUNTRIES, SECTORS
from alertd.taxonomy import EVENT_TYPES
from alertd.watchlist.conditions import stops
from alertd.watchlist.nearness import sights
from alertd.watchlist.rules import ResolvedCompany, RuleBook, compile_rules, match, said_in
from benchmarks import Result
from benchmarks.headlines import headlines
from benchmarks.tagging import percentile

SEED = 20_260
STEEP_RULES = 0.3
"""Desks follow large companies more often than small ones, but not as steeply as the news does."""
WORDS: Sequence[str] = """
recall probe lawsuit strike outage tariff merger dividend buyback upgrade downgrade guidance forecast chip
battery refinery pipeline vaccine trial patent breach ransomware layoffs union mine copper lithium wheat rates
inflation bond default loan audit fraud spin-off listing flotation subsidy export sanctions port freight
airline satellite
""".split()  # noqa: SIM905 - a list of its own would take a page
ROLES: tuple[Role, ...] = ("subject", "source", "passing")
LABELS = ("negative", "neutral", "positive")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rules", type=int, default=0, help="number of rules (default 1000, tiny 60)")
    parser.add_argument("--companies", type=int, default=0, help="number of companies (default 5000, tiny 200)")
    parser.add_argument("--articles", type=int, default=0, help="number of articles (default 20000, tiny 200)")


class Zipf:
    """Draws numbers below a count, the first ones most often: number n with a weight of 1/n to the power of `steep`."""

    def __init__(self, count: int, rng: random.Random, steep: float = 1.0) -> None:
        self._sums = list(itertools.accumulate(rank**-steep for rank in range(1, count + 1)))
        self._rng = rng

    def draw(self) -> int:
        return bisect.bisect_left(self._sums, self._rng.random() * self._sums[-1])

    def some(self, many: int) -> list[int]:
        found: dict[int, None] = {}
        while len(found) < many:
            found[self.draw()] = None
        return list(found)


def watchlist(count: int, companies: int, rng: random.Random) -> Watchlist:
    """Make a watchlist; every tenth rule goes by keyword or sector."""
    zipf = Zipf(companies, rng, STEEP_RULES)
    rules = []
    for number in range(count):
        rule: dict[str, object] = {"name": f"rule {number}"}
        if number % 20 == 0:
            rule["keywords"] = [
                rng.choice((
                    rng.choice(WORDS), f"{rng.choice(WORDS)}~", f"{rng.choice(WORDS)} AND {rng.choice(WORDS)}",
                    f"({rng.choice(WORDS)} OR {rng.choice(WORDS)}) AND NOT {rng.choice(WORDS)}",
                ))
                for _ in range(rng.randint(1, 3))
            ]  # fmt: skip
        elif number % 20 == 10:
            rule["sectors"] = rng.sample(SECTORS, rng.randint(1, 2))
            rule["events"] = rng.sample(EVENT_TYPES, rng.randint(1, 2))
        else:
            rule["companies"] = [f"C{n}" for n in zipf.some(rng.randint(1, 4))]
        if rng.random() < 0.8 and "events" not in rule:
            rule["events"] = rng.sample(EVENT_TYPES, rng.randint(1, 3))
        if rng.random() < 0.5:
            rule["sentiment"] = [rng.choice(LABELS)]
        if rng.random() < 0.1:
            rule["min_sentiment"] = round(rng.uniform(-1, 0.5), 2)
        if rng.random() < 0.1:
            rule["not_sources"] = [f"Outlet {rng.randrange(40)}"]
        if rng.random() < 0.1:
            rule["not_keywords"] = [rng.choice(WORDS)]
        if rng.random() < 0.05:
            rule["facts"] = {"move_pct": f">{rng.randint(1, 9)}"}
        rule["min_novelty"] = rng.choice((0.0, 0.0, 0.3, 0.5))
        rule["min_confidence"] = rng.choice((0.5, 0.6, 0.8))
        rules.append(rule)
    found = Watchlist.model_validate({"rules": rules})
    inherited = RuleDefaults()
    return found.model_copy(update={"rules": tuple(rule.with_defaults(inherited) for rule in found.rules)})


def articles(count: int, companies: int, rng: random.Random) -> list[tuple[Article, Tags, Placement]]:
    """Make tagged articles with one to three companies each."""
    zipf = Zipf(companies, rng)
    found = []
    for number, (title, summary) in enumerate(headlines(count, seed=SEED)):
        named = tuple(
            Company(
                f"C{n}", (f"C{n}",), f"Company {n}", rng.choices(ROLES, (8, 1, 1))[0],
                round(rng.uniform(0.3, 1), 2), _mood(rng), (), f"i:C{n}",
            )
            for n in zipf.some(rng.randint(1, 3))
        )  # fmt: skip
        kinds = rng.sample(EVENT_TYPES, rng.randint(1, 2))
        events = tuple(Event(kind, round(rng.uniform(0.4, 1), 2)) for kind in kinds)
        facts = {"move_pct": round(rng.uniform(-9, 9), 1)} if rng.random() < 0.2 else {}
        text = f"{summary} {' '.join(rng.sample(WORDS, rng.randint(0, 2)))}"
        entry = Entry("wire", "", f"https://example.com/{number}", title, text, "", f"Outlet {rng.randrange(40)}", 0.0)
        story = Story(f"{number}-0", title, (), 1, 1, (), (), (), 0, 0.0, 0.0)
        found.append((
            Article(f"{number}-0", entry, 0.0), Tags(named, events, _mood(rng), "en", facts),
            Placement(story, "first", rng.choice((1.0, 0.6, 0.2)), ""),
        ))  # fmt: skip
    return found


def _mood(rng: random.Random) -> Sentiment:
    score = rng.uniform(-1, 1)
    label: SentimentLabel = "negative" if score < -0.3 else "positive" if score > 0.3 else "neutral"
    return Sentiment(label, round(score, 2), 0.3, 0.4, 0.3)


def compiled(rules: Watchlist) -> RuleBook:
    """Compile a made-up watchlist."""

    def profile(issuer: str) -> tuple[str, str]:
        number = int(issuer[3:])
        return SECTORS[number % len(SECTORS)], COUNTRIES[number % len(COUNTRIES)]

    return compile_rules(rules, lambda name: ResolvedCompany(f"i:{name}", name, (name,), name), profile)


def run(options: argparse.Namespace) -> Result:
    count = options.rules or (60 if options.tiny else 1000)
    companies = options.companies or (200 if options.tiny else 5000)
    many = options.articles or (200 if options.tiny else 20_000)
    rng = random.Random(SEED)
    book = compiled(watchlist(count, companies, rng))
    given = articles(many, companies, rng)
    fired: list[int] = []
    look_seldom()  # as the daemon does once all is built
    for article, tags, placement in given[: many // 10]:
        match(book, article, tags, placement)
    ours = _each(given, lambda a, t, p: fired.append(len(match(book, a, t, p).fired)))
    # what a busy machine adds to the clock on the wall is none of ours
    own = _each(given, lambda a, t, p: match(book, a, t, p), time.thread_time_ns)
    sample = given[: max(20, many // 100)]
    loops: list[int] = []
    loop = _each(sample, lambda a, t, p: loops.append(_loop(book, a, t, p)))
    if loops != fired[: len(loops)]:
        raise AssertionError("the index and the plain loop disagree")
    rows = [
        (name, f"{sum(took) / len(took):.1f}", *(f"{percentile(took, share):.1f}" for share in (0.5, 0.99)))
        for name, took in (
            ("alertd, index", ours),
            ("alertd, time on the processor", own),
            ("plain loop over rules", loop),
        )
    ]
    share = sum(n > 0 for n in fired) / many
    figures = {
        "p99_us": round(percentile(ours, 0.99), 1), "p50_us": round(percentile(ours, 0.5), 1), "rules": count,
        "companies": companies, "fired_share": round(share, 4), "fired_mean": round(sum(fired) / many, 2),
        "loop_p99_us": round(percentile(loop, 0.99), 1), "cpu_p99_us": round(percentile(own, 0.99), 1),
    }  # fmt: skip
    note = f"{many} articles, {share:.0%} fire, {max(fired)} rules at most; the loop agreed on {len(sample)} of them"
    return Result(("microseconds an article", "mean", "p50", "p99"), tuple(rows), figures, note)


def _each(
    given: list[tuple[Article, Tags, Placement]], work: Callable[[Article, Tags, Placement], object],
    clock: Callable[[], int] = time.perf_counter_ns,
) -> list[float]:  # fmt: skip
    took = []
    for article, tags, placement in given:
        began = clock()
        work(article, tags, placement)
        took.append((clock() - began) / 1000)
    return took


def _loop(book: RuleBook, article: Article, tags: Tags, placement: Placement) -> int:
    """Try rule after rule, condition after condition; returns for how many companies rules fire."""
    present = said_in(book, article)
    found = 0
    for number, rule in enumerate(book.rules):
        looks = sights(book, number, article, tags, placement, present)
        found += sum(stops(rule, sight) is None for sight in looks)
    return found
