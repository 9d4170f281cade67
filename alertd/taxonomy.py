"""The types of event that the tagger tells apart, their groups, and what each means; users write these names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "results": ("earnings", "guidance"),
    "street": ("analyst_rating", "price_move", "ownership"),
    "deals": ("merger_acquisition", "partnership_contract"),
    "capital": (
        "equity_offering",
        "ipo_listing",
        "dividend",
        "buyback",
        "stock_split",
        "debt_credit",
        "insolvency",
    ),
    "people": ("management_change", "workforce"),
    "law": ("litigation", "regulation", "sanctions_trade"),
    "business": ("product_launch", "product_safety", "clinical_approval", "operations", "cyber_incident"),
    "macro": ("macro",),
    "other": ("commentary",),
}
"""Group to its types; a group's name in the watchlist stands for all in it."""

EVENT_TYPES: Final[tuple[str, ...]] = tuple(event for group in GROUPS.values() for event in group)
"""All types, in the order in which the model was taught them."""

DESCRIPTIONS: Final[dict[str, str]] = {
    "earnings": "results of a period, a beat or a miss, sales or delivery figures of a period",
    "guidance": "an outlook, forecast, target or warning by the company itself, raised, cut or withdrawn",
    "analyst_rating": "an analyst's or broker's rating, price target, estimate, initiation or top-pick call",
    "price_move": "a move of the security's price or volume, a high or low, a halt",
    "ownership": "a stake bought or sold, an insider's trade, an activist's move, index membership",
    "merger_acquisition": "a merger, takeover, bid, sale of a unit, spin-off, talks or rumours of one",
    "partnership_contract": "a contract, order, partnership, licence, joint venture",
    "equity_offering": "a share sale, placement, rights issue, convertible, funding round",
    "ipo_listing": "a flotation, listing, delisting, direct listing, SPAC",
    "dividend": "a dividend declared, raised, cut, skipped",
    "buyback": "a repurchase of shares",
    "stock_split": "a split or reverse split",
    "debt_credit": "bonds, loans, refinancing, a credit rating",
    "insolvency": "bankruptcy, default, restructuring of debts, going-concern doubt",
    "management_change": "an executive or director arrives, leaves, dies, is replaced",
    "workforce": "layoffs, hiring, strikes, union talks, pay",
    "litigation": "a lawsuit, verdict, settlement",
    "regulation": "a probe, fine, antitrust action, licence decision, new rule that hits the company",
    "sanctions_trade": "tariffs, export controls, sanctions, trade restrictions",
    "product_launch": "a new product, service, model, market entry",
    "product_safety": "a recall, defect, safety incident",
    "clinical_approval": "a trial result, a drug or device decision",
    "operations": "a plant, mine, store, capacity, output, outage, accident, supply disruption",
    "cyber_incident": "a breach, ransomware, leak, large IT outage by attack",
    "macro": "rates, inflation, jobs, growth, currencies, commodities, central banks, elections",
    "commentary": "opinion, round-up, explainer, advice, anything without an event",
}
"""Type to what an article with it reports."""


def expand(names: Iterable[str]) -> tuple[str, ...]:
    """Replace the names of groups by their types, without repeats, in the order given.

    `macro` is a group and a type: both mean the same.

    Raises:
        KeyError: a name is neither a type nor a group.
    """
    types: dict[str, None] = {}
    for name in names:
        if name in GROUPS:
            types.update(dict.fromkeys(GROUPS[name]))
        elif name in DESCRIPTIONS:
            types[name] = None
        else:
            raise KeyError(name)
    return tuple(types)
