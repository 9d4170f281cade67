from __future__ import annotations

import subprocess
import sys

import exchange_calendars

from alertd.exchanges import ALIASES, EXCHANGES, Sessions


def test_the_codes_are_those_of_the_calendars() -> None:
    assert {name.upper() for name in exchange_calendars.get_calendar_names(include_aliases=False)} == EXCHANGES
    assert {name: exchange_calendars.resolve_alias(name) for name in ALIASES} == ALIASES


def test_sessions_are_kept_and_looked_up_anew_in_time() -> None:
    sessions, now = Sessions(), 1_772_445_600.0
    first = sessions("XLON", now)
    assert sessions("XLON", now + 86400) is first
    later = sessions("XLON", now + 30 * 86400)
    assert later[-1][0] > first[-1][0] > now + 50 * 86400
    assert sessions("US_FUTURES", now)


def test_naming_an_exchange_costs_no_import() -> None:
    code = "import sys, alertd.config, alertd.stages.telling; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
