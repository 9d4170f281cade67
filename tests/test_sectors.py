"""Sectors and countries are those of the gazetteer."""

from __future__ import annotations

from alertd.sectors import COUNTRIES, SECTORS, sector
from alertd.tagging.gazetteer import Gazetteer


def test_all_that_the_gazetteer_says_is_known() -> None:
    gazetteer = Gazetteer.open()
    issuers = [gazetteer.issuer(number) for number in range(len(gazetteer))]
    assert {issuer.country for issuer in issuers} - {""} == set(COUNTRIES)
    unknown = {issuer.sector for issuer in issuers if issuer.sector and not sector(issuer.sector)}
    assert unknown <= {"Services"}
    assert {sector(issuer.sector) for issuer in issuers} - {""} == set(SECTORS)
