"""A Scrapy or Twisted that has changed where captures hold on to it is told at start-up."""

from typing import Any

import pytest
from twisted.web._newclient import HTTP11ClientProtocol
from twisted.web.client import _HTTP11ClientFactory

from crawler.errors import CrawlerError
from crawler.fetching.hooks import check_hooks, rehearse
from crawler.fetching.wire import _BoundConnection, _capturing_factory, check_capturing


class LaterProtocol:
    """A protocol of a Twisted to come, in which a hook has another name."""

    def request(self) -> None: ...
    def responseFinished(self) -> None: ...  # noqa: N802


class RewritingProtocol(HTTP11ClientProtocol):
    """Hands the parser other bytes than the ones that came."""

    def request(self, request: Any) -> Any:
        result = super().request(request)
        self.transport.write(b"more")
        return result


class HastyProtocol(HTTP11ClientProtocol):
    """Never tells where a message ends."""

    def dataReceived(self, data: bytes) -> None: ...  # noqa: N802


class ChangedProtocol(HTTP11ClientProtocol):
    """Takes other arguments than it did."""

    def request(self) -> None:  # type: ignore[override]
        ...


def make_factory(protocol: type) -> Any:
    class Factory(_HTTP11ClientFactory):
        def buildProtocol(self, addr: Any) -> Any:  # noqa: N802
            return protocol(self._quiescentCallback)

    return _capturing_factory(Factory)


def test_the_versions_installed_here_have_the_hooks_and_keep_the_bytes() -> None:
    check_capturing()
    rehearse(make_factory(HTTP11ClientProtocol), _BoundConnection)


def test_a_hook_that_is_gone_is_named_in_one_line() -> None:
    with pytest.raises(CrawlerError, match=r"^captures cannot .*: LaterProtocol has no _finishResponse; install .*$"):
        check_hooks([(LaterProtocol, ("request", "_finishResponse"))])


@pytest.mark.parametrize(
    ("protocol", "reason"),
    [
        (RewritingProtocol, "a rehearsed request of 47 bytes was captured as 43"),
        (HastyProtocol, "a rehearsed response of 78 bytes was captured as 85"),
        (ChangedProtocol, "a rehearsed exchange failed"),
    ],
)
def test_a_hook_that_works_otherwise_than_it_did_is_told_before_the_first_request(protocol: type, reason: str) -> None:
    with pytest.raises(CrawlerError, match=rf"^captures cannot .*: {reason}.*; install the versions"):
        rehearse(make_factory(protocol), _BoundConnection)
