"""Why an exchange broke off: one line for people, and the reason in WARC's words."""

import asyncio
from collections.abc import Iterator

from OpenSSL import SSL
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    StopDownload,
)
from service_identity import CertificateError, VerificationError
from twisted.internet import error as twisted_error
from twisted.internet.defer import CancelledError
from twisted.internet.error import (
    ConnectError,
    ConnectionClosed,
    DNSLookupError,
)
from twisted.python.failure import Failure
from twisted.web._newclient import ConnectionAborted, ResponseFailed
from twisted.web.http import _DataLoss

from archive.capture import Truncation
from crawler.fetching.connecting import RefusedAddressError

LOSSES = (ConnectionClosed, ConnectionAborted, _DataLoss)

DISCONNECTED = "disconnect: the connection ended before the response did"
STOPPED = "stopped before the response ended"


def explain(
    error: BaseException, *, host: str, looked_up: str, target: str, timeout_seconds: float
) -> tuple[Truncation, str]:
    """Return the WARC-Truncated reason for what came before an error, and one line on the error.

    `looked_up` is whose address was looked up, `target` the `host:port` that was connected to.
    """
    causes = list(_causes(error))
    for cause in causes:
        known = _explain_known(cause, host=host, looked_up=looked_up, target=target, timeout_seconds=timeout_seconds)
        if known:
            return known
    roots = [cause for cause in causes if cause.__cause__ is None and not _reasons(cause)]
    faults = [root for root in roots if not isinstance(root, LOSSES)]
    if not faults:
        return "disconnect", DISCONNECTED
    # What the parser stumbles over comes wrapped, beside the loss that follows from it.
    kind = "malformed response" if any(isinstance(cause, ResponseFailed) for cause in causes) else "failed"
    return "unspecified", f"{kind}: {_one_line(faults[0])}"


def _explain_known(  # noqa: PLR0911 - a table in the form of a function
    cause: BaseException, *, host: str, looked_up: str, target: str, timeout_seconds: float
) -> tuple[Truncation, str] | None:
    match cause:
        case RefusedAddressError():
            return "unspecified", str(cause)
        case DownloadTimeoutError() | twisted_error.TimeoutError():
            return "time", f"timeout after {timeout_seconds:g} s"
        case CannotResolveHostError() | DNSLookupError():
            return "unspecified", f"dns: no address for {looked_up}"
        case DownloadConnectionRefusedError() | twisted_error.ConnectionRefusedError():
            return "unspecified", f"connect: {target} refused"
        case ConnectError():
            return "unspecified", f"connect: {target}: {_one_line(cause)}"
        case SSL.Error() | VerificationError() | CertificateError():
            return "disconnect", f"tls: {host}: {_tls_line(cause)}"
        case DownloadCancelledError() | CancelledError():
            return "length", "length: the response is longer than the limit"
        case asyncio.CancelledError() | StopDownload():
            return "unspecified", STOPPED
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it was made from: what was raised from, and what Twisted wrapped."""
    yield error
    if error.__cause__:
        yield from _causes(error.__cause__)
    for reason in _reasons(error):
        yield from _causes(reason)


def _reasons(error: BaseException) -> list[BaseException]:
    reasons = getattr(error, "reasons", ())
    return [reason.value for reason in reasons if isinstance(reason, Failure) and reason.value]


def _tls_line(error: BaseException) -> str:
    # OpenSSL's errors are lists of (library, function, reason).
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    words = [str(entry[-1]) for entry in queue if entry]
    return "; ".join(words) or _one_line(error)


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(": ")[:300]
