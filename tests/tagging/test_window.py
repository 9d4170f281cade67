from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from alertd.tagging.encoder import FOLDER
from alertd.tagging.window import CASES, CLS, KINDS, PIECES, SEP, Reader, case

TOKENIZER = PreTrainedTokenizerFast.from_pretrained(str(FOLDER), local_files_only=True).backend_tokenizer
READER = Reader(TOKENIZER)
AWKWARD = (
    *("profit,", "U.S.", "Nestl\u00e9\u2019s", "Nestle\u2019s", "\u201cWe", "[SEP]", "[", "_", "\\", "\u2026"),
    *("\u5c0f\u7c73", "\x00", "\x85", "\u00ad", "\u0301", "\u0130", "\t", "\ufb01", "z" * 101, "unaffordable"),
)
"""What the tokenizer treats in a way of its own."""


@pytest.mark.parametrize(
    ("piece", "kind"),
    [("target", 1), ("Target", 2), ("A", 2), ("AMD", 3), ("eBay", 4), ("McD", 4), ("5%", 0), ("-", 0), ("ß", 1)],
)
def test_how_a_piece_is_written(piece: str, kind: int) -> None:
    assert case(piece) == kind < CASES


def test_a_window_holds_title_and_body_with_their_offsets() -> None:
    title, body = "Nestlé’s unaffordable", "eBay rose"
    window = READER.read(title, body)
    assert (window.ids[0], window.ids[-1]) == (CLS, SEP)
    assert all(0 <= k < KINDS for k in window.kinds)
    texts = {0: title, 1: body}
    pieces = [texts[f][a:b] for f, a, b in zip(window.fields, window.starts, window.ends, strict=True) if f >= 0]
    assert "".join(pieces) == (title + body).replace(" ", "")
    ebay = window.inside("body", 0, 4)
    assert ebay is not None
    assert len({window.words[i] for i in ebay}) == 1
    assert {window.kinds[i] for i in ebay} <= set(range(CASES, KINDS))


def test_the_body_gets_what_the_title_leaves() -> None:
    long = "word " * 400
    lengths = [len(READER.read(*given).ids) for given in ((long, "x"), ("one", long), ("", ""), ("", "x"))]
    assert lengths == [PIECES, PIECES, 2, 4]
    assert READER.read(long, "x").inside("body", 0, 1) is None


@given(st.lists(st.one_of(st.sampled_from(AWKWARD), st.text(max_size=12)), max_size=12), st.sampled_from(["", " "]))
def test_cut_at_blanks_a_text_has_the_pieces_that_the_tokenizer_sees_in_it(parts: list[str], between: str) -> None:
    text = between.join(parts).encode(errors="replace").decode()
    window = READER.read(text)
    whole = TOKENIZER.encode(text, add_special_tokens=False)
    assert window.ids == [CLS, *whole.ids, SEP]
    assert list(zip(window.starts, window.ends, strict=True))[1:-1] == whole.offsets
    assert window.words[1:-1] == whole.word_ids
