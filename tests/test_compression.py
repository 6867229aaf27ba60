"""Gzip members and Base32 that are made without a library are what the libraries make."""

import gzip
import random
from base64 import b32encode

import pytest

from archive.compression import compress_member, store_member
from archive.labels import decode_sha1, encode_sha1


@pytest.mark.parametrize("length", [0, 1, 65_534, 65_535, 65_536, 131_070, 200_000])
def test_a_stored_member_holds_its_bytes_and_is_hardly_longer(length: int) -> None:
    content = random.Random(length).randbytes(length)
    member = store_member(content)
    assert gzip.decompress(member) == content
    assert len(member) <= length + 18 + 5 * (1 + length // 65_535)


def test_a_compressed_member_holds_its_bytes() -> None:
    content = "中新网江苏新闻".encode("gb18030") * 1000
    assert gzip.decompress(compress_member(content)) == content


def test_sha1_is_written_in_base32_as_the_standard_library_writes_it() -> None:
    chance = random.Random(20)
    digests = [bytes(20), b"\xff" * 20, *(chance.randbytes(20) for _ in range(200))]
    assert [encode_sha1(digest) for digest in digests] == [b32encode(digest).decode() for digest in digests]
    assert [decode_sha1(encode_sha1(digest)) for digest in digests] == digests


@pytest.mark.parametrize("text", ["", "A" * 31, "A" * 33, "a" * 32, "A" * 31 + "1", "A" * 31 + "_", " " + "A" * 31])
def test_other_text_is_no_sha1(text: str) -> None:
    with pytest.raises(ValueError, match="no sha1"):
        decode_sha1(text)
