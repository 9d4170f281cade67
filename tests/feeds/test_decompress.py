"""Decompression is bounded and forgiving."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.feeds.decompress import Plain, TooLargeError, UnknownEncodingError, decompress

BODY = b"<rss/>" * 1000
RAW = zlib.compressobj(wbits=-15)
RAW_DEFLATE = RAW.compress(BODY) + RAW.flush()


@pytest.mark.parametrize(
    ("body", "encoding", "want"),
    [
        (BODY, "", Plain(BODY)),
        (BODY, "gzip", Plain(BODY)),
        (gzip.compress(BODY), "gzip", Plain(BODY)),
        (gzip.compress(BODY), "", Plain(BODY)),
        (gzip.compress(gzip.compress(BODY)), "gzip, gzip", Plain(BODY)),
        (gzip.compress(BODY) + gzip.compress(BODY), "gzip", Plain(BODY + BODY)),
        (gzip.compress(BODY) + b"garbage", "gzip", Plain(BODY)),
        (zlib.compress(BODY), "deflate", Plain(BODY)),
        (RAW_DEFLATE, "Deflate", Plain(BODY)),
        (BODY, "identity", Plain(BODY)),
    ],
    ids=range(10),  # the bytes hold the time at which they were compressed
)
def test_layers(body: bytes, encoding: str, want: Plain) -> None:
    assert decompress(body, encoding, 100_000) == want


def test_a_cut_stream_keeps_its_beginning() -> None:
    result = decompress(gzip.compress(bytes(range(256)) * 500)[:-20], "gzip", 1_000_000)
    assert not result.complete
    assert result.body.startswith(bytes(range(256)))


@pytest.mark.parametrize("layers", [1, 2])
def test_a_bomb_ends_at_the_limit(layers: int) -> None:
    bomb = b"\0" * 20_000_000
    for _ in range(layers):
        bomb = gzip.compress(bomb)
    with pytest.raises(TooLargeError):
        decompress(bomb, "gzip", 1_000_000)


@pytest.mark.parametrize("encoding", ["br", "gzip, zstd", "gzip,gzip,gzip,gzip"])
def test_what_was_not_asked_for_is_refused(encoding: str) -> None:
    with pytest.raises(UnknownEncodingError):
        decompress(BODY, encoding, 100_000)


@given(st.binary(max_size=300), st.sampled_from(["", "gzip", "deflate", "deflate, gzip"]))
def test_any_bytes_are_bounded(body: bytes, encoding: str) -> None:
    try:
        assert len(decompress(body, encoding, 1000).body) <= 1000
    except TooLargeError:
        assert len(body) > 1
