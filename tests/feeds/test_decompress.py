"""Decompression is bounded and forgiving."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.feeds.decompress import ACCEPT_ENCODING, Plain, TooLargeError, UnknownEncodingError, decompress

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

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
        (brotli.compress(BODY), "br", Plain(BODY)),
        (brotli.compress(gzip.compress(BODY)), "gzip, br", Plain(BODY)),
        (BODY, "br", Plain(BODY)),
        (zstd.compress(BODY), "zstd", Plain(BODY)),
        (zstd.compress(BODY) + zstd.compress(BODY), "zstd", Plain(BODY + BODY)),
        (zstd.compress(BODY) + b"garbage", "zstd", Plain(BODY)),
        (BODY, "zstd", Plain(BODY)),
    ],
    ids=range(17),  # the bytes hold the time at which they were compressed
)
def test_layers(body: bytes, encoding: str, want: Plain) -> None:
    assert decompress(body, encoding, 100_000) == want


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress, "deflate": zlib.compress, "br": lambda data: brotli.compress(data, quality=5),
    "zstd": zstd.compress,
}  # fmt: skip
VARIED = b"".join(b"<item>%d</item>" % (number * number) for number in range(30_000))


def test_all_that_is_asked_for_can_be_undone() -> None:
    assert ACCEPT_ENCODING.split(", ") == list(ENCODERS)
    for name, encode in ENCODERS.items():
        assert decompress(encode(VARIED), name, len(VARIED)) == Plain(VARIED)


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_a_cut_stream_keeps_its_beginning(name: str) -> None:
    result = decompress(ENCODERS[name](VARIED)[:-20], name, 1_000_000)
    assert not result.complete
    assert len(result.body) > 50_000
    assert result.body == VARIED[: len(result.body)]


@pytest.mark.parametrize("name", ["br", "zstd"])
def test_a_stream_that_breaks_keeps_its_beginning(name: str) -> None:
    stream = ENCODERS[name](VARIED)
    result = decompress(stream[:-8000] + bytes(8000), name, 1_000_000)
    assert not result.complete
    assert result.body == VARIED[: len(result.body)]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("name", ENCODERS)
def test_a_bomb_ends_at_the_limit(name: str, layers: int) -> None:
    bomb = b"\0" * 20_000_000
    for _ in range(layers):
        bomb = ENCODERS[name](bomb)
    with pytest.raises(TooLargeError):
        decompress(bomb, ", ".join([name] * layers), 1_000_000)


def test_a_window_beyond_the_standards_is_not_opened() -> None:
    level: dict[int, int] = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.content_size_flag: 0}
    writer = zstd.ZstdCompressor(options=level)
    wide = writer.compress(VARIED) + writer.flush()
    assert decompress(wide, "zstd", 1_000_000) == Plain(b"", complete=False)


@pytest.mark.parametrize("encoding", ["compress", "gzip, exi", "gzip,gzip,gzip,gzip"])
def test_what_was_not_asked_for_is_refused(encoding: str) -> None:
    with pytest.raises(UnknownEncodingError):
        decompress(BODY, encoding, 100_000)


@given(st.binary(max_size=300), st.sampled_from(["", "gzip", "deflate", "deflate, gzip", "br", "zstd"]))
def test_any_bytes_are_bounded(body: bytes, encoding: str) -> None:
    try:
        assert len(decompress(body, encoding, 1000).body) <= 1000
    except TooLargeError:
        assert len(body) > 1
