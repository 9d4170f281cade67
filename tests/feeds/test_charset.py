"""Documents of any encoding become UTF-8."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.feeds.charset import to_utf8


def document(text: str, encoding: str, declared: str | None = None) -> bytes:
    return f'<?xml version="1.0" encoding="{declared or encoding}"?><t>{text}</t>'.encode(encoding)


@pytest.mark.parametrize(
    ("body", "content_type", "want"),
    [
        (document("café €", "utf-8"), "", "café €"),
        (document("café €", "utf-8"), "text/xml; charset=ISO-8859-1", "café €"),
        (document("café €", "utf-8", "iso-8859-1"), "", "café €"),
        (document("café €", "cp1252", "utf-8"), "", "café €"),
        (document("café €", "cp1252", "iso-8859-1"), "", "café €"),
        (document("café", "latin-1", "x-nonesuch"), "", "café"),
        (document("Сбербанк", "cp1251"), "", "Сбербанк"),
        (document("Сбербанк", "cp1251", "utf-8"), 'text/xml; charset="windows-1251"', "Сбербанк"),
        (document("日経平均", "shift_jis"), "", "日経平均"),
        (document("日経平均", "iso2022_jp"), "", "日経平均"),
        (document("镕基股市", "gbk", "gb2312"), "", "镕基股市"),
        (document("恒生指數裏", "big5hkscs", "big5"), "", "恒生指數裏"),
        (codecs.BOM_UTF16_LE + document("日経", "utf-16-le", "utf-16"), "", "日経"),
        (codecs.BOM_UTF8 + document("日経", "utf-8", "utf-16"), "text/xml; charset=big5", "日経"),
        (document("日経", "utf-16-be", "utf-16"), "", "日経"),
        (document("日経平均", "utf-8")[:-4] + b"\xff</t>", "", "日経平均"),
        (document("+ADw-script+AD4-", "ascii", "utf-7"), "", "+ADw-script+AD4-"),
    ],
)
def test_to_utf8(body: bytes, content_type: str, want: str) -> None:
    result = to_utf8(body, content_type)
    assert result.startswith(codecs.BOM_UTF8)
    assert want in result.decode("utf-8")


@given(st.binary(max_size=200), st.text(max_size=30))
def test_always_gives_utf8(body: bytes, content_type: str) -> None:
    to_utf8(body, content_type).decode("utf-8")
