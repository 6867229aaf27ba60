"""The pages among the records of WARC files: web pages that came whole, with the titles that stand in their markup."""

import codecs
import html
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime

from archive.capture import Capture, Head
from archive.errors import ArchiveError
from archive.members import ScannedRecord
from archive.wacz import PackedPage

PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# HTML Living Standard, 13.2.3.2: where browsers look for the encoding.
PRESCAN_BYTES = 1024
MAX_TITLE_CHARACTERS = 500

# Comments, scripts, styles and drawings may hold what looks like a title. Each goes to its end or that of the text, so
# that no text is searched twice.
TITLE = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<other>script|style|svg|noscript|textarea)\b.*?(?:</(?P=other)|\Z)"
    r"|<title(?:\s[^<>]*)?>(?P<title>.*?)(?P<end></title|\Z)",
    re.DOTALL | re.IGNORECASE,
)
META_CHARSET = re.compile(rb"<meta\b[^<>]*?\bcharset\s*=\s*[\"']?\s*([-\w.:]+)", re.IGNORECASE)
HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([-\w.:]+)", re.IGNORECASE)
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# WHATWG Encoding: what pages call by the old name is the larger set.
LARGER = {"gb2312": "gb18030", "gbk": "gb18030", "iso8859-1": "cp1252", "ascii": "cp1252"}


def find_page(record: ScannedRecord) -> PackedPage | None:
    """Return the page that a record holds, None for other records; its title is None where none can be read.

    A page is an answer with the status 200 in HTML, or a resource in HTML. The title must stand in the record's lead.
    """
    if record.type not in {"response", "resource"} or not record.url.startswith(("http://", "https://")):
        return None
    lead = record.lead
    if record.type == "resource":
        stated = record.value("Content-Type") or ""
        lead = f"HTTP/1.1 200 OK\r\nContent-Type: {stated}\r\n\r\n".encode() + lead
    capture = Capture(url=record.url, started_at=record.date, seconds=0, request=b"", response=lead)
    head = capture.head()
    if head is None or head.status != 200 or _media_type(head) not in PAGE_TYPES:
        return None
    return PackedPage(url=record.url, captured_at=record.date, record_id=record.record_id, title=_read_title(capture))


def read_title(markup: bytes, content_type: str = "") -> str | None:
    """Return the text of the first title of a page, in one line; None where there is none or it cannot be decoded.

    The encoding is that of the byte order mark, the Content-Type or the markup, in this order, else UTF-8.
    """
    marked = next((name for mark, name in MARKS if markup.startswith(mark)), None)
    stated = HEADER_CHARSET.search(content_type)
    written = META_CHARSET.search(markup[:PRESCAN_BYTES])
    label = marked or (stated[1] if stated else written[1].decode("latin-1") if written else "utf-8")
    try:
        name = codecs.lookup(label).name
        # Another record may cut the markup inside of a character; a title with one that is broken is none.
        text = markup.decode(LARGER.get(name, name), "replace").removeprefix("\ufeff")
    except LookupError:
        return None
    found = next((match for match in TITLE.finditer(text) if match["title"] is not None), None)
    if found is None or not found["end"]:
        return None
    title = " ".join(html.unescape(found["title"]).split())
    return title[:MAX_TITLE_CHARACTERS] if title and "\ufffd" not in title else None


class PageList:
    """Pages in a file that goes with it: of an archive of any size they need no memory."""

    def __init__(self) -> None:
        """Begin with none."""
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogatepass")  # noqa: SIM115 - see close

    def add(self, record: ScannedRecord) -> None:
        """Keep the page that a record holds, if it holds one."""
        if page := find_page(record):
            self._file.write(json.dumps(asdict(page) | {"captured_at": page.captured_at.isoformat()}) + "\n")

    def __iter__(self) -> Iterator[PackedPage]:
        """Yield the pages in the order in which they came."""
        self._file.seek(0)
        for line in self._file:
            fields = json.loads(line)
            yield PackedPage(**fields | {"captured_at": datetime.fromisoformat(fields["captured_at"])})

    def close(self) -> None:
        """Drop the file."""
        self._file.close()


def _read_title(capture: Capture) -> str | None:
    head = capture.head()
    try:
        return read_title(capture.body(), (head.value("content-type") if head else None) or "")
    except ArchiveError:
        # A content coding that is not known here: the page is one all the same.
        return None


def _media_type(head: Head) -> str:
    return (head.value("content-type") or "").partition(";")[0].strip().lower()
