"""What is published about the configuration says what the code does: defaults, schemas, the reference, event types."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from alertd.config import FILES, Settings, Watchlist, default_text, json_schemas, load, write_default
from alertd.config.schema import fill, publish, schema_text, settings_paths
from alertd.config.values import reach
from alertd.errors import ConfigError
from alertd.taxonomy import DESCRIPTIONS, EVENT_TYPES, GROUPS, expand

ROOT = Path(__file__).parent.parent.parent
EVENTS = ROOT.parent / "shared" / "EVENTS.md"


@pytest.mark.parametrize("name", FILES)
def test_the_configuration_of_the_repository_is_the_default(name: str) -> None:
    assert (ROOT / "config" / name).read_text(encoding="utf-8") == default_text(name)


def test_what_init_writes_loads(tmp_path: Path) -> None:
    written = write_default(tmp_path / "new" / "config")
    assert [path.name for path in written] == list(FILES)
    configuration = load(tmp_path / "new" / "config", {})
    assert len(configuration.settings.feeds) >= 12
    assert len(configuration.watchlist.rules) >= 5
    assert configuration.settings.slack.token is None
    assert all(reach(feed.url) == "public" for feed in configuration.settings.feeds)
    assert "1810.HK" in [company.symbol for company in configuration.watchlist.companies]


def test_every_default_feed_says_where_its_address_is_from() -> None:
    found = re.findall(r"^  - name: \S+\n((?:    #.*\n)+)    url: (\S+)", default_text("alertd.yaml"), re.MULTILINE)
    text = default_text("alertd.yaml")
    assert len(found) == len(yaml.safe_load(text.replace("${SLACK_BOT_TOKEN:-}", '""'))["feeds"])


def test_the_default_sec_feeds_load_with_a_contact(tmp_path: Path) -> None:
    write_default(tmp_path)
    path = tmp_path / "alertd.yaml"
    text = re.sub(r"^  # (- name: sec|  (?:url|source|interval):)", r"  \1", path.read_text(), flags=re.MULTILINE)
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, {})
    assert ["the SEC refuses" in problem for problem in caught.value.problems] == [True, True]
    path.write_text(text.replace("# contact:", "contact:"))
    assert [feed.name for feed in load(tmp_path, {}).settings.feeds][-2:] == ["sec-current", "sec-apple"]


@pytest.mark.parametrize("name", FILES)
def test_init_overwrites_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(ConfigError, match="is there already"):
        write_default(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_init_names_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_default(tmp_path / "file" / "config")


@pytest.mark.parametrize("name", ["alertd", "watchlist"])
def test_published_schemas_are_those_of_the_models(name: str) -> None:
    published = (ROOT / "docs" / "schema" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert published == schema_text(json_schemas()[name]), "run python -m alertd.config"


def test_schemas_know_all_sections_and_take_durations() -> None:
    schema = json_schemas()["alertd"]
    assert set(schema["properties"]) == set(Settings.model_fields)
    interval = schema["$defs"]["FeedSettings"]["properties"]["interval"]["anyOf"]
    (pattern,) = [choice["pattern"] for choice in interval if choice["type"] == "string"]
    assert all(re.search(pattern, text) for text in ("90s", "1h30m", "120", "${INTERVAL}"))
    assert not any(re.search(pattern, text) for text in ("soon", "2 fortnights"))
    assert schema["additionalProperties"] is False


def test_schemas_take_companies_as_texts() -> None:
    companies = json_schemas()["watchlist"]["$defs"]["RuleSettings"]["properties"]["companies"]
    assert {"type": "string"} in companies["anyOf"]
    assert "type" not in companies
    json.dumps(companies)


@pytest.mark.parametrize("model", [Settings, Watchlist], ids=lambda model: model.__name__)
def test_every_setting_is_described_and_in_the_reference(model: type[Settings] | type[Watchlist]) -> None:
    reference = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    for path, field in settings_paths(model):
        assert field.description, path
        assert f"| `{path}` |" in reference, f"{path} is missing: run python -m alertd.config"


def test_the_tables_of_the_reference_are_those_of_the_code() -> None:
    reference = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    assert fill(reference) == reference, "run python -m alertd.config"


def test_publishing_writes_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "config.md").write_text("a\n<!-- tables: events -->\nstale words\n<!-- end -->\nb\n")
    publish(tmp_path)
    text = (tmp_path / "docs" / "config.md").read_text()
    assert "stale words" not in text
    assert "`earnings`" in text
    assert {path.name for path in (tmp_path / "docs" / "schema").iterdir()} == {
        "alertd.schema.json",
        "watchlist.schema.json",
    }


def test_examples_of_the_documents_load(tmp_path: Path) -> None:
    number = 0
    for document in [ROOT / "docs" / "config.md", ROOT / "docs" / "getting-started.md"]:
        for text in re.findall(r"^```yaml\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            if "rules:" in text:
                number += 1
                config = tmp_path / f"config{number}"
                config.mkdir()
                (config / "watchlist.yaml").write_text(text)
                (config / "alertd.yaml").write_text("feeds: []\n")
                assert load(config, {}).watchlist.rules
    assert number >= 3


def test_every_type_of_event_is_in_a_group_and_described() -> None:
    assert len(EVENT_TYPES) == len(set(EVENT_TYPES)) == 26
    assert list(DESCRIPTIONS) == list(EVENT_TYPES)
    assert [event for types in GROUPS.values() for event in types] == list(EVENT_TYPES)


def test_groups_expand_in_order_and_once() -> None:
    assert expand(["guidance", "results", "macro"]) == ("guidance", "earnings", "macro")
    with pytest.raises(KeyError):
        expand(["weather"])


@pytest.mark.skipif(not EVENTS.exists(), reason="the list of event types is not here")
def test_the_types_of_event_are_those_agreed() -> None:
    rows = re.findall(r"^\| (\w+) \| `(\w+)` \| (.+?) \|$", EVENTS.read_text(encoding="utf-8"), re.MULTILINE)
    assert [event for _, event, _ in rows] == list(EVENT_TYPES)
    assert {event: group for group, event, _ in rows} == {e: group for group, types in GROUPS.items() for e in types}
    assert {event: text for _, event, text in rows} == DESCRIPTIONS
