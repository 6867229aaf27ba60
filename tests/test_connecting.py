"""Where connections may go."""

from dataclasses import dataclass
from typing import Any

import pytest
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import IHostnameResolver
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer

from crawler.errors import UsageError
from crawler.fetching.connecting import ConnectTo, GuardedEndpoint, RefusedAddressError, is_public, parse_connect_to


@pytest.mark.parametrize(
    ("text", "pattern", "address", "port"),
    [
        ("www.js.sample.test:127.0.0.1", "www.js.sample.test", "127.0.0.1", None),
        ("*.sample.test:127.0.0.1:8080", "*.sample.test", "127.0.0.1", 8080),
        ("WWW.Sample.test:[::1]:8080", "www.sample.test", "::1", 8080),
        ("www.sample.test:[::1]", "www.sample.test", "::1", None),
        ("www.sample.test:::1", "www.sample.test", "::1", None),
        ("*.新闻.test:10.1.2.3", "*.xn--efvy88h.test", "10.1.2.3", None),
    ],
)
def test_a_pair_names_hosts_and_where_they_are(text: str, pattern: str, address: str, port: int | None) -> None:
    assert parse_connect_to(text) == ConnectTo(host_pattern=pattern, address=address, port=port)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no HOST and ADDRESS in it"),
        ("www.sample.test", "no HOST and ADDRESS in it"),
        ("www.sample.test:", "no HOST and ADDRESS in it"),
        ("http://www.sample.test:127.0.0.1", "'//www.sample.test:127.0.0.1' is not an IP address"),
        ("www.*.test:127.0.0.1", "no HOST and ADDRESS in it"),
        ("www.sample.test:localhost:80", "'localhost:80' is not an IP address"),
        ("www.sample.test:127.0.0.1:http", "'http' is not a port"),
        ("www.sample.test:127.0.0.1:0", "'0' is not a port"),
        ("www.sample.test:127.0.0.1:65536", "'65536' is not a port"),
        ("www.sample.test:[127.0.0.1:80", "'[127.0.0.1:80' is not an IP address"),
    ],
)
def test_a_pair_of_another_form_is_refused_with_its_value_and_the_remedy(text: str, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_connect_to(text)
    message = str(caught.value)
    assert message.startswith(f"--connect-to {text!r}: {reason}")
    assert "write HOST:ADDRESS, as in" in message


@pytest.mark.parametrize(
    ("host", "matched"),
    [
        ("www.js.sample.test", True),
        ("JS.sample.test", True),
        ("sample.test", False),
        ("notsample.test", False),
        ("sample.test.example.org", False),
    ],
)
def test_a_suffix_covers_every_host_under_it(host: str, matched: bool) -> None:
    assert parse_connect_to("*.sample.test:127.0.0.1").matches(host) is matched


@pytest.mark.parametrize("address", ["8.8.8.8", "223.5.5.5", "2400:3200::1", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_an_address_of_the_public_network_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fd00::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    ],
)
def test_an_address_of_no_public_network_is_not(address: str) -> None:
    assert not is_public(address)


@implementer(IHostnameResolver)
@dataclass(frozen=True)
class Names:
    """A resolver that knows one name."""

    addresses: tuple[str, ...]

    def resolveHostName(self, receiver: Any, host: str, portNumber: int = 0, *_: Any) -> Any:  # noqa: N802, N803
        receiver.resolutionBegan(None)
        for text in self.addresses:
            kind = IPv6Address if ":" in text else IPv4Address
            receiver.addressResolved(kind("TCP", text, portNumber))
        receiver.resolutionComplete()
        return receiver


def connect(*addresses: str) -> tuple[MemoryReactorClock, Any]:
    """Connect to a name that has these addresses, wait for each try, and return the reactor and the outcome."""
    reactor = MemoryReactorClock()
    reactor.nameResolver = Names(addresses)
    endpoint = GuardedEndpoint(
        reactor=reactor,
        secure=False,
        host="www.mixed.test",
        port=80,
        tls_policy=None,
        pair=None,
        timeout_seconds=5.0,
        bind_address=None,
    )
    outcome = endpoint.connect(Factory.forProtocol(Protocol))
    reactor.pump([1.0] * 10)
    return reactor, outcome


def test_a_name_with_public_and_private_addresses_is_asked_at_the_public_ones_alone() -> None:
    reactor, outcome = connect("10.0.0.1", "223.5.5.5", "127.0.0.1", "fd00::1", "2400:3200::1")
    assert {client[0] for client in reactor.tcpClients} == {"223.5.5.5", "2400:3200::1"}
    outcome.addErrback(lambda _: None)


def test_a_name_with_private_addresses_alone_is_refused_and_the_first_is_named() -> None:
    reactor, outcome = connect("10.0.0.1", "::1")
    refused: list[Any] = []
    outcome.addErrback(refused.append)
    assert not reactor.tcpClients
    assert refused[0].type is RefusedAddressError
    assert "www.mixed.test resolves to 10.0.0.1, which is not a public address" in refused[0].getErrorMessage()


def test_a_name_without_addresses_is_not_called_refused() -> None:
    _, outcome = connect()
    failed: list[Any] = []
    outcome.addErrback(failed.append)
    assert failed[0].type is DNSLookupError
