"""`pressmark replay`: look at a collection in a browser, served by pywb on this machine alone."""

import signal
import socket
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from types import FrameType
from typing import Annotated

import typer

from archive.cdxj import look_up
from archive.files import OPEN_SUFFIX
from archive.surt import surt
from crawler.commands import terminal
from crawler.commands.environment import ready_environment
from crawler.commands.options import (
    INTERRUPTED,
    CollectionOption,
    DataOption,
    PortalOption,
    err,
    existing_collection,
    out,
)
from crawler.errors import CrawlerError, UsageError
from crawler.reading.portals import Portal, find_branch, find_portal
from crawler.store.collection import Collection
from crawler.store.state import State
from crawler.withholding import ACCESS_FILE, collections_under, find_withheld, write_access_rules

# pywb's own default would let the whole network in.
HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 10.0

# The server's standard input is a pipe that ends with us: so it ends too where we are killed and cannot tell it.
# gevent, which pywb runs on, stumbles over a thread that `threading` knows from before.
_WAYBACK = """
import _thread, os

def end_with_parent():
    while os.read(0, 1):
        pass
    os._exit(0)

_thread.start_new_thread(end_with_parent, ())
from pywb.apps.cli import wayback
wayback()
"""


class _StoppedError(Exception):
    """A signal has come."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def replay(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 takes a free one.")] = 8080,
    environment: Annotated[
        Path, typer.Option(metavar="DIR", help="The virtual environment that pywb is kept in.")
    ] = Path("~/.cache/pressmark/replay"),
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
) -> int:
    """Serve a collection on this machine, for a browser to look at. Ctrl-C ends it.

    pywb is installed into an environment of its own on first use. Nothing is written to the collection but what pywb is
    to withhold (takedowns.txt), so a crawl may go on meanwhile.

    Example: pressmark replay --port 8090
    """
    described = find_portal(portal)
    found = existing_collection(data, collection, described)
    for each in collections_under(data):
        if each.takedowns.exists() or (each.folder / "acl" / ACCESS_FILE).exists():
            write_access_rules(each, find_withheld(each))
    chosen = _free_port(port)
    try:
        with _signals():
            python = ready_environment(environment, lambda line: err.print(line, markup=False, soft_wrap=True))
            with _served(python, data, chosen) as server:
                for line in describe_addresses(found, described, f"http://{HOST}:{chosen}/{found.folder.name}"):
                    out.print(line, markup=False, soft_wrap=True)
                server.wait()
            raise CrawlerError("replay: pywb has ended by itself; start it again, or try another --environment")
    except _StoppedError as stopped:
        return INTERRUPTED + stopped.number


def _free_port(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UsageError(f"--port {port}: {error.strerror}; name another, or 0 for a free one") from error
        return int(probe.getsockname()[1])


@contextmanager
def _signals() -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into _StoppedError, so that every child is ended on the way out."""

    def stop(number: int, _frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise _StoppedError(number)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:
            signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _served(python: Path, data: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    """Serve the collections below `data` once pywb answers, and end it at the end."""
    words = [str(python), "-I", "-c", _WAYBACK, "-b", HOST, "-p", str(port), "-d", str(data.absolute())]
    server = subprocess.Popen(  # noqa: S603
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    said: deque[str] = deque(maxlen=20)
    # It writes a line for each request: they are read, so that it is never held up, and the last ones kept.
    reader = Thread(target=lambda: said.extend(server.stdout or ()), daemon=True)
    reader.start()
    try:
        _wait_until_served(server, port, said)
        yield server
    finally:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        reader.join(STOP_SECONDS)
        if server.stdin:
            server.stdin.close()


def _wait_until_served(server: "subprocess.Popen[str]", port: int, said: deque[str]) -> None:
    patience = monotonic() + START_SECONDS
    while server.poll() is None and monotonic() < patience:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        sleep(0.1)
    why = next((line.strip() for line in reversed(said) if line.strip()), "it does not answer")
    raise CrawlerError(f"replay: pywb does not start ({why}); try another --port, or another --environment")


def describe_addresses(collection: Collection, portal: Portal, root: str) -> Iterator[str]:
    """Yield what to tell of a collection that is served at an address: pages to open, and files left out."""
    yield f"Serving   {collection.folder} at {root}/"
    withheld = find_withheld(collection)
    if withheld.addresses:
        yield f"Withheld  {withheld.describe()}, by {collection.takedowns}"
    for name in withheld.unknown:
        yield f"Unknown   {name} in {collection.takedowns}: the collection holds no such article"
    for label, moment, url in _pages_to_open(collection, portal):
        if _is_served(collection, moment, url) and surt(url) not in withheld.surts():
            yield f"{label}{root}/{moment}/{url}"
    if left_out := len(list(collection.archive.glob(f"*{OPEN_SUFFIX}"))):
        yield f"Left out  {terminal.counted(left_out, 'WARC file')}, still being written: to be replayed once finished"
    yield "Ctrl-C ends it."


def _is_served(collection: Collection, moment: str, url: str) -> bool:
    """Tell whether pywb knows a page: what lies in a file that is still being written has no index line yet."""
    indexes = [path for path in collection.indexes.glob("*.cdxj") if not path.name.startswith(".")]
    return any(line.timestamp == moment for path in indexes for line in look_up(path, url))


def _pages_to_open(collection: Collection, portal: Portal) -> Iterator[tuple[str, str, str]]:
    """Yield the newest article and the home page of its branch, as a label, pywb's moment and the address."""
    state = State(collection.state, read_only=True)
    try:
        newest = state.versions.newest_of_all()
        if newest:
            yield "Article   ", _moment(newest.captured_at), newest.url
        branch = find_branch(portal, newest.url) if newest else None
        for each in (branch,) if branch else portal.branches:
            home = f"{each.scheme}://{each.hosts[0]}/"
            if captured := state.visits.capture(home):
                yield "Home page ", _moment(captured.captured_at), home
                return
    finally:
        state.shut()


def _moment(text: str) -> str:
    """Return the fourteen digits by which pywb names a capture."""
    return "".join(character for character in text if character.isdigit())[:14]
