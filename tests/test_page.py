"""Bytes become text: charsets, wrong labels, damaged bytes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.reading.extract.wording import clean
from crawler.reading.page import Page, decode_page

CAPTURED_AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
# 喆, 镕 and 䔧 are outside of GB2312; the last one is outside of GBK, too.
SENTENCE = "　　记者胡喆、侯文坤报道，镕基楼前的刺䔧花开了。"


def decode(body: bytes, content_type: str | None = None) -> Page:
    return decode_page(body, url="http://www.js.sample.test/", content_type=content_type, captured_at=CAPTURED_AT)


def test_a_gb2312_page_keeps_its_gbk_characters() -> None:
    html = f'<meta http-equiv="Content-Type" content="text/html; charset=gb2312"><p>{SENTENCE}'
    page = decode(html.encode("gb18030"))
    assert page.html == html
    assert (page.encoding.declared, page.encoding.used, page.encoding.replacement_chars) == ("gb2312", "gb18030", 0)


@pytest.mark.parametrize("label", ["utf-8", "iso-8859-1", "ISO-8859-1", "windows-1252", "us-ascii"])
def test_a_wrong_header_does_not_beat_the_bytes(label: str) -> None:
    html = f"<meta charset=gb2312><p>{SENTENCE}"
    page = decode(html.encode("gb18030"), f"text/html; charset={label}")
    assert page.html == html
    assert page.encoding.declared == label.lower()
    assert page.encoding.used == "gb18030"


def test_a_page_in_utf8_that_declares_gb2312_is_read_as_utf8() -> None:
    html = f"<meta charset=gb2312><p>{SENTENCE}"
    assert decode(html.encode()).html == html


def test_a_page_without_a_label_is_tried_as_utf8_and_then_as_gb18030() -> None:
    assert decode(SENTENCE.encode()).encoding.used == "utf-8"
    assert decode(SENTENCE.encode("gb18030")).html == SENTENCE


def test_one_bad_byte_is_no_reason_to_change_the_charset() -> None:
    page = decode(f"<meta charset=utf-8><p>{SENTENCE}".encode() + b"\xff</p>")
    assert page.encoding.used == "utf-8"
    assert page.encoding.replacement_chars == 1


def test_a_fragment_in_gbk_leaves_a_utf8_page_in_utf8() -> None:
    page = decode(f"<meta charset=utf-8><p>{SENTENCE}".encode() + "<!--赵谦-->".encode("gbk"))
    assert page.encoding.used == "utf-8"
    assert SENTENCE in page.html


def test_one_bad_byte_leaves_a_gb2312_page_in_gb18030() -> None:
    page = decode(f"<meta charset=gb2312><p>{SENTENCE}".encode("gb18030") + b"\xff</p>")
    assert SENTENCE in page.html
    assert page.encoding.replacement_chars == 1


def test_a_byte_order_mark_beats_header_and_label() -> None:
    page = decode(b"\xef\xbb\xbf" + f"<meta charset=gb2312>{SENTENCE}".encode(), "text/html; charset=gbk")
    assert page.html == f"<meta charset=gb2312>{SENTENCE}"
    assert page.encoding.used == "utf-8"


def test_the_indent_a3a0_becomes_an_ideographic_space() -> None:
    assert decode(b"<meta charset=gbk><p>\xa3\xa0\xa3\xa0" + "开幕".encode("gbk")).html.endswith("　　开幕")


def test_byte_80_in_gbk_is_the_euro_sign() -> None:
    assert decode("<meta charset=gbk>约".encode("gbk") + b"\x80300").html.endswith("约€300")


def test_a_traditional_page_in_big5_is_read_by_its_label() -> None:
    assert decode("<meta charset=big5>中國新聞社".encode("big5")).html.endswith("中國新聞社")


def test_control_characters_go_and_text_is_composed() -> None:
    assert decode("a\x00b\x0bcafe\u0301".encode()).html == "abcaf\u00e9"


@pytest.mark.parametrize("label", ["base64", "unicode_escape", "no-such-charset", "utf-7", "undefined", "hex"])
def test_a_label_that_names_no_charset_of_pages_is_passed_over(label: str) -> None:
    page = decode(f"<meta charset={label}>{SENTENCE}".encode(), f"text/html; charset={label}")
    assert page.html.endswith(SENTENCE)
    assert page.encoding.declared == label


def test_a_header_that_says_gb2312_means_gb18030_too() -> None:
    page = decode(SENTENCE.encode("gb18030"), "text/html; charset=GB2312")
    assert (page.html, page.encoding.declared, page.encoding.used) == (SENTENCE, "gb2312", "gb18030")


def test_a_header_without_a_charset_leaves_the_word_to_the_meta_label() -> None:
    page = decode(
        b"<META http-equiv=Content-Type content='text/html; CHARSET=GBK'>" + SENTENCE.encode("gb18030"), "text/html"
    )
    assert (page.encoding.declared, page.html[-len(SENTENCE) :]) == ("gbk", SENTENCE)


def test_a_label_in_a_comment_is_none_and_one_in_an_xml_declaration_is_one() -> None:
    commented = decode(b"<!-- <meta charset=utf-8> -->" + SENTENCE.encode("gb18030"))
    assert (commented.encoding.declared, commented.encoding.used) == (None, "gb18030")
    declared = decode(b'<?xml version="1.0" encoding="gb2312"?>' + SENTENCE.encode("gb18030"))
    assert (declared.encoding.declared, declared.html[-len(SENTENCE) :]) == ("gb2312", SENTENCE)


def test_full_width_characters_stay_as_they_are() -> None:
    text = "开幕，他说：“（好）！？；”①㈱１２Ａ　完"
    for label, codec in (("utf-8", "utf-8"), ("gb2312", "gb18030")):
        assert decode(f"<meta charset={label}>{text}".encode(codec)).html.endswith(text)


def test_a_replacement_character_that_the_page_holds_is_no_loss_of_ours() -> None:
    page = decode(f"<meta charset=utf-8>{SENTENCE}\ufffd".encode())
    assert (page.html[-1], page.encoding.replacement_chars) == ("\ufffd", 0)


def test_indents_and_invisible_characters_go_and_inner_ideographic_spaces_stay() -> None:
    assert clean("　　记者\u3000王远\u200b报道\ufeff，渡口开航\u200b。　\n") == "记者\u3000王远报道，渡口开航。"


@given(
    st.binary(max_size=300),
    st.sampled_from([None, "text/html", "text/html; charset=gbk", "charset=", "; charset=utf-16"]),
)
def test_any_bytes_become_text(body: bytes, content_type: str | None) -> None:
    page = decode(body, content_type)
    assert page.encoding.replacement_chars >= 0
    assert "\x00" not in page.html


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=12, max_size=60))
def test_chinese_text_survives_either_charset_under_its_label(text: str) -> None:
    for label, codec in (("gb2312", "gb18030"), ("utf-8", "utf-8")):
        assert text in decode(f"<meta charset={label}><p>{text}</p>".encode(codec)).html
