"""WARC and ARC files made by hand, as other tools write them, for the tests of checking and reading."""

import gzip
import hashlib
from base64 import b32encode
from uuid import UUID

URL = "http://www.js.sample.test/news/2025/0227/230110.html"
DATE = "2025-02-27T10:15:00Z"
BODY = "<h1>苏州园区举办龙舟邀请赛</h1>".encode("gb18030")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=gb2312\r\nContent-Length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)
ASKED = b"GET /news/2025/0227/230110.html HTTP/1.1\r\nHost: www.js.sample.test\r\n\r\n"
RESPONSE = "application/http;msgtype=response"
REQUEST = "application/http;msgtype=request"
PROFILE = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
ARC_HEAD = b"1 0 Example\nURL IP-address Archive-date Content-type Archive-length\n"


def name(number: int) -> str:
    """Return a record id in angle brackets."""
    return f"<{UUID(int=number).urn}>"


def sha1(content: bytes) -> str:
    """Return a labelled digest."""
    return f"sha1:{b32encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode()}"


def record(record_type: str, number: int, block: bytes = b"", *, version: str = "1.1", **fields: str | None) -> bytes:
    """Return a record with the mandatory headers; underscores in names stand for hyphens, None leaves a header out."""
    headers: dict[str, str | None] = {"WARC-Type": record_type, "WARC-Record-ID": name(number), "WARC-Date": DATE}
    if record_type not in {"warcinfo", "metadata"}:
        headers["WARC-Target-URI"] = URL
    headers |= {key.replace("_", "-"): value for key, value in fields.items()}
    headers.setdefault("Content-Length", str(len(block)))
    lines = "".join(f"{key}: {value}\r\n" for key, value in headers.items() if value is not None)
    return f"WARC/{version}\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"


def warcinfo(number: int = 1, **fields: str | None) -> bytes:
    """Return the record that begins a file."""
    return record("warcinfo", number, b"software: wget/1.21\r\n", Content_Type="application/warc-fields", **fields)


def response(number: int = 3, block: bytes = ANSWER, **fields: str | None) -> bytes:
    """Return a response record."""
    return record("response", number, block, **({"Content_Type": RESPONSE} | fields))


def request(number: int = 2, block: bytes = ASKED, **fields: str | None) -> bytes:
    """Return a request record."""
    return record("request", number, block, **({"Content_Type": REQUEST} | fields))


def members(*records: bytes) -> bytes:
    """Return records with a gzip member for each."""
    return b"".join(gzip.compress(one, mtime=0) for one in records)


def arc_records() -> list[bytes]:
    """Return the records of an ARC file of version 1 with one page."""
    first = b"filedesc://example.arc 0.0.0.0 20050227101500 text/plain %d\n%b\n" % (len(ARC_HEAD), ARC_HEAD)
    page = f"{URL} 192.0.2.7 20050227101500 text/html {len(ANSWER)}\n".encode() + ANSWER + b"\n"
    return [first, page]
