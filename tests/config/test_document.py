from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alertd.config.document import Document, Keys, read, shown, shown_key


def document(text: str | bytes, **environ: str) -> Document:
    data = text if isinstance(text, bytes) else text.encode()
    return read(Path("a.yaml"), "a.yaml", 0, environ, data)


def messages(found: Document) -> list[str]:
    return [str(problem) for problem in found.problems]


KEY = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
SCALAR = st.text(
    alphabet=st.characters(
        min_codepoint=32, max_codepoint=0x2FFF, exclude_characters="$'\"", exclude_categories=["C", "Z"]
    ),
    min_size=1,
    max_size=8,
).filter(lambda text: text not in {"~", "null", "Null", "NULL"})
TREE: st.SearchStrategy[Any] = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=3), max_leaves=12
)


def leaves(value: Any, path: Keys = ()) -> list[tuple[Keys, str]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, inner in enumerate(value) for leaf in leaves(inner, (*path, index))]
    return [(path, value)]


@given(tree=st.dictionaries(KEY, TREE, min_size=1, max_size=3), flow=st.booleans())
def test_every_value_is_found_where_it_stands(tree: dict[str, Any], flow: bool) -> None:
    text = yaml.safe_dump(tree, default_flow_style=flow, allow_unicode=True, width=10_000)
    found = document(text)
    assert found.problems == []
    assert found.value == tree
    lines = text.splitlines()
    for path, value in leaves(tree):
        place = found.places[path]
        rest = lines[place.line - 1][place.column - 1 :]
        assert rest.lstrip("'\"").startswith(value[:1]) or rest.startswith('"\\')
        if isinstance(path[-1], str):
            assert lines[place.key_line - 1][place.key_column - 1 :].lstrip("'\"").startswith(path[-1])


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    found = document(data)
    assert all(problem.line >= 1 and problem.column >= 1 for problem in found.problems)


@pytest.mark.parametrize(
    "text", ["ON", "NO", "yes", "TRUE", "0700", "1:30", "1e5", "2026-01-02", "0x10", "1_000", "1810.HK", "="]
)
def test_scalars_stay_the_text_that_was_written(text: str) -> None:
    assert document(f"a: {text}\n").value == {"a": text}


@pytest.mark.parametrize("text", ["", "~", "null", "# comment"])
def test_empty_scalars_are_none(text: str) -> None:
    assert document(f"a: {text}\nb: 'null'\n").value == {"a": None, "b": "null"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${ONE}", "first"),
        ("a ${ONE} b ${TWO}", "a first b "),
        ("${NONE:-other}", "other"),
        ("${TWO:-other}", "other"),
        ("${NONE:-}", ""),
        ("$${ONE}", "${ONE}"),
        ("$ONE", "$ONE"),
        ("5$", "5$"),
        ("${THREE}", "key: [1]\n- ${ONE}"),
    ],
)
def test_the_environment_replaces_variables_once(text: str, expected: str) -> None:
    found = document(f"a: '{text}'\n", ONE="first", TWO="", THREE="key: [1]\n- ${ONE}")
    assert found.problems == []
    assert found.value == {"a": expected}


def test_keys_are_not_replaced() -> None:
    assert document("'${ONE}': 1\n", ONE="first").value == {"${ONE}": "1"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a: 1\nb: caf\xe9\n", "a.yaml:2:7: a character that is not UTF-8; save the file as UTF-8"),
        ("a: 1\nbé: \x07\n".encode(), "a.yaml:2:5: a control character; remove it"),
        (b"? [a]\n: 1\n", "a.yaml:1:3: a key that is no text; write `name: value`"),
        (b"a: !mine b\n", "a.yaml:1:4: a YAML tag (!…); remove it"),
        (b"a: !!binary aGk=\n", "a.yaml:1:4: a YAML tag (!…); remove it"),
        (b"a: !!set {b}\n", "a.yaml:1:4: a YAML tag (!…); remove it"),
        (b"[" * 3000, "a.yaml:1:1: nested too deeply; write it flat"),
        (b"a: " + b"[" * 30 + b"]" * 30, "a.yaml:1:1: too much in one file, or aliases within aliases; write it out"),
        (b"a: 1\n\n  b: 2\n", "a.yaml:3:4: a colon where none may stand; indent alike, and quote texts with a colon"),
    ],
)  # fmt: skip
def test_what_is_no_document(text: bytes, expected: str) -> None:
    assert messages(document(text)) == [expected]


def test_a_byte_order_mark_and_line_ends_of_windows_move_nothing() -> None:
    found = document(b"\xef\xbb\xbfa: 1\r\nb:\r\n  c: 2\r\n")
    assert found.value == {"a": "1", "b": {"c": "2"}}
    assert (found.places["a",].column, found.places["b", "c"].line, found.places["b", "c"].column) == (4, 3, 6)


def test_columns_count_characters() -> None:
    found = document("{ü𝄞: 1, b: 2}\n")
    assert (found.places["b",].key_column, found.places["b",].column) == (9, 12)


def test_aliases_are_read() -> None:
    found = document("a: &names [x, y]\nb: *names\n")
    assert found.value == {"a": ["x", "y"], "b": ["x", "y"]}
    assert found.problems == []


@pytest.mark.parametrize(
    ("name", "step"), [("alertd.yaml", "write one with `alertd init`"), ("a.yaml", "check its name")]
)
def test_a_missing_file_says_what_to_do(name: str, step: str) -> None:
    found = read(Path("config") / name, f"config/{name}", 0, {}, None)
    assert messages(found) == [f"config/{name}:1:1: there is no {name} here; {step}"]


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "",
        "xoxb-1-2",
        "my XAPP-1",
        "https://user:pw@example.com/?key=1",
        "redis://:pw@host",
        "a\x1b[31m",
        "two\nlines",
    ],
)
def test_what_may_be_a_secret_is_not_shown(raw: str | None) -> None:
    assert shown(raw) == ""


def test_long_values_are_shown_in_part() -> None:
    assert shown("word " * 50) == f"'{('word ' * 50)[:57]}…'"


@pytest.mark.parametrize("key", ["token:xoxb-1", "xoxb-1", "a" * 50, "https://x", "é\x1b"])
def test_keys_that_may_be_secrets_are_not_shown(key: str) -> None:
    assert shown_key(key) == ""
