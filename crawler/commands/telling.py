"""Tell the operator of new and cleared alarms, by a command or a webhook; what fails there changes nothing else."""

import contextlib
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.metadata import version

import msgspec

from crawler.configuration import AlarmSettings
from crawler.health.alarms import OpenAlarm, Turns

SCHEMA = "pressmark.alarm/1.0.0"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a command reads and a webhook gets; `state` is "new" or "cleared"."""

    schema: str = SCHEMA
    state: str
    kind: str
    where: str
    why: str
    since: str
    collection: str
    pressmark: str


def tell_all(turns: Turns, collection: str, settings: AlarmSettings) -> Iterator[str]:
    """Call command and webhook once for each alarm that is new or has cleared; yield what went wrong, a line each."""
    for state, alarms in (("new", turns.new), ("cleared", turns.cleared)):
        for alarm in alarms:
            text = _text(alarm, state, collection)
            seconds = settings.timeout.total_seconds()
            troubles = []
            if settings.command:
                troubles.append(_call(settings.command, text, seconds))
            if settings.webhook:
                troubles.append(_post(settings.webhook, text, seconds))
            yield from (f"{why}; the alarm {alarm.kind} of {alarm.where} was not told" for why in troubles if why)


def _text(alarm: OpenAlarm, state: str, collection: str) -> bytes:
    return msgspec.json.encode(
        Told(
            state=state,
            kind=alarm.kind,
            where=alarm.where,
            why=alarm.why,
            since=alarm.since,
            collection=collection,
            pressmark=version("pressmark"),
        )
    )


def _call(words: tuple[str, ...], text: bytes, seconds: float) -> str | None:
    """Run the command with the text on standard input; return what went wrong, None for nothing."""
    name = f"alarm command {words[0]}"
    try:
        # A session of its own, so that what it has started ends with it.
        child = subprocess.Popen(  # noqa: S603 - the operator's own words, and no shell
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        return f"{name}: cannot be run ({error.strerror})"
    try:
        child.communicate(text, timeout=seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        return f"{name}: took longer than {seconds:g} s and was ended"
    return f"{name}: ended with code {child.returncode}" if child.returncode else None


def _post(address: str, text: bytes, seconds: float) -> str | None:
    """Send the text to the webhook; return what went wrong, None for nothing."""
    request = urllib.request.Request(address, data=text, headers={"Content-Type": "application/json"})  # noqa: S310 - http or https, as the configuration was checked for
    try:
        with urllib.request.urlopen(request, timeout=seconds):  # noqa: S310 - the same
            return None
    except urllib.error.HTTPError as error:
        return f"alarm webhook {address}: answered {error.code}"
    except OSError as error:
        return f"alarm webhook {address}: {getattr(error, 'reason', None) or error}"
    except ValueError as error:
        return f"alarm webhook {address}: {error}"
