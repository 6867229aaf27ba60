"""Where connections may go: to public addresses, and where the operator sends them with --connect-to."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from twisted.internet import address as twisted_address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import (
    IHostnameResolver,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.python.failure import Failure
from zope.interface import implementer  # type: ignore[import-untyped]

from crawler.errors import CrawlerError, UsageError

PAIR = re.compile(r"(?P<host>(\*\.)?[^\s/:*@]+):(?P<address>\S+)")
REMEDY = "write HOST:ADDRESS, as in '*.example.test:127.0.0.1:8080' or 'www.example.test:[::1]:8080'"
# The one part of IPv6 that is given out for the public network (RFC 4291, 2.4, and IANA's registry).
GLOBAL_UNICAST = IPv6Network("2000::/3")
# An IPv4 address behind a translator (RFC 6052, 2.1): as public as the address inside.
TRANSLATED = IPv6Network("64:ff9b::/96")


class RefusedAddressError(CrawlerError):
    """A connection would have gone to an address that is not public; nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectTo:
    """Connections for hosts that match `host_pattern` go to `address`, and to `port` where it is not None."""

    host_pattern: str
    address: str
    port: int | None

    def matches(self, host: str) -> bool:
        """Tell whether the pair is meant for a host; `*.example.test` covers every depth, not `example.test`."""
        return fnmatchcase(host.lower(), self.host_pattern)


def parse_connect_to(text: str) -> ConnectTo:
    """Read `HOST:ADDRESS`: a name or `*.suffix`, then `ip`, `ip:port` or `[ipv6]:port`.

    Raises UsageError where the text has another form.
    """
    match = PAIR.fullmatch(text.strip())
    if not match:
        raise UsageError(f"--connect-to {text!r}: no HOST and ADDRESS in it; {REMEDY}")
    try:
        host = match["host"].lower().encode("idna").decode("ascii")
        address, port = _parse_address(match["address"])
    except ValueError as error:
        raise UsageError(f"--connect-to {text!r}: {error}; {REMEDY}") from error
    return ConnectTo(host_pattern=host, address=address, port=port)


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the public network; IPv4 addresses inside IPv6 ones are looked into."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        inner = _inner_ipv4(parsed)
        if inner is None:
            return parsed in GLOBAL_UNICAST and parsed.is_global
        parsed = inner
    # Multicast counts as global in the standard library.
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


@implementer(IStreamClientEndpoint)
@dataclass(frozen=True, kw_only=True)
class GuardedEndpoint:
    """Where one request connects: to its pair of --connect-to, or to the public addresses of its host.

    The TLS side (SNI, certificate) always bears the host of the URL. Fails with RefusedAddressError where the host
    has addresses and none is public.
    """

    reactor: Any
    secure: bool
    host: str
    port: int
    tls_policy: Any
    pair: ConnectTo | None
    timeout_seconds: float
    bind_address: tuple[str, int] | None

    @property
    def target(self) -> str:
        """The `host:port` that the connection is opened to, for messages."""
        host = self.pair.address if self.pair else self.host
        return f"[{host}]:{self._target_port}" if ":" in host else f"{host}:{self._target_port}"

    def connect(self, factory: Any) -> "Deferred[Any]":
        """Open the connection (IStreamClientEndpoint)."""
        resolver = _GuardedResolver(self.reactor.nameResolver, self.pair)
        endpoint: Any = HostnameEndpoint(
            _ReactorWithResolver(self.reactor, resolver),
            self.pair.address if self.pair else self.host,
            self._target_port,
            timeout=self.timeout_seconds,
            bindAddress=self.bind_address,
        )
        if self.secure:
            creator = self.tls_policy.creatorForNetloc(self.host.encode("ascii"), self.port)
            endpoint = wrapClientTLS(creator, endpoint)
        connected: Deferred[Any] = endpoint.connect(factory)
        return connected.addErrback(resolver.explain, self.host)

    @property
    def _target_port(self) -> int:
        return self.pair.port if self.pair and self.pair.port else self.port


@implementer(IHostnameResolver)
class _GuardedResolver:
    """Resolves for one connection and lets public addresses through; what it held back is in `refused`."""

    def __init__(self, resolver: Any, pair: ConnectTo | None) -> None:
        self._resolver = resolver
        self._pair = pair
        self.refused: list[str] = []

    def resolveHostName(  # noqa: N802 - the name and the arguments are Twisted's
        self,
        receiver: Any,
        host: str,
        portNumber: int = 0,  # noqa: N803
        addressTypes: Sequence[type] | None = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> Any:
        """Resolve a name or an address (IHostnameResolver)."""
        literal = _literal(host)
        if literal is None:
            guarded = _GuardedReceiver(receiver, self.refused)
            return self._resolver.resolveHostName(guarded, host, portNumber, addressTypes, transportSemantics)
        if not self._pair:
            receiver = _GuardedReceiver(receiver, self.refused)
        receiver.resolutionBegan(None)
        kind = twisted_address.IPv6Address if literal.version == 6 else twisted_address.IPv4Address
        receiver.addressResolved(kind("TCP", str(literal), portNumber))
        receiver.resolutionComplete()
        return receiver

    def explain(self, failure: Failure, host: str) -> Failure:
        """Raise the true reason for "no results" where addresses were held back."""
        if not self.refused or not isinstance(failure.value, DNSLookupError):
            return failure
        address = self.refused[0]
        which = "is" if _literal(host) else f"resolves to {address}, which is"
        raise RefusedAddressError(
            f"refused: {host} {which} not a public address (name it with --connect-to to allow it)"
        )


@implementer(IResolutionReceiver)
class _GuardedReceiver:
    def __init__(self, receiver: Any, refused: list[str]) -> None:
        self._receiver = receiver
        self._refused = refused

    def resolutionBegan(self, resolution: Any) -> None:  # noqa: N802
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:  # noqa: N802
        if is_public(address.host):
            self._receiver.addressResolved(address)
        else:
            self._refused.append(address.host)

    def resolutionComplete(self) -> None:  # noqa: N802
        self._receiver.resolutionComplete()


@implementer(IReactorPluggableNameResolver)
class _ReactorWithResolver:
    """The reactor, with another resolver: HostnameEndpoint takes its resolver from there alone."""

    def __init__(self, reactor: Any, resolver: _GuardedResolver) -> None:
        self._reactor = reactor
        self.nameResolver = resolver

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)


def _parse_address(text: str) -> tuple[str, int | None]:
    whole = _literal(text)
    if whole:
        return str(whole), None
    host, _, port = text.rpartition(":")
    address = _literal(host)
    if not address or (address.version == 6 and not host.startswith("[")):
        raise ValueError(f"{text!r} is not an IP address")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{port!r} is not a port")
    return str(address), int(port)


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host[1:-1] if host.startswith("[") and host.endswith("]") else host)
    except ValueError:
        return None


def _inner_ipv4(address: IPv6Address) -> IPv4Address | None:
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
