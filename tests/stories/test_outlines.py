from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.articles import Entry
from alertd.stories.fingerprints import Fingerprint, compared, fingerprint
from alertd.stories.outlines import UNKNOWN, Outlines, outlined
from alertd.stories.sketches import code

MOST = 16
WORDS = ("acme", "bolt", "agrees", "buys", "sells", "copper", "smelter", "strike", "ends", "oulu", "the", "of")


def fp(title: str, address: str = "", text: str = "") -> Fingerprint:
    return fingerprint(Entry("wire", "1", address, title, summary=text))


texts = st.lists(st.sampled_from((*WORDS, "5%", "6%", "not")), max_size=30).map(" ".join)
headlines = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
addresses = st.sampled_from(("", "https://a.example/news/1", "https://a.example/news/2"))
articles = st.builds(fp, headlines, addresses, texts)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(articles, st.integers(0, 30)), max_size=20), st.lists(articles, max_size=4), st.data())
def test_what_is_alike_stays_and_with_a_copy_its_original(
    known: list[tuple[Fingerprint, int]], new: list[Fingerprint], data: st.DataObject
) -> None:
    outlines = Outlines(MOST)
    of = {place: original if original < place else 0 for place, (_, original) in enumerate(known, 1)}
    outlines.put(0, outlined([one for one, _ in known[:7]]), list(of.values())[:7])
    outlines.put(7, outlined([one for one, _ in known[7:]]), list(of.values())[7:])
    places = st.lists(st.integers(1, max(1, len(known))), unique=True)
    met = [data.draw(places) for _ in new]
    kept = outlines.kept(outlined(new), met)
    forgotten = range(1, len(known) - MOST + 1)
    for entry, here, left in zip(new, met, kept, strict=True):
        assert list(left) == [place for place in here if place in left], "in their order"
        for place in here:
            if place > len(known):
                continue
            one = known[place - 1][0]
            match, against = compared(entry, [("one", one)])
            if place in forgotten or match or against:
                assert place in left
                assert of[place] not in here or of[place] in left


def test_words_that_have_one_bit_count_each_for_itself() -> None:
    places: dict[int, list[str]] = {}
    for number in range(1_000):
        places.setdefault(code(f"word{number}") % 64, []).append(f"word{number}")
    title = " ".join(next(words[:6] for words in places.values() if len(words) > 5))
    outlines = Outlines(MOST)
    outlines.put(0, outlined([fp(title)]), [0])
    assert outlines.kept(outlined([fp(f"{title} and more")]), [(1,)]) == [[1]]


def test_most_that_share_no_words_are_left_out() -> None:
    outlines = Outlines(MOST)
    outlines.put(4, outlined([fp("Acme agrees to buy a copper smelter"), fp("Strike ends in Oulu")]), [0, 0])
    entry = outlined([fp("UPDATE 2-Acme agrees to buy copper smelter"), fp("Gulls return to the quay")])
    assert outlines.kept(entry, [(6, 5), (6, 5)]) == [[5], []]


def test_of_a_copy_whose_original_is_not_known_that_may_be_any() -> None:
    outlines = Outlines(MOST)
    titles = ("Strike ends in Oulu", "Acme agrees to buy a copper smelter", "Gulls return to the quay")
    entry = outlined([fp(titles[1])])
    for original, left in ((0, [2]), (1, [1, 2]), (UNKNOWN, [1, 2, 3])):
        outlines.put(0, outlined([fp(title) for title in titles]), [0, original, 0])
        assert outlines.kept(entry, [(1, 2, 3)]) == [left]


def test_what_is_not_known_stays_with_all_that_it_is_met_with() -> None:
    outlines = Outlines(MOST)
    outlines.put(0, outlined([fp("Strike ends in Oulu")]), [0])
    entry = outlined([fp("Gulls return to the quay")])
    assert outlines.kept(entry, [(1,)]) == [[]]
    assert outlines.kept(entry, [(1, 9)]) == [[1, 9]]
    outlines.clear()
    assert outlines.kept(entry, [(1,)]) == [[1]]


def test_of_related_headlines_the_texts_decide() -> None:
    text = "The maker of cables said on Monday that it would pay 40 million for works in the north of the land."
    outlines = Outlines(MOST)
    outlines.put(0, outlined([fp("Acme to buy works of Bolt in Oulu", text=text)]), [0])
    gulls = "Gulls return to the quay where boats of four ports lie until the ice is gone."
    for words, left in ((f"{text} More soon.", [1]), (text[40:], [1]), (gulls, []), ("", [])):
        entry = outlined([fp("Cable maker Acme in Oulu", text=words)])
        assert outlines.kept(entry, [(1,)]) == [left]


def test_what_shares_an_address_stays_whatever_it_is_called() -> None:
    outlines = Outlines(MOST)
    outlines.put(0, outlined([fp("Strike ends in Oulu", "https://a.example/news/1"), fp("Strike ends")]), [0, 0])
    entry = outlined([fp("Gulls return to the quay", "http://a.example/news/1?utm_source=feed")])
    assert outlines.kept(entry, [(1, 2)]) == [[1]]


def test_a_headline_of_more_words_than_are_counted_stays() -> None:
    long = " ".join(f"word{number}" for number in range(300))
    outlines = Outlines(MOST)
    outlines.put(0, outlined([fp(long)]), [0])
    assert outlines.kept(outlined([fp("Gulls return")]), [(1,)]) == [[1]]
    assert outlines.kept(outlined([]), []) == []
