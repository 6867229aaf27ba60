"""A request as the server saw it, read from a connection."""

import re
from asyncio import IncompleteReadError, StreamReader
from dataclasses import dataclass

# The first byte of a client that wants TLS (RFC 8446, 5.1); it would wait for ever.
TLS_HANDSHAKE = b"\x16"


class BadRequestError(Exception):
    """What came is no HTTP/1.x request that this server understands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. `host` is the Host header in lower case without port; `head` is the head as it came."""

    host: str
    target: str
    method: str
    headers: tuple[tuple[str, str], ...]
    version: str
    head: bytes
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first value of a header, None if there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def keeps_alive(self) -> bool:
        """Whether the client wants to go on with the connection."""
        return self.version == "HTTP/1.1" and (self.header("Connection") or "").lower() != "close"


async def read_request(reader: StreamReader) -> Request | None:
    """Return the next request of a connection, None at its end; BadRequestError for anything else."""
    try:
        head = await reader.readexactly(1)
        if head == TLS_HANDSHAKE:
            raise BadRequestError
        head += await reader.readuntil(b"\r\n\r\n")
    except IncompleteReadError as error:
        if error.partial:
            raise BadRequestError from error
        return None
    line, *fields = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    words = line.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[1].startswith("/"):
        raise BadRequestError
    headers = tuple((name, value.strip()) for name, _, value in (field.partition(":") for field in fields))
    values = {name.lower(): value for name, value in headers}
    length = values.get("content-length", "0")
    if "host" not in values or "transfer-encoding" in values or not length.isdigit():
        raise BadRequestError
    return Request(
        host=re.sub(r":\d*$", "", values["host"]).lower(),
        target=words[1],
        method=words[0],
        headers=headers,
        version=words[2],
        head=head,
        body=await reader.readexactly(int(length)),
    )
