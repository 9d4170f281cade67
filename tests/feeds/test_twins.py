from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alertd.feeds.identity import Identity
from alertd.feeds.twins import MOST, packed, twin, unpacked

HASH = st.binary(min_size=12, max_size=12).map(bytes.hex)
IDENTITY = st.builds(Identity, HASH, st.one_of(st.just(""), HASH), HASH, HASH)


@given(st.dictionaries(HASH, IDENTITY, max_size=30))
def test_what_was_packed_is_found_again(identities: dict[str, Identity]) -> None:
    text = packed(identities)
    assert len(text) == 24 * len(identities)
    found = unpacked(text)
    for key, one in reversed(identities.items()):
        assert found[twin(one)] in identities
        if len({twin(other) for other in identities.values()}) == len(identities):
            assert found[twin(one)] == key


@given(st.text(max_size=100))
def test_what_is_damaged_counts_as_nothing(text: str) -> None:
    assert all(len(key) == 24 for key in unpacked(text).values())


def test_a_document_without_end_is_bounded() -> None:
    identities = {f"{n:024x}": Identity(f"{n}", f"{n}", "", f"{n}") for n in range(MOST + 5)}
    assert len(unpacked(packed(identities))) == MOST


def test_a_new_guid_leaves_the_twin_and_a_new_title_does_not() -> None:
    one = Identity("g1", "l", "t", "s")
    assert twin(one) == twin(Identity("g2", "l", "other source", "s"))
    assert twin(one) != twin(Identity("g1", "l", "t", "s2"))
    assert twin(Identity("g", "", "t", "s")) == twin(Identity("h", "", "t", "s"))
