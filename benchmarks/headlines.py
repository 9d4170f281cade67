"""Made-up finance headlines for benchmarks: of usual length and mix, always the same for the same seed."""

from __future__ import annotations

import random

COMPANIES = (
    "Apple", "Microsoft", "Bank of America", "Toyota", "Volkswagen", "Tata Motors", "Xiaomi", "Shell", "Nvidia",
    "Pfizer", "Rio Tinto", "Siemens", "Walmart", "HSBC", "Ford", "Intel", "Nestle", "Samsung Electronics", "BP", "Visa",
)  # fmt: skip
BROKERS = ("Jefferies", "Morgan Stanley", "Barclays", "UBS", "Citi")
TITLES = (
    "{a} shares rise {n}% after {b} lifts price target to ${m}",
    "{a} cuts full-year outlook as demand in China slows",
    "{a} to buy {c} unit for ${n}.{m} billion in cash",
    "{a} beats quarterly profit estimates, raises dividend by {n}%",
    "Regulator opens probe into {a} over data handling",
    "{a} names former {c} executive as chief financial officer",
    "UPDATE 2-{a} recalls {m},000 vehicles on brake defect",
    "{a} and {c} sign {n}-year supply contract",
    "{b} starts {a} at Buy, sees {m}% upside",
    "Stocks to watch: {a}, {c} and others ahead of the Fed's decision",
    "{a} plans to cut {m}00 jobs in restructuring of its European operations",
    "{a} prices ${m}0 million convertible notes offering",
)
SUMMARIES = (
    "",
    "The company said on {day} that it expects revenue between ${n} billion and ${m} billion this year.",
    "Shares of {a} were last up {n}% in {day} trading, while {c} was little changed. Analysts at {b} called the "
    "step overdue and kept their rating.",
    "{a} did not reply to a request for comment. Its rival {c} reports results next week, and investors look for "
    "signs that margins have stopped falling after a year of rising costs for energy, freight and wages.",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


def headlines(count: int, seed: int = 7) -> list[tuple[str, str]]:
    """Make `count` pairs of title and summary, without two alike in a row of a few hundred."""
    chance = random.Random(seed)
    return [_one(chance) for _ in range(count)]


def _one(chance: random.Random) -> tuple[str, str]:
    first, second = chance.sample(COMPANIES, 2)
    words = {"a": first, "c": second, "b": chance.choice(BROKERS), "day": chance.choice(DAYS)}
    words |= {"n": str(chance.randint(2, 9)), "m": str(chance.randint(11, 99))}
    return chance.choice(TITLES).format(**words), chance.choice(SUMMARIES).format(**words)
