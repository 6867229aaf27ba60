"""`python -m tests.portal [--folder DIR] [-- COMMAND ARG...]`: serve a portal while a command runs.

`{address}` in the command's arguments becomes the server's address, its exit code becomes ours (128 + n for signal n).
Without a command the portal is served until Ctrl-C.
"""

import argparse
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event
from types import FrameType

from tests.portal.responses import ResponsesError
from tests.portal.server import PortalServer

SAMPLE = Path(__file__).parents[1] / "fixtures" / "portal"
WRONG_USAGE = 2
CANNOT_RUN = 126
NOT_FOUND = 127


def main(words: list[str]) -> int:
    """Serve, run the command that follows `--`, and return its exit code."""
    cut = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(
        prog="python -m tests.portal",
        usage="%(prog)s [--folder DIR] [-- COMMAND ARG...]",
        description="Serve a portal on loopback while COMMAND runs; {address} in its arguments becomes its address.",
    )
    parser.add_argument("--folder", type=Path, default=SAMPLE, metavar="DIR", help="the portal's folder")
    folder: Path = parser.parse_args(words[:cut]).folder
    try:
        with PortalServer(folder) as server:
            command = [word.replace("{address}", server.address) for word in words[cut + 1 :]]
            return _run(command) if command else _serve(server.address)
    except ResponsesError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_USAGE


def _run(command: list[str]) -> int:
    children: list[subprocess.Popen[bytes]] = []
    told: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        for child in children:
            child.send_signal(number)

    # Ctrl-C reaches the command by itself: it is in our process group. We only must outlive it. A handler, not
    # SIG_IGN: the command would inherit that.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, pass_on)
    try:
        child = subprocess.Popen(command)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: cannot be run ({error.strerror})\n")
        return NOT_FOUND if isinstance(error, FileNotFoundError) else CANNOT_RUN
    children.append(child)
    for number in told:
        child.send_signal(number)
    code = child.wait()
    return 128 - code if code < 0 else code


def _serve(address: str) -> int:
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
    stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
