"""Five variants of the reference case with other issuers, brokers and directions. Kept out of all training data.

Each has what makes the reference hard: a broker that is listed itself and only speaks, a sentence about the past that
is no event of today, and a disclaimer at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

from alertd.articles import SentimentLabel


@dataclass(frozen=True)
class Variant:
    """An article and what a tagger must say of it.

    Attributes:
        issuer: symbols of its subject, any of which a user may watch.
        broker: symbol of the source.
        events: types that it must have.
        not_events: types of its background or boilerplate, which it must not have.
    """

    id: str
    title: str
    summary: str
    issuer: tuple[str, ...]
    broker: str
    events: tuple[str, ...]
    not_events: tuple[str, ...]
    sentiment: SentimentLabel


VARIANTS = (
    Variant(
        id="schneider-upgrade",
        title="Schneider Electric leads Paris gainers after Barclays upgrade to overweight",
        summary=(
            "PARIS - Schneider Electric shares added 3.4% in morning trade after Barclays raised its recommendation "
            "to overweight from equal weight and moved its price target up to 280 euros from 235 euros. The bank's "
            "analysts said that orders from data-centre operators were being underestimated. The French group had "
            "raised 750 million euros with a convertible bond late last year. This article is provided for "
            "information purposes only and does not constitute investment advice."
        ),
        issuer=("SU.PA",),
        broker="BARC.L",
        events=("analyst_rating",),
        not_events=("debt_credit", "equity_offering"),
        sentiment="positive",
    ),
    Variant(
        id="nike-downgrade",
        title="Goldman Sachs cuts Nike to sell, warns turnaround will take longer",
        summary=(
            "Nike stock dropped 5% before the opening bell on Wall Street after Goldman Sachs downgraded the "
            "sneaker maker to sell from neutral and took its 12-month target down to $54. Wholesale partners remain "
            "overstocked and a recovery in China is nowhere in sight, the analysts wrote. Nike replaced its finance "
            "chief in the spring and laid off 1,600 people the year before. Disclosure: the writer has no position "
            "in any of the stocks mentioned."
        ),
        issuer=("NKE",),
        broker="GS",
        events=("analyst_rating",),
        not_events=("workforce", "management_change"),
        sentiment="negative",
    ),
    Variant(
        id="bharti-initiation",
        title="Nomura starts Bharti Airtel at buy, sees 22% upside",
        summary=(
            "MUMBAI: Brokerage Nomura has initiated coverage of Bharti Airtel with a buy rating and a target price "
            "of Rs 2,340, an upside of 22% from Friday's close, citing rising revenue per user and falling capital "
            "spending. The telecom operator completed a Rs 21,000 crore rights issue four years ago. The views and "
            "recommendations expressed by the brokerage are its own and not those of this website."
        ),
        issuer=("BHARTIARTL.NS",),
        broker="NMR",
        events=("analyst_rating",),
        not_events=("equity_offering", "earnings"),
        sentiment="positive",
    ),
    Variant(
        id="nintendo-target",
        title="Nintendo slides as Morgan Stanley lowers target on slower console sales",
        summary=(
            "TOKYO - Shares of Nintendo Co fell as much as 4.8% after Morgan Stanley trimmed its price target to "
            "9,800 yen from 12,500 yen and said it expects fewer consoles to be sold over the holidays than the "
            "market does. It left its equal-weight rating in place. In August the company had spent 100 billion yen "
            "on buying back its own stock. Past performance is no guarantee of future results."
        ),
        issuer=("7974.T", "NTDOY"),
        broker="MS",
        events=("analyst_rating",),
        not_events=("buyback",),
        sentiment="negative",
    ),
    Variant(
        id="tesco-reiteration",
        title="Tesco named top pick among European grocers by JPMorgan",
        summary=(
            "LONDON - JPMorgan analysts have made Tesco their top pick in European food retail, reiterating an "
            "overweight rating and raising their price target to 510 pence from 460 pence on expectations of "
            "further market share gains. The shares were up 2.1% by midday. The supermarket chain sold its banking "
            "arm to Barclays last year. Nothing in this report should be taken as financial advice."
        ),
        issuer=("TSCO.L",),
        broker="JPM",
        events=("analyst_rating",),
        not_events=("merger_acquisition",),
        sentiment="positive",
    ),
)
