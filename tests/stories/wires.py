"""Wire stories written for these tests: an original, its copies as outlets syndicate them, and look-alikes."""

from __future__ import annotations

from dataclasses import dataclass

from alertd.articles import Entry

NOW = 1_772_445_600.0


@dataclass(frozen=True)
class Wire:
    """One event: (title, summary, outlet) of the original, of its copies, and of other events in the same words."""

    original: tuple[str, str, str]
    copies: tuple[tuple[str, str, str], ...]
    others: tuple[tuple[str, str, str], ...]


def entry(title: str, summary: str = "", source: str = "Reuters", url: str = "", published: float = NOW) -> Entry:
    return Entry("feed", "", url, title, summary, "", source, published, "published")


WIRES = (
    Wire(
        (
            "Northwind Motors second-quarter profit rises 12% on van sales",
            "OSLO, July 18 (Reuters) - Northwind Motors reported a 12% rise in second-quarter operating profit "
            "on Friday, "
            "helped by sales of its electric vans in Germany. Operating profit was 4.7 billion crowns, up from 4.2 "
            "billion crowns a year earlier. \"We are pleased with demand,\" chief executive Kari Holm said.",
            "Reuters",
        ),
        (
            (
                "UPDATE 2-Northwind Motors second-quarter profit rises 12% on van sales",
                "July 18 (Reuters) - Northwind Motors reported a 12% rise in second-quarter operating profit on "
                "Friday, "
                "helped by sales of its electric vans in Germany. Operating profit was 4.7 bln crowns",
                "MarketScreener",
            ),
            (
                "Northwind Motors Second-Quarter Profit Rises 12% on Van Sales - Yahoo Finance",
                "By Lena Dahl\nNorthwind Motors reported a 12 percent rise in second-quarter operating profit on "
                "Friday, "
                "helped by sales of its electric vans in Germany. Operating profit was 4.7 billion crowns, up from 4.2 "
                "billion crowns a year earlier. \u201cWe are pleased with demand,\u201d chief executive Kari Holm "
                "said. "
                "(Reporting by Lena Dahl; editing by Tom Reed)",
                "Yahoo Finance",
            ),
            ("Northwind Motors second-quarter profit rises 12% on van sales | The Local Post", "", "The Local Post"),
            (
                "Northwind Motors second-quarter profit rises 12% on van sales",
                "Northwind Motors reported a 12% rise in second-quarter operating profit on Friday, helped by sales "
                "of its…",
                "City Times",
            ),
        ),
        (
            (
                "Northwind Motors third-quarter profit rises 12% on van sales",
                "OSLO, Oct 18 (Reuters) - Northwind Motors reported a 12% rise in third-quarter operating profit on "
                "Friday, "
                "helped by sales of its electric vans in Germany. Operating profit was 4.9 billion crowns.",
                "Reuters",
            ),
            ("Northwind Motors second-quarter profit falls 12% on van sales", "", "Reuters"),
            ("Northwind Motors second-quarter profit rises 15% on van sales", "", "Reuters"),
            ("Northwind Marine second-quarter profit rises 12% on van sales", "", "Reuters"),
            (
                "Northwind Motors second-quarter loss rises 12% on van sales",
                "",
                "Reuters",
            ),
        ),
    ),
    Wire(
        (
            "Hearthstone Foods agrees to buy Bellamy Snacks for $1.9 billion",
            "Hearthstone Foods said on Monday it agreed to buy Bellamy Snacks for $1.9 billion in cash, adding "
            "crackers "
            "and nuts to its shelf of breakfast brands. The deal is expected to close by the end of the year.",
            "AP",
        ),
        (
            (
                "BREAKING: Hearthstone Foods agrees to buy Bellamy Snacks for $1.9 bln",
                "CHICAGO (AP) — Hearthstone Foods said on Monday it agreed to buy Bellamy Snacks for $1.9 billion in "
                "cash, "
                "adding crackers and nuts to its shelf of breakfast brands.",
                "WGN",
            ),
            ("Hearthstone Foods agrees to buy Bellamy Snacks for US$1.9 billion - CNBC", "", "CNBC"),
        ),
        (
            ("Hearthstone Foods agrees to buy Bellamy Snacks for $2.4 billion", "", "AP"),
            ("Hearthstone Foods agrees to sell Bellamy Snacks for $1.9 billion", "", "AP"),
            ("Hearthstone Foods agrees to buy Barlow Snacks for $1.9 billion", "", "AP"),
            ("Hearthstone Foods will not buy Bellamy Snacks for $1.9 billion", "", "AP"),
        ),
    ),
    Wire(
        (
            "Jarvis & Cole raises Polar Semiconductor to buy, price target to $210",
            "Jarvis & Cole upgraded Polar Semiconductor to \"buy\" from \"hold\" and raised its price target to "
            "$210 from "
            "$165, citing orders for memory chips.",
            "Benzinga",
        ),
        (
            (
                "Jarvis & Cole raises Polar Semiconductor to 'buy', price target to $210 - MarketWatch",
                "Jarvis & Cole upgraded Polar Semiconductor to 'buy' from 'hold' and raised its price target to $210 "
                "from "
                "$165, citing orders …",
                "MarketWatch",
            ),
        ),
        (
            (
                "Jarvis & Cole raises Polar Semiconductor to buy, price target to $240",
                "Jarvis & Cole upgraded Polar Semiconductor to \"buy\" from \"hold\" and raised its price target to "
                "$240 "
                "from $165, citing orders for memory chips.",
                "Benzinga",
            ),
            ("Jarvis & Cole raises Solar Semiconductor to buy, price target to $210", "", "Benzinga"),
            ("Jarvis & Cole cuts Polar Semiconductor to sell, price target to $210", "", "Benzinga"),
        ),
    ),
    Wire(
        (
            "Regulator opens probe into Meridian Airways over cancelled flights",
            "The transport regulator opened an investigation into Meridian Airways after it cancelled 340 "
            "flights in May.",
            "Reuters",
        ),
        (
            (
                "EXCLUSIVE-Regulator opens probe into Meridian Airways over cancelled flights",
                "LONDON, June 2 (Reuters) - The transport regulator opened an investigation into Meridian Airways "
                "after it "
                "cancelled 340 flights in May, two people said.",
                "Reuters",
            ),
        ),
        (
            ("Regulator closes probe into Meridian Airways over cancelled flights", "", "Reuters"),
            (
                "Regulator opens probe into Meridian Airways over cancelled flights",
                "The transport regulator opened an investigation into Meridian Airways after it cancelled 510 "
                "flights in "
                "June.",
                "Reuters",
            ),
        ),
    ),
)  # fmt: skip
