"""Sectors and countries by which companies are watched; the gazetteer's sources spell sectors in several ways."""

from __future__ import annotations

from typing import Final

SECTORS: Final = (
    "Communication Services", "Consumer Discretionary", "Consumer Staples", "Energy", "Financials", "Health Care",
    "Industrials", "Information Technology", "Materials", "Real Estate", "Utilities",
)  # fmt: skip
"""The eleven sectors, in the words of GICS."""

COUNTRIES: Final = (
    "Afghanistan", "Anguilla", "Argentina", "Australia", "Austria", "Azerbaijan", "Bahamas", "Bangladesh",
    "Barbados", "Belgium", "Belize", "Bermuda", "Botswana", "Brazil", "British Virgin Islands", "Bulgaria",
    "Cambodia", "Canada", "Cayman Islands", "Chile", "China", "Colombia", "Costa Rica", "Cyprus", "Czech Republic",
    "Denmark", "Dominican Republic", "Egypt", "Estonia", "Falkland Islands", "Finland", "France", "French Guiana",
    "Gabon", "Georgia", "Germany", "Gibraltar", "Greece", "Greenland", "Guernsey", "Hong Kong", "Hungary",
    "Iceland", "India", "Indonesia", "Ireland", "Isle of Man", "Israel", "Italy", "Ivory Coast", "Japan", "Jersey",
    "Jordan", "Kazakhstan", "Kyrgyzstan", "Latvia", "Liechtenstein", "Lithuania", "Luxembourg", "Macau",
    "Macedonia", "Malaysia", "Malta", "Marshall Islands", "Mauritius", "Mexico", "Monaco", "Mongolia", "Montenegro",
    "Morocco", "Mozambique", "Myanmar", "Namibia", "Netherlands", "Netherlands Antilles", "New Zealand", "Nigeria",
    "Norway", "Panama", "Papua New Guinea", "Peru", "Philippines", "Poland", "Portugal", "Puerto Rico", "Qatar",
    "Republic of the Congo", "Romania", "Russia", "Saudi Arabia", "Senegal", "Singapore", "Slovakia", "Slovenia",
    "South Africa", "South Korea", "Spain", "Suriname", "Sweden", "Switzerland", "Taiwan", "Tanzania", "Thailand",
    "Turkey", "U.S. Virgin Islands", "Ukraine", "United Arab Emirates", "United Kingdom", "United States",
    "Uruguay", "Vietnam", "Zambia",
)  # fmt: skip
"""The countries that the gazetteer knows companies of."""

_OTHER_WORDS: Final = {
    "Financial Services": "Financials", "Financial": "Financials", "Healthcare": "Health Care",
    "Technology": "Information Technology", "Basic Materials": "Materials",
    "Consumer Cyclical": "Consumer Discretionary", "Consumer Goods": "Consumer Discretionary",
    "Consumer Defensive": "Consumer Staples", "Industrial Goods": "Industrials", "Conglomerates": "Industrials",
}  # fmt: skip


def sector(words: str) -> str:
    """The sector that a source means, or "" when it names none of ours."""
    found = _OTHER_WORDS.get(words, words)
    return found if found in SECTORS else ""
