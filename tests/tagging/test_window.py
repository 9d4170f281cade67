from __future__ import annotations

import pytest
from transformers import PreTrainedTokenizerFast

from alertd.tagging.encoder import FOLDER
from alertd.tagging.window import CASES, CLS, KINDS, PIECES, SEP, case, read

TOKENIZER = PreTrainedTokenizerFast.from_pretrained(str(FOLDER), local_files_only=True).backend_tokenizer


@pytest.mark.parametrize(
    ("piece", "kind"),
    [("target", 1), ("Target", 2), ("A", 2), ("AMD", 3), ("eBay", 4), ("McD", 4), ("5%", 0), ("-", 0), ("ß", 1)],
)
def test_how_a_piece_is_written(piece: str, kind: int) -> None:
    assert case(piece) == kind < CASES


def test_a_window_holds_title_and_body_with_their_offsets() -> None:
    title, body = "Nestlé’s unaffordable", "eBay rose"
    window = read(TOKENIZER, [(title, body)])[0]
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
    assert [len(w.ids) for w in read(TOKENIZER, [(long, "x"), ("one", long), ("", ""), ("", "x")])] == [
        *(PIECES, PIECES, 2, 4)
    ]
    assert read(TOKENIZER, [(long, "x")])[0].inside("body", 0, 1) is None
    assert read(TOKENIZER, []) == []
