"""Records as they are stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.articles import to_plain
from alertd.store.packing import pack, unpack
from alertd.stories.fingerprints import fingerprint
from tests.stories.wires import WIRES, entry

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@given(PLAIN)
def test_what_is_packed_is_read_again(plain: object) -> None:
    assert unpack(pack(plain)) == plain


def test_a_fingerprint_takes_few_bytes() -> None:
    assert max(len(pack(to_plain(fingerprint(entry(*w.original))))) for w in WIRES) < 500


@pytest.mark.parametrize("text", ["AAAA", "{}", "!"])
def test_what_was_not_packed_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        unpack(text)
