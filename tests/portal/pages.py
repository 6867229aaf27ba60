"""From a request to its answer: the plain file, what a response changes of it, and 304 for what the client has."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.portal.answers import Answer
from tests.portal.requests import Request
from tests.portal.responses import Response, is_inside

# As regional branches send them: no charset for pages, the declaration inside has to do.
CONTENT_TYPES = {
    ".html": "text/html",
    ".shtml": "text/html",
    ".htm": "text/html",
    "": "text/html",
    ".css": "text/css",
    ".js": "application/javascript",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".xml": "text/xml",
    ".txt": "text/plain",
}
NOT_FOUND_PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>页面不存在</title></head>
<body><h1>404</h1><p>抱歉，您访问的页面不存在，或已被删除。</p><p><a href="/">返回首页</a></p></body></html>
"""
STATUS_PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
)

_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
_DAY = re.compile(r"(20\d\d)[/-]?(0[1-9]|1[0-2])[/-]?(0[1-9]|1\d|2[0-8])(?!\d)")


def answer_request(request: Request, response: Response, folder: Path, *, now: datetime) -> Answer:
    """Return the answer to a request, as `response` (empty: the plain file) changes it.

    A page that the client has already gives 304.
    """
    answer = _apply(response, _read_page(request, response, folder), request)
    if answer.status == 200 and _is_unchanged(answer, request):
        kept = tuple(
            (name, value) for name, value in answer.headers if name.lower() not in {"content-type", "content-length"}
        )
        answer = replace(answer, status=304, reason=None, headers=kept, body=b"", framing="length", cut_at=None)
    return replace(answer, headers=(("Server", "nginx"), ("Date", http_date(now)), *answer.headers))


def http_date(moment: datetime) -> str:
    """Return a moment as HTTP writes it (RFC 9110, 5.6.7)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def find_page(request: Request, folder: Path) -> Path | None:
    """Return the file that a request asks for, None if there is none below its host's folder."""
    path = unquote(urlsplit(request.target).path)
    if not _HOST.fullmatch(request.host) or "\0" in path:
        return None
    root = folder / "hosts" / request.host
    file = root / path.lstrip("/") / ("index.html" if path.endswith("/") else "")
    return file if is_inside(file, root) else None


def _read_page(request: Request, response: Response, folder: Path) -> bytes | None:
    """Return the plain body, None where a page about the status takes its place."""
    if "body" in response:
        return response["body"]
    if "file" in response:
        return (folder / response["file"]).read_bytes()
    if response.get("status", 200) != 200:
        return None
    page = find_page(request, folder)
    return page.read_bytes() if page else None


def _apply(response: Response, page: bytes | None, request: Request) -> Answer:
    status = response.get("status", 404 if page is None else 200)
    body = _status_page(status, response.get("reason")) if page is None else page
    headers = {"Content-Type": "text/html" if page is None else _content_type(request)}
    if status == 200:
        headers |= {"Last-Modified": _last_modified(request, body), "ETag": _etag(body)}
    return Answer(
        status=status,
        reason=response.get("reason"),
        headers=_merge(headers, response),
        body=body,
        framing=response.get("framing", "length"),
        coding=response.get("coding"),
        cut_at=response.get("cut_at"),
        delay_seconds=response.get("delay_seconds", 0.0),
    )


def _merge(headers: dict[str, str], response: Response) -> tuple[tuple[str, str], ...]:
    changed = response.get("headers", {})
    names = {name.lower() for name in changed}
    kept = {name: value for name, value in headers.items() if name.lower() not in names}
    return tuple((name, value) for name, value in {**kept, **changed}.items() if value)


def _content_type(request: Request) -> str:
    path = urlsplit(request.target).path
    suffix = "" if path.endswith("/") else Path(path).suffix.lower()
    return CONTENT_TYPES.get(suffix, "application/octet-stream")


def _status_page(status: int, reason: str | None) -> bytes:
    if status in {404, 410}:
        return NOT_FOUND_PAGE.encode()
    phrase = reason or (HTTPStatus(status).phrase if status in set(HTTPStatus) else "")
    return STATUS_PAGE.format(f"{status} {phrase}".strip()).encode()


def _etag(body: bytes) -> str:
    return f'"{sha256(body).hexdigest()[:16]}"'


def _last_modified(request: Request, body: bytes) -> str:
    """Return a moment of the day in the URL, or of some day in 2025; the body decides on the rest.

    The file's own time would change with every fresh clone.
    """
    number = int.from_bytes(sha256(body).digest()[:6])
    named = _DAY.search(request.target)
    day = datetime.strptime("".join(named.groups() if named else ("20250101",)), "%Y%m%d").replace(tzinfo=UTC)
    return http_date(day + timedelta(days=0 if named else number % 365, seconds=number % 86_400))


def _is_unchanged(answer: Answer, request: Request) -> bool:
    """Tell whether the client's copy is still good (RFC 9110, 13.2.2: the ETag is asked before the date)."""
    if request.method not in {"GET", "HEAD"}:
        return False
    if (etags := request.header("If-None-Match")) is not None:
        known = {etag.strip().removeprefix("W/") for etag in etags.split(",")}
        return "*" in known or (answer.header("ETag") or "").removeprefix("W/") in known
    # nginx too wants the very date that it sent, not a later one.
    since = request.header("If-Modified-Since")
    return since is not None and since == answer.header("Last-Modified")
