"""Headless Chromium, told what to do over the pipe of its DevTools protocol; it can reach nothing but 127.0.0.1."""

import base64
import json
import os
import shlex
import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-extensions",
    "--no-first-run",
    "--no-proxy-server",
    "--window-size=1100,900",
    "--remote-debugging-pipe",
    # Whatever a replayed page asks of another host fails at once, and stands in the log.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
LOOK_SECONDS = 90

# Finds an element through frames and shadow roots, both of which replay in a browser is full of.
SEARCH = """
const find = (root, selector) => {
  const here = root.querySelector(selector);
  if (here) return here;
  for (const element of root.querySelectorAll('*')) {
    let inner = element.shadowRoot;
    if (element.tagName === 'IFRAME') { try { inner = element.contentDocument; } catch (error) { inner = null; } }
    const there = inner ? find(inner, selector) : null;
    if (there) return there;
  }
  return null;
};
"""


class Browser:
    """One Chromium with a profile of its own, while it is used as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "netlog.json"
        self._number = 0
        self._session = ""

    def open(self, url: str) -> None:
        """Open an address in a new tab; what is looked at from now on is this tab."""
        target = self._send("Target.createTarget", {"url": "about:blank"}, session="")["targetId"]
        attached = self._send("Target.attachToTarget", {"targetId": target, "flatten": True}, session="")
        self._session = attached["sessionId"]
        self._send("Page.navigate", {"url": url})

    def wait_for(self, expression: str) -> Any:
        """Return the value of a JavaScript expression once it is true, None where it does not become so in time.

        `find(document, selector)` looks through frames and shadow roots.
        """
        script = f"""new Promise(done => {{ {SEARCH}
            const end = Date.now() + {LOOK_SECONDS * 1000};
            const look = () => {{
              let value = null;
              try {{ value = {expression}; }} catch (error) {{ value = null; }}
              if (value || Date.now() > end) done(value || null); else setTimeout(look, 100);
            }};
            look(); }})"""
        words = {"expression": script, "awaitPromise": True, "returnByValue": True}
        for _ in range(5):
            # A page that moves on while it is looked at takes the promise with it.
            with suppress(BrowserError):
                return self._send("Runtime.evaluate", words)["result"].get("value")
        raise BrowserError(f"no page stayed for long enough to look at: {expression}")

    def save_screenshot(self, path: Path) -> None:
        """Save what the tab shows as a PNG."""
        path.write_bytes(base64.b64decode(self._send("Page.captureScreenshot", {"format": "png"})["data"]))

    def asked_hosts(self) -> set[str]:
        """Return the hosts that pages and their workers asked, and all that were connected to; for after the end.

        Chromium asks its maker's hosts too (for the time, say), but those requests have no page for an initiator.
        """
        log = json.loads(self._log.read_text("utf-8"))
        numbers = log["constants"]["logEventTypes"]
        asked, connected = numbers["URL_REQUEST_START_JOB"], numbers["TCP_CONNECT_ATTEMPT"]
        found = set()
        for event in log["events"]:
            told = event.get("params", {})
            if event["type"] == asked and told.get("initiator", "").startswith("http"):
                found.add(urlsplit(told["url"]).hostname)
            if event["type"] == connected and "address" in told:
                found.add(told["address"].rpartition(":")[0])
        return found

    def __enter__(self) -> Self:
        to_browser, self._writing = os.pipe()
        self._reading, from_browser = os.pipe()
        flags = [*FLAGS, f"--user-data-dir={self._folder / 'profile'}", f"--log-net-log={self._log}", "about:blank"]
        # Chromium reads from descriptor 3 and writes to 4.
        command = f"exec chromium {shlex.join(flags)} 3<&{to_browser} 4>&{from_browser}"
        with (self._folder / "chromium.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["bash", "-c", command],
                pass_fds=(to_browser, from_browser),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        os.close(to_browser)
        os.close(from_browser)
        self._answers = os.fdopen(self._reading, "rb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError, BrowserError):
            self._send("Browser.close", {}, session="")
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._writing)
        self._answers.close()

    def _send(self, method: str, params: dict[str, Any], *, session: str | None = None) -> Any:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if session is None:
            message["sessionId"] = self._session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._read())
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def _read(self) -> bytes:
        text = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            if not byte:
                raise BrowserError("Chromium has ended; its reasons stand in chromium.log")
            text += byte
        return bytes(text)


class BrowserError(Exception):
    """The browser refused, or is gone."""
