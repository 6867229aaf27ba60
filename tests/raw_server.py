"""A server that sends exactly the bytes it is told to, and remembers the bytes it was sent."""

import socket
import ssl
import struct
import threading
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

WAIT_SECONDS = 20
TLS_HELLO = b"\x16\x03"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What to send, piece by piece, and how to go on.

    `then` is "keep" (wait for the next request), "close", "reset" (an unclean end) or "hold" (wait until the client
    goes). `once` replies are given to the first request on a connection; a second one is answered by closing it.
    """

    pieces: tuple[bytes, ...]
    then: str = "keep"
    once: bool = False


class RawServer:
    """Serves replies by the first label of the Host header, on 127.0.0.1 and ::1, with and without TLS.

    `others` are served on 127.0.0.1 as well, each with its own context and under its own name in `addresses`.
    """

    def __init__(
        self, replies: Mapping[str, Reply], tls: ssl.SSLContext, others: Mapping[str, ssl.SSLContext] | None = None
    ) -> None:
        self._replies = replies
        self._contexts = {"https4": tls, "https6": tls, **(others or {})}
        self._sockets = ExitStack()
        self._listeners: list[socket.socket] = []
        self.requests: dict[str, list[bytes]] = defaultdict(list)
        self.connections: dict[str, int] = defaultdict(int)
        self.addresses: dict[str, str] = {}

    def __enter__(self) -> Self:
        for name in ("http4", "http6", *self._contexts):
            family, host = (socket.AF_INET6, "::1") if name.endswith("6") else (socket.AF_INET, "127.0.0.1")
            listener = self._sockets.enter_context(socket.socket(family))
            listener.bind((host, 0))
            listener.listen(256)
            self._listeners.append(listener)
            self.addresses[name] = f"{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
            threading.Thread(target=self._accept, args=(listener, name), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for listener in self._listeners:
            # A close alone does not wake the thread that accepts.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
        self._sockets.close()

    def _accept(self, listener: socket.socket, transport: str) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.connections[transport] += 1
                threading.Thread(target=self._serve, args=(connection, transport), daemon=True).start()

    def _serve(self, connection: socket.socket, transport: str) -> None:
        with suppress(OSError), connection:
            connection.settimeout(WAIT_SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if transport in self._contexts:
                self._converse_in_tls(connection, transport)
            else:
                self._converse(connection, transport)

    def _converse_in_tls(self, connection: socket.socket, transport: str) -> None:
        context = self._contexts.get(transport, self._contexts["https4"])
        with context.wrap_socket(connection, server_side=True) as inner:
            self._converse(inner, transport)

    def _converse(self, connection: socket.socket, transport: str) -> None:
        answered = 0
        while request := _read_request(connection):
            if request.startswith(b"CONNECT "):
                connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                self._converse_in_tls(connection, transport)
                return
            name = _host(request).partition(".")[0]
            reply = self._replies[name]
            self.requests[f"{transport}/{name}"].append(request)
            if reply.once and answered:
                break
            answered += 1
            for piece in reply.pieces:
                connection.sendall(piece)
            if reply.then != "keep":
                _end(connection, reply.then)
                return
        _end(connection, "close")


def _read_request(connection: socket.socket) -> bytes:
    block = b""
    while b"\r\n\r\n" not in block:
        data = connection.recv(65536)
        if not data:
            return b""
        block += data
        if block.startswith(TLS_HELLO):
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return b""
    head, end, body = block.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields.get(b"content-length", b"0")):
        body += connection.recv(65536)
    return head + end + body


def _host(request: bytes) -> str:
    line = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"host:"))
    return line[5:].strip().decode("ascii")


def _end(connection: socket.socket, how: str) -> None:
    if how == "hold":
        connection.recv(1)
    elif how == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif isinstance(connection, ssl.SSLSocket):
        # The client may have gone away, or say nothing back.
        connection.unwrap()
