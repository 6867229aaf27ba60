"""Serve a portal's folder on loopback, with hooks by which tests change an answer while it runs."""

import asyncio
import socket
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Self, Unpack

from tests.portal.answers import Answer, render, render_head
from tests.portal.pages import answer_request
from tests.portal.requests import BadRequestError, Request, read_request
from tests.portal.responses import Response, ResponsesError, load_responses, normal_url

MAX_HEAD_BYTES = 256 * 1024
STOP_SECONDS = 5


class PortalServer:
    """A server of one portal's folder on a free port, while it is used as a context manager.

    All hosts are served at one address: the Host header tells them apart. The hooks may be called from any thread,
    before the start as well; they hold from the next request on.
    """

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        if not (folder / "hosts").is_dir():
            raise ResponsesError(f"{folder}: has no folder 'hosts'; name the folder of a portal")
        self.folder = folder
        self._host = host
        # None stands for a page that was taken away, bytes for all that goes over the wire.
        self._responses: dict[str, Response | bytes | None] = {**load_responses(folder)}
        self._plain_responses = dict(self._responses)
        self._used: Counter[str] = Counter()
        self._failing: set[str] = set()
        self._seen: list[Request] = []
        self._changed = Condition()

    @property
    def address(self) -> str:
        """Where it listens, e.g. `127.0.0.1:40123`."""
        host, port = self._listener.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def requests(self) -> list[Request]:
        """The requests seen so far, in order."""
        with self._changed:
            return list(self._seen)

    def wait_for_request(self, *, count: int = 1, timeout_seconds: float = 30) -> Request:
        """Wait until `count` requests in all have been seen, and return the last of them.

        Raises TimeoutError if they do not come.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._seen) >= count, timeout_seconds):
                raise TimeoutError(f"{len(self._seen)} of {count} requests came within {timeout_seconds} seconds")
            return self._seen[count - 1]

    def override(self, url: str, **response: Unpack[Response]) -> None:
        """Answer a URL otherwise from now on, with the keys of `responses.toml`, or with a `body`.

        A body alone is an edited page: it comes with an ETag and Last-Modified of its own.
        """
        self._set(url, response)

    def override_bytes(self, url: str, wire: bytes) -> None:
        """Answer a URL with these bytes, head and all, and drop the connection."""
        self._set(url, wire)

    def remove(self, url: str) -> None:
        """Take a page away: 404 from now on."""
        self._set(url, None)

    def restore(self, url: str) -> None:
        """Answer a URL again as the folder says."""
        key = normal_url(url)
        self._set(url, self._plain_responses.get(key, {}))

    def fail(self, host: str) -> None:
        """Drop every connection on which a request for this host comes, without an answer."""
        with self._changed:
            self._failing.add(host)

    def mend(self, host: str) -> None:
        """Answer a host again."""
        with self._changed:
            self._failing.discard(host)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(
            (self._host, 0), family=socket.AF_INET6 if ":" in self._host else socket.AF_INET
        )
        self._ready = Event()
        self._thread = Thread(target=lambda: asyncio.run(self._serve()), name="sample portal", daemon=True)
        self._thread.start()
        self._ready.wait(STOP_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(STOP_SECONDS)

    def _set(self, url: str, response: Response | bytes | None) -> None:
        with self._changed:
            self._responses[normal_url(url)] = response
            self._used.pop(normal_url(url), None)

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._conversations: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}
        server = await asyncio.start_server(self._converse, sock=self._listener, limit=MAX_HEAD_BYTES)
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for writer in self._conversations.values():
            writer.transport.abort()
        if tasks := [task for task in self._conversations if task]:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._conversations[asyncio.current_task()] = writer
        try:
            while (request := await read_request(reader)) and await self._reply(request, writer):
                pass
        except (BadRequestError, asyncio.LimitOverrunError):
            writer.write(render(Answer(status=400, headers=(("Connection", "close"),))))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            self._conversations.pop(asyncio.current_task())
            writer.close()

    async def _reply(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer a request, and tell whether the connection goes on."""
        response, fails = self._note(request)
        if fails:
            return False
        if isinstance(response, bytes):
            writer.write(response)
            await writer.drain()
            return False
        answer = answer_request(request, response, self.folder, now=datetime.now(UTC))
        goes_on = request.keeps_alive and not answer.ends_the_connection
        says_close = answer.framing == "close" or not request.keeps_alive
        if not answer.header("Connection"):
            answer = replace(answer, headers=(*answer.headers, ("Connection", "close" if says_close else "keep-alive")))
        if answer.delay_seconds and await self._stops_within(answer.delay_seconds):
            return False
        writer.write(render_head(answer) if request.method == "HEAD" else render(answer))
        await writer.drain()
        return goes_on

    def _note(self, request: Request) -> tuple[Response | bytes, bool]:
        """Keep a request, and return what answers it (empty: the plain file) and whether its host fails."""
        url = f"http://{request.host}{request.target}"
        with self._changed:
            self._seen.append(request)
            self._changed.notify_all()
            response = self._responses.get(url, {})
            if isinstance(response, dict):
                self._used[url] += 1
                if self._used[url] > response.get("first", self._used[url]):
                    response = {}
            return ({"status": 404} if response is None else response), request.host in self._failing

    async def _stops_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True
