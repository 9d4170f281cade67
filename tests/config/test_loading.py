from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from alertd.config import FILES, load
from alertd.config.listfiles import builtin_lists
from alertd.config.loading import Configuration
from alertd.errors import ConfigError
from alertd.tagging.gazetteer import Gazetteer
from tests.config.folders import SETTINGS, WATCHLIST, known, like, write


def loaded(tmp_path: Path, settings: str = SETTINGS, watchlist: str = WATCHLIST, **environ: str) -> Configuration:
    return load(write(tmp_path, settings, watchlist), environ)


def refused(tmp_path: Path, settings: str = SETTINGS, watchlist: str = WATCHLIST, **environ: str) -> list[str]:
    config = write(tmp_path, settings, watchlist)
    with pytest.raises(ConfigError) as caught:
        load(config, environ, known, like)
    return [problem.removeprefix(f"{config}/") for problem in caught.value.problems]


def test_feeds_take_over_the_defaults_that_they_do_not_overrule(tmp_path: Path) -> None:
    settings = (
        "feed_defaults: {interval: 5m, timeout: 3s, max_bytes: 5MB}\n"
        "feeds:\n"
        "  - {name: one, url: 'https://example.com/1', interval: 2m}\n"
        "  - {name: two, url: 'https://example.com/2', max_items: 7}\n"
    )
    one, two = loaded(tmp_path, settings).settings.feeds
    assert (one.interval, one.timeout, one.max_bytes, one.max_items) == (120, 3, 5_000_000, 2000)
    assert (two.interval, two.timeout, two.max_bytes, two.max_items) == (300, 3, 5_000_000, 7)


def test_rules_take_over_the_defaults_that_they_do_not_overrule(tmp_path: Path) -> None:
    watchlist = (
        'defaults: {channel: "#desk", min_confidence: 0.8}\n'
        "rules:\n"
        "  - {name: one, companies: TSLA, events: results, sentiment: negative}\n"
        "  - {name: two, keywords: [rate cut], channel: C024BE91L, roles: [subject, passing]}\n"
    )
    one, two = loaded(tmp_path, watchlist=watchlist).watchlist.rules
    assert (one.channel, one.min_confidence, one.roles) == (("#desk",), 0.8, ("subject",))
    assert (one.events, one.event_types, one.sentiment) == (("results",), ("earnings", "guidance"), ("negative",))
    assert (two.channel, two.min_confidence, two.roles) == (("C024BE91L",), 0.8, ("subject", "passing"))


def test_companies_are_symbols_or_names(tmp_path: Path) -> None:
    watchlist = (
        "rules:\n"
        "  - name: x\n"
        "    companies: [ON, NO, 0700.HK, BRK-B, Rivian, {symbol: TSLA, aliases: Tesla Motors}, {name: SHEIN}]\n"
    )
    found = loaded(tmp_path, watchlist=watchlist).watchlist.companies
    assert [(company.symbol, company.name) for company in found] == [
        ("ON", ""),
        ("NO", ""),
        ("0700.HK", ""),
        ("BRK-B", ""),
        ("", "Rivian"),
        ("TSLA", ""),
        ("", "SHEIN"),
    ]
    assert found[5].aliases == ("Tesla Motors",)
    assert found[5].key == "TSLA"
    assert found[6].key == "SHEIN"


def test_only_symbols_are_checked(tmp_path: Path) -> None:
    watchlist = "rules:\n  - name: x\n    companies: [ON, Rivian, {name: SHEIN}, {symbol: 0700.HK}]\n"
    assert load(write(tmp_path, watchlist=watchlist), {}, known, like).watchlist.rules[0].companies


def test_an_unset_token_with_a_default_means_the_terminal(tmp_path: Path) -> None:
    settings = SETTINGS + "slack:\n  token: ${SLACK_BOT_TOKEN:-}\n"
    config = write(tmp_path, settings)
    assert load(config, {}).settings.slack.token is None
    assert load(config, {"SLACK_BOT_TOKEN": ""}).settings.slack.token is None
    token = load(config, {"SLACK_BOT_TOKEN": "xoxb-1"}).settings.slack.token
    assert token is not None
    assert token.get_secret_value() == "xoxb-1"


def test_secrets_are_read_from_files_beside_the_configuration(tmp_path: Path) -> None:
    settings = (
        "feeds:\n  - {name: one, url_file: feed-url}\n"
        "slack: {token_file: token}\n"
        f"redis: {{url_file: {tmp_path}/elsewhere}}\n"
    )
    config = write(tmp_path, settings)
    (config / "feed-url").write_text("https://example.com/rss?key=hunter2\n")
    (config / "token").write_text("  xoxb-hunter2\r\n\n")
    (tmp_path / "elsewhere").write_text("redis://:hunter2@localhost/0")
    configuration = load(config, {})
    assert configuration.settings.feeds[0].url == "https://example.com/rss?key=hunter2"
    assert configuration.secrets() == ("xoxb-hunter2", "redis://:hunter2@localhost/0")
    for text in (repr(configuration.settings.slack), repr(configuration.settings.redis)):
        assert "hunter2" not in text


def test_a_feeds_password_becomes_a_header_that_nobody_sees(tmp_path: Path) -> None:
    settings = (
        "feeds:\n  - {name: one, url: 'https://example.com/', username: desk, password_file: pw}\n"
        "  - {name: two, url: 'https://example.org/', username: desk, password: '${PASSWORD}', headers: {X-Key: k}}\n"
        "  - {name: three, url: 'https://example.net/'}\n"
    )
    folder = write(tmp_path, settings)
    (folder / "pw").write_text("hunter2:ü \n")
    configuration = load(folder, {"PASSWORD": "hunter3"})
    one, two, three = (
        {name: value.get_secret_value() for name, value in feed.headers.items()}
        for feed in configuration.settings.feeds
    )
    assert base64.b64decode(one["Authorization"].removeprefix("Basic ")).decode() == "desk:hunter2:ü"
    assert base64.b64decode(two["Authorization"].removeprefix("Basic ")).decode() == "desk:hunter3"
    assert (two["X-Key"], three) == ("k", {})
    assert {"hunter2:ü", "hunter3", one["Authorization"], two["Authorization"], "k"} <= set(configuration.secrets())
    assert "hunter" not in repr(configuration)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "does not hold one line of text; put the secret in it, alone"),
        (b" \n", "does not hold one line of text; put the secret in it, alone"),
        (b"one\ntwo", "does not hold one line of text; put the secret in it, alone"),
        (b"\xff\xfe", "cannot be read (it is no text); name a file that holds the secret alone"),
        (b"x" * 20_000, "does not hold one line of text; put the secret in it, alone"),
    ],
)
def test_files_that_hold_no_secret_are_refused(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "token").write_bytes(content)
    found = refused(tmp_path, SETTINGS + "slack:\n  token_file: ../token\n")
    assert found == [f"alertd.yaml:5:15: the file '../token' {what}"]


@pytest.mark.parametrize(
    "settings",
    [
        "feeds:\n  - name: one\n    url: ${SECRET}\n",
        SETTINGS + "web:\n  port: ${SECRET}\n",
        SETTINGS + "slack:\n  channel: ${SECRET}\n",
        SETTINGS + "log: ${SECRET}\n",
        SETTINGS + "    interval: ${SECRET}\n",
        SETTINGS + "    headers: {X-Key: \"${SECRET}\\nX\"}\n",
        SETTINGS + "slack:\n  token_file: ${SECRET}\n",
        SETTINGS + "redis:\n  url: [${SECRET}]\n",
    ],
)  # fmt: skip
def test_no_message_shows_a_value_from_the_environment(tmp_path: Path, settings: str) -> None:
    watchlist = "rules:\n  - {name: x, companies: ['${SECRET}'], events: ['${SECRET}'], feeds: ['${SECRET}']}\n"
    found = refused(tmp_path, settings, watchlist, SECRET="HUNTER2")
    assert len(found) >= 3
    assert not any("HUNTER2" in problem for problem in found)


def test_sections_without_keys_are_as_if_left_out(tmp_path: Path) -> None:
    settings = SETTINGS + "slack:\n  # token: x\noperator:\nredis:\nfeed_defaults:\n"
    assert loaded(tmp_path, settings, "defaults:\n" + WATCHLIST).settings.slack.channel == "#alerts"


def test_paths_start_where_the_documentation_says(tmp_path: Path) -> None:
    settings = SETTINGS + "tagging: {gazetteer_overrides: names.yaml}\nstore: {folder: data/state}\n"
    config = write(tmp_path, settings)
    (config / "names.yaml").write_text("{}")
    found = load(config, {})
    assert found.folder == config
    assert found.settings.store.folder == tmp_path / "data" / "state"
    assert found.settings.tagging.gazetteer_overrides == str(config / "names.yaml")


def test_a_relative_folder_is_named_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "feeds: []\nweb: {prot: 1}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load(Path("config"), {})
    assert caught.value.problems == ("config/alertd.yaml:2:7: unknown key 'prot'; did you mean port?",)


def test_the_generation_follows_the_files_and_not_the_environment(tmp_path: Path) -> None:
    config = write(tmp_path, SETTINGS + "slack: {token: '${TOKEN:-}'}\n")
    first = load(config, {})
    assert load(config, {"TOKEN": "xoxb-1"}).generation == first.generation
    assert len(first.generation) == 12
    assert set(first.generation) <= set("0123456789abcdef")
    (config / "watchlist.yaml").write_text(WATCHLIST + "# edited\n")
    assert load(config, {}).generation != first.generation


@pytest.mark.parametrize(("name", "what"), [("nowhere", "there is no such folder"), (".", "no configuration is here")])
def test_both_files_missing_is_one_mistake_that_says_where_to_look(name: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / name, {})
    assert (caught.value.where, caught.value.what) == (str(tmp_path / name), what)
    assert "`alertd init`" in caught.value.hint
    assert "--config DIR" in caught.value.hint


def test_one_file_missing_is_named(tmp_path: Path) -> None:
    (write(tmp_path) / "alertd.yaml").unlink()
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "config", {})
    assert "alertd.yaml:1:1: there is no alertd.yaml here; write one with `alertd init`" in caught.value.problems[0]


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "alertd.yaml").mkdir()
    with pytest.raises(ConfigError, match=r"alertd\.yaml: cannot be read"):
        load(tmp_path, {})


def test_loopback_is_allowed_when_asked_for_and_may_be_fast(tmp_path: Path) -> None:
    settings = (
        "allow_private_addresses: true\n"
        "feeds:\n  - {name: one, url: 'http://127.0.0.1:8080/rss', interval: 0.2}\n"
        "slack: {base_url: 'http://localhost:9000/api/'}\n"
    )
    found = loaded(tmp_path, settings).settings
    assert found.feeds[0].interval == 0.2
    assert found.feeds[0].on_loopback


@pytest.mark.parametrize(
    ("url", "interval"), [("http://10.0.0.1/rss", "1s"), ("http://[::1]/rss", "0.1s"), ("http://8.8.8.8/rss", "4s")]
)
def test_others_may_not_be_polled_fast(tmp_path: Path, url: str, interval: str) -> None:
    settings = f"allow_private_addresses: true\nfeeds:\n  - name: one\n    url: {url}\n    interval: {interval}\n"
    (found,) = refused(tmp_path, settings)
    assert found.startswith("alertd.yaml:5:15: interval is")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "192.168.1.1", "169.254.169.254", "10.1.2.3"])
def test_private_addresses_are_refused_unless_asked_for(tmp_path: Path, host: str) -> None:
    settings = f"feeds:\n  - name: one\n    url: http://{host}/rss\nslack:\n  base_url: http://{host}/\n"
    found = refused(tmp_path, settings)
    assert [problem.split(" is on")[0] for problem in found] == ["alertd.yaml:3:10: url", "alertd.yaml:5:13: base_url"]


@pytest.mark.parametrize("host", ["www.sec.gov", "sec.gov", "data.SEC.gov", "www.sec.gov."])
def test_the_sec_needs_a_contact(tmp_path: Path, host: str) -> None:
    settings = f"feeds:\n  - name: one\n    url: https://{host}/rss\n"
    assert "the SEC refuses" in refused(tmp_path, settings)[0]


def test_the_sec_is_polled_with_a_contact(tmp_path: Path) -> None:
    settings = "contact: you@example.org\nfeeds:\n  - {name: one, url: 'https://www.sec.gov/rss'}\n"
    assert loaded(tmp_path, settings).settings.contact == "you@example.org"


def test_names_like_the_sec_need_none(tmp_path: Path) -> None:
    assert loaded(tmp_path, "feeds:\n  - {name: one, url: 'https://notsec.gov/rss'}\n").settings.feeds


def test_one_mistake_does_not_hide_the_others(tmp_path: Path) -> None:
    watchlist = (
        "rules:\n"
        "  - name: x\n"
        "    companies: [TSLAA, {symbl: F}]\n"
        "    feeds: [onne]\n"
        "    min_novelty: 2\n"
        "  - name: x\n"
        "    events: []\n"
        "    keywords: [a]\n"
    )
    assert [problem.split(" ")[0] for problem in refused(tmp_path, watchlist=watchlist)] == [
        "watchlist.yaml:3:17:",
        "watchlist.yaml:3:25:",
        "watchlist.yaml:4:13:",
        "watchlist.yaml:5:18:",
        "watchlist.yaml:6:11:",
        "watchlist.yaml:7:13:",
    ]


def test_the_first_mistake_is_the_message(tmp_path: Path) -> None:
    config = write(tmp_path, "web: {prot: 1, prt: 2}\n" + SETTINGS)
    with pytest.raises(ConfigError) as caught:
        load(config, {})
    assert str(caught.value).endswith("unknown key 'prot'; did you mean port? (and 1 more)")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    config = write(tmp_path)
    (config / "alertd.yaml").chmod(0)
    with pytest.raises(ConfigError, match="Permission denied"):
        load(config, {})


GROUPED = """
defaults: {min_confidence: 0.7, channel: "#desk"}
lists: {autos: autos.txt, two: [AAPL, {name: Rivian}]}
match: first
rules:
  - {name: own, companies: TSLA, channels: {high: ["#a", "#b"]}, severity: high}
groups:
  - name: makers
    match: first
    severity: low
    min_confidence: 0.9
    rules:
      - {name: inherits, lists: [autos, two], companies: [F], events: [results]}
      - {name: says, lists: autos, min_confidence: 0.1, channel: "#own"}
"""


def test_groups_pass_on_defaults_and_lists_become_companies(tmp_path: Path) -> None:
    config = write(tmp_path, watchlist=GROUPED)
    (config / "autos.txt").write_text("# makers\nTSLA\n\nF # twice\n")
    found = load(config, {}, known, like)
    own, inherits, says = found.watchlist.rules
    assert [rule.name for rule in found.watchlist.rules] == ["own", "inherits", "says"]
    assert [rule.min_confidence for rule in (own, inherits, says)] == [0.7, 0.9, 0.1]
    assert [rule.severity for rule in (own, inherits, says)] == ["high", "low", "low"]
    assert [rule.destinations for rule in (own, inherits, says)] == [("#a", "#b"), ("#desk",), ("#own",)]
    assert [company.key for company in inherits.companies] == ["F", "TSLA", "AAPL", "Rivian"]
    assert [rule.scopes for rule in (own, inherits, says)] == [("",), ("", "makers"), ("", "makers")]
    assert found.files == (*FILES, "autos.txt")


def test_a_list_in_a_file_is_part_of_the_generation(tmp_path: Path) -> None:
    config = write(tmp_path, watchlist="lists: {autos: autos.txt}\nrules:\n  - {name: x, lists: autos}\n")
    (config / "autos.txt").write_text("TSLA\n")
    first = load(config, {})
    (config / "autos.txt").write_text("F\n")
    assert load(config, {}).generation != first.generation


INCLUDING = """
include: [tech.yaml, banks.yaml]
defaults: {min_confidence: 0.7, channel: "#desk"}
lists: {two: [AAPL, F]}
rules:
  - {name: own, companies: TSLA}
"""


def test_included_files_take_over_defaults_and_use_lists(tmp_path: Path) -> None:
    config = write(tmp_path, watchlist=INCLUDING)
    (config / "tech.yaml").write_text(
        'defaults: {channel: "#tech"}\nmatch: first\nlists: {three: [TSLA]}\nrules: [{name: a, lists: [two, three]}]\n'
    )
    (config / "banks.yaml").write_text(
        "groups:\n  - name: g\n    severity: low\n    rules: [{name: b, lists: [three]}]\n"
    )
    found = load(config, {}, known, like)
    own, a, b = found.watchlist.rules
    assert [rule.name for rule in (own, a, b)] == ["own", "a", "b"]
    assert [rule.destinations for rule in (own, a, b)] == [("#desk",), ("#tech",), ("#desk",)]
    assert {rule.min_confidence for rule in (own, a, b)} == {0.7}
    assert ([c.key for c in a.companies], [c.key for c in b.companies]) == (["AAPL", "F", "TSLA"], ["TSLA"])
    assert (own.scopes, len(a.scopes), b.scopes) == ((), 1, ())
    assert found.files == (*FILES, "tech.yaml", "banks.yaml")
    (config / "banks.yaml").write_text("rules: [{name: b, companies: F}]\n")
    assert load(config, {}, known, like).generation != found.generation


@pytest.mark.parametrize("name", sorted(builtin_lists()))
def test_the_companies_of_a_list_that_comes_with_alertd_are_known(name: str) -> None:
    companies = Gazetteer.open()
    symbols = builtin_lists()[name]
    assert len(symbols) == len(set(symbols)) > 80
    assert [symbol for symbol in symbols if companies.by_symbol(symbol) is None] == []


def test_an_index_comes_with_alertd_and_may_be_replaced(tmp_path: Path) -> None:
    config = write(tmp_path, watchlist="rules:\n  - {name: x, lists: sp500}\n")
    (rule,) = load(config, {}).watchlist.rules
    assert 495 < len(rule.companies) < 510
    assert {"AAPL", "BRK-B"} <= {company.key for company in rule.companies}
    (config / "watchlist.yaml").write_text("lists: {sp500: [F]}\nrules:\n  - {name: x, lists: sp500}\n")
    (rule,) = load(config, {}).watchlist.rules
    assert [company.key for company in rule.companies] == ["F"]
