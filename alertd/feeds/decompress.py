"""Decompression with a bound, for `Content-Encoding` and for documents that are gzip files themselves."""

from __future__ import annotations

import sys
import zlib
from dataclasses import dataclass

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ACCEPT_ENCODING = "gzip, deflate, br, zstd"
"""What is asked for, and nothing that `decompress` cannot undo."""
ZSTD_WINDOW = 23
"""Logarithm of the largest window of a zstd frame, 8 MB: RFC 9659 allows no larger one in HTTP."""

_KNOWN = ("gzip", "x-gzip", "deflate", "br", "zstd", "identity")
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_MAX_LAYERS = 3
_MAX_MEMBERS = 1_000
_CHUNK = 64 * 1024


class TooLargeError(ValueError):
    """The document is larger than its limit once decompressed."""


class UnknownEncodingError(ValueError):
    """The body is compressed in a way that was not asked for."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A decompressed body; `complete` is False when its compressed form ended or broke early."""

    body: bytes
    complete: bool = True


def decompress(body: bytes, encoding: str, limit: int) -> Plain:
    """Undo all layers of compression.

    A body that is not compressed although the header says so is returned as it is; what follows a complete gzip
    stream and is not another one is ignored.

    Args:
        body: as received.
        encoding: value of the Content-Encoding header, or "".
        limit: bytes that the result may have.

    Raises:
        TooLargeError: a layer is larger than the limit.
        UnknownEncodingError: an encoding that cannot be undone.
    """
    layers = [name.strip().lower() for name in encoding.split(",") if name.strip()]
    unknown = [name for name in layers if name not in _KNOWN]
    if unknown or len(layers) > _MAX_LAYERS:
        raise UnknownEncodingError(", ".join(unknown or layers)[:60])
    result = Plain(body)
    for name in reversed(layers):
        if name == "deflate":
            result = _inflate(result, limit)
        elif name == "br":
            result = _unbrotli(result, limit)
        elif name == "zstd":
            result = _unzstd(result, limit)
    for _ in range(_MAX_LAYERS):
        if not result.body.startswith(_GZIP):
            break
        result = _gunzip(result, limit)
    if len(result.body) > limit:
        raise TooLargeError
    return result


def _gunzip(source: Plain, limit: int) -> Plain:
    data, out, position = source.body, bytearray(), 0
    for _ in range(_MAX_MEMBERS):
        if not data.startswith(_GZIP, position):
            break
        member = zlib.decompressobj(wbits=31)
        while not member.eof and position < len(data):
            chunk = data[position : position + _CHUNK]
            position += len(chunk)
            try:
                out += member.decompress(chunk, limit + 1 - len(out))
            except zlib.error:
                return Plain(bytes(out), complete=False)
            if len(out) > limit:
                raise TooLargeError
        if not member.eof:
            return Plain(bytes(out), complete=False)
        position -= len(member.unused_data)
    return Plain(bytes(out), source.complete)


def _inflate(source: Plain, limit: int) -> Plain:
    """Undo "deflate": zlib by the standard, a raw stream by some servers."""
    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        stream = zlib.decompressobj(wbits=bits)
        try:
            out = stream.decompress(source.body, limit + 1)
        except zlib.error:
            continue
        if len(out) > limit:
            raise TooLargeError
        return Plain(out, source.complete and stream.eof)
    return source


def _unbrotli(source: Plain, limit: int) -> Plain:
    """Undo "br" (RFC 7932); there is no mark at its start, so what cannot be undone at all counts as plain."""
    out, stream, position = bytearray(), brotli.Decompressor(), 0
    while not stream.is_finished():
        chunk = b""
        if stream.can_accept_more_data():
            if position >= len(source.body):
                return Plain(bytes(out), complete=False)
            chunk = source.body[position : position + _CHUNK]
            position += len(chunk)
        try:
            # it gives some more than that, never more than its buffer
            out += stream.process(chunk, output_buffer_limit=limit + 1 - len(out))
        except brotli.error:
            return Plain(bytes(out), complete=False) if out else source
        if len(out) > limit:
            raise TooLargeError
    return Plain(bytes(out), source.complete)


def _unzstd(source: Plain, limit: int) -> Plain:
    """Undo "zstd" (RFC 8878), one frame after another."""
    data, out, position = source.body, bytearray(), 0
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW}
    for _ in range(_MAX_MEMBERS):
        if not data.startswith(_ZSTD, position):
            break
        frame = zstd.ZstdDecompressor(options=options)
        while not frame.eof and (position < len(data) or not frame.needs_input):
            chunk = data[position : position + _CHUNK] if frame.needs_input else b""
            position += len(chunk)
            try:
                out += frame.decompress(chunk, limit + 1 - len(out))
            except zstd.ZstdError:
                return Plain(bytes(out), complete=False)
            if len(out) > limit:
                raise TooLargeError
        if not frame.eof:
            return Plain(bytes(out), complete=False)
        position -= len(frame.unused_data)
    return Plain(bytes(out), source.complete) if position else source
