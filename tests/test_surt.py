"""Keys are those of pywb and cdxj-indexer: the expected ones were made with their library."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.surt import surt

KEYS = {
    "http://www.js.chinanews.com.cn/news/2025/0227/230110.html": "cn,com,chinanews,js)/news/2025/0227/230110.html",
    "http://example.com": "com,example)/",
    "https://WWW2.Example.com:443/A/B/?b=2&a=1": "com,example)/a/b?a=1&b=2",
    "http://example.com:8080/x": "com,example:8080)/x",
    "https://example.com:80/x": "com,example:80)/x",
    "http://user:word@example.com/#top": "com,example)/",
    "http://example.com/?": "com,example)/",
    "http://example.com/a//b/../c/./d": "com,example)/a/c/d",
    "http://example.com/../../a": "com,example)/a",
    "http://example.com/%7Efoo/%41%e4%bd%a0": "com,example)/~foo/a%e4%bd%a0",
    "http://example.com/%2e%2e/a": "com,example)/../a",
    "http://example.com/a%25b%2525": "com,example)/a%25b%25",
    "http://example.com/%23a%3Fb": "com,example)/%23a?b",
    "http://example.com/你好?q=中文": "com,example)/%e4%bd%a0%e5%a5%bd?q=%e4%b8%ad%e6%96%87",
    "http://例子.中国/路": "xn--fiqs8s,xn--fsqu00a)/%e8%b7%af",
    "http://example.com/a b": "com,example)/a%20b",
    "http://example.com/?z=1&A=2&a=1": "com,example)/?a=1&a=2&z=1",
    "http://example.com/?a-b=1&a=1": "com,example)/?a=1&a-b=1",
    "http://example.com/?b=%26a&a": "com,example)/?a&a&b=",
    "http://example.com/x?PHPSESSID=0123456789abcdef0123456789abcdef&a=1": "com,example)/x?a=1",
    "http://example.com/x?a=2&CFID=12&CFTOKEN=34": "com,example)/x?&a=2",
    "http://example.com/x/(S(4hqa0555fwsecu455xqckv45))/a.aspx?b=1": "com,example)/x/a.aspx?b=1",
    "http://1.2.3.4/x": "4,3,2,1)/x",
    "http://[::1]:8080/x": "::1:8080)/x",
    "http://www.com/": "com)/",
    "http://example.com:12345678901/x": "com:12345678901,example)/x",
    "http://www.www.example.com/x": "com,example,www)/x",
    "http://www-1.example.com/": "com,example,www-1)/",
    "  http://example.com./a\tb\n ": "com,example)/ab",
    "www.example.com/x": "com,example)/x",
    "ftp://example.com/x": "com,example)/x",
    "urn:pageinfo:http://x": "urn:pageinfo:http://x",
    "dns:example.com": "dns:example.com",
}


@pytest.mark.parametrize(("url", "key"), KEYS.items(), ids=KEYS.keys())
def test_an_address_gets_the_key_of_pywb(url: str, key: str) -> None:
    assert surt(url) == key


@given(st.text(max_size=60))
def test_any_text_gives_one_word_of_ascii(text: str) -> None:
    key = surt(f"http://www.js.sample.test/{text}")
    assert key.isascii()
    assert not set(key) & set(" \t\r\n")


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    assert isinstance(surt(text), str)
