"""TLS: who the other side is, whether that is believed, and the names that archives use for what was agreed on."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from weakref import WeakKeyDictionary

from OpenSSL import SSL, crypto
from service_identity import CertificateError, VerificationError
from service_identity.cryptography import extract_patterns
from service_identity.hazmat import DNS_ID, IPAddress_ID, ServiceID, verify_service_identity
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import CertificateOptions, platformTrust
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer  # type: ignore[import-untyped]

from archive.capture import Certificate

REMEDY = "--insecure-tls goes on all the same"
# Names of a certificate that are told where it is for other hosts.
TOLD_NAMES = 3
CODES = SSL.X509VerificationCodes
# OpenSSL says these in the words of its programmers.
FAULTS = {
    CODES.ERR_CERT_HAS_EXPIRED: "certificate has expired",
    CODES.ERR_CERT_NOT_YET_VALID: "certificate is not valid yet",
    CODES.ERR_DEPTH_ZERO_SELF_SIGNED_CERT: "certificate is self-signed",
    CODES.ERR_SELF_SIGNED_CERT_IN_CHAIN: "certificate's root is not trusted",
    CODES.ERR_UNABLE_TO_GET_ISSUER_CERT: "certificate's issuer is not known",
    CODES.ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "certificate's issuer is not known",
    CODES.ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: "certificate's issuer is not known",
}
OTHER_FAULTS = {
    code: name.removeprefix("ERR_").replace("_", " ").lower()
    for name, code in vars(CODES).items()
    if name.startswith("ERR_")
}
OPENSSL_SUITE = re.compile(
    r"(?P<exchange>(?:ECDHE|DHE)-(?:RSA|ECDSA|DSS)|)-?"
    r"(?:(?P<aes>AES\d+)-(?:(?P<mode>GCM|CCM8?)-?)?(?P<hash>SHA\d*)?|(?P<chacha>CHACHA20-POLY1305))"
)
# SSL_CTX_set_options(3): pyOpenSSL has no name for it.
OP_LEGACY_SERVER_CONNECT = 0x4

# Twisted keeps the application data of a connection for itself.
_verdicts: WeakKeyDictionary[SSL.Connection, "Verdict"] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """What a handshake agreed on: the version as WARC-Protocol names it, the suite by its IANA name."""

    protocol: str
    cipher: str | None


class Verdict:
    """What a handshake finds out about a certificate; `refused` says that the handshake was ended for its faults."""

    def __init__(self, host: str, *, insecure: bool) -> None:
        """Begin without a certificate; with `insecure` no fault ends the handshake."""
        self.refused = False
        self._host = host
        self._insecure = insecure
        self._faults: list[str] = []
        self._leaf: crypto.X509 | None = None
        self._judged = False

    def judge(self, _: SSL.Connection, certificate: crypto.X509, error: int, depth: int, ok: int) -> bool:
        """Tell OpenSSL whether to go on (SSL_CTX_set_verify): called for each fault, then down the chain to the leaf.

        All faults are collected before the leaf's own turn, which decides; what is found later decides at once.
        """
        if depth == 0:
            self._leaf = certificate
        if not ok:
            self._blame(_name_fault(error, depth))
        elif depth == 0:
            self._judged = True
            self._check_host(certificate)
        self.refused = self._judged and bool(self._faults) and not self._insecure
        return not self.refused

    @property
    def fault(self) -> str | None:
        """What is wrong with the certificate, None where nothing is."""
        return "; ".join(self._faults) or None

    @property
    def certificate(self) -> Certificate | None:
        """The certificate as it is kept with a capture, None where none came."""
        if self._leaf is None:
            return None
        return Certificate(
            sha256=hashlib.sha256(crypto.dump_certificate(crypto.FILETYPE_ASN1, self._leaf)).hexdigest(),
            issuer=_name_issuer(self._leaf),
            fault=self.fault,
        )

    def _blame(self, fault: str) -> None:
        if fault not in self._faults:
            self._faults.append(fault)

    def _check_host(self, certificate: crypto.X509) -> None:
        """Compare names by RFC 9525; a certificate without any is not good, though Twisted's check lets it pass."""
        try:
            patterns = extract_patterns(certificate.to_cryptography())
            verify_service_identity(patterns, [_service_id(self._host)], [])
        except VerificationError:
            names = [_name_pattern(pattern) for pattern in patterns]
            told = ", ".join(names[:TOLD_NAMES]) + (", ..." if len(names) > TOLD_NAMES else "")
            self._blame(f"certificate is for {told}, not for this host")
        except (CertificateError, ValueError) as error:
            self._blame(f"certificate names no host ({' '.join(str(error).split())})")


@implementer(IPolicyForHTTPS)
class TlsPolicy:
    """Makes TLS connections that judge certificates.

    Trust comes from the platform's store, or from what SSL_CERT_FILE and SSL_CERT_DIR name.
    """

    def __init__(self, options: Mapping[str, Any], *, insecure: bool) -> None:
        """Read the trust store; `options` are those of Twisted's CertificateOptions.

        With `insecure` a bad certificate is noted and no more, and servers may be older than RFC 5746.
        """
        roots = platformTrust()  # type: ignore[no-untyped-call]
        self._context = CertificateOptions(trustRoot=roots, **options).getContext()
        self._insecure = insecure
        if insecure:
            self._context.set_options(OP_LEGACY_SERVER_CONNECT)

    def creatorForNetloc(self, hostname: bytes, port: int) -> "_JudgingCreator":  # noqa: ARG002, N802 - Twisted's
        """Return what makes the connections to a host (IPolicyForHTTPS)."""
        return _JudgingCreator(self._context, hostname.decode("ascii").removesuffix("."), insecure=self._insecure)


@implementer(IOpenSSLClientConnectionCreator)
class _JudgingCreator:
    def __init__(self, context: SSL.Context, host: str, *, insecure: bool) -> None:
        self._context = context
        self._host = host
        self._insecure = insecure

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:  # noqa: ARG002, N802, N803 - Twisted's
        connection = SSL.Connection(self._context)
        if not _is_address(self._host):
            # RFC 6066, 3: the name of a server is never an address.
            connection.set_tlsext_host_name(self._host.encode("ascii"))
        verdict = Verdict(self._host, insecure=self._insecure)
        connection.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, verdict.judge)
        _verdicts[connection] = verdict
        return connection


def find_verdict(transport: Any) -> Verdict | None:
    """Return the verdict on the other side of a transport, None where there is no TLS."""
    handle = transport.getHandle() if hasattr(transport, "getHandle") else None
    return _verdicts.get(handle) if isinstance(handle, SSL.Connection) else None


def name_tls(version: str, suite: str | None) -> Tls:
    """Turn OpenSSL's names ("TLSv1.3", "ECDHE-RSA-AES256-GCM-SHA384") into those of the WARC proposals and IANA."""
    kind, _, number = version.partition("v")
    digits = number if "." in number or kind == "SSL" else f"{number}.0"
    return Tls(protocol=f"{kind.lower()}/{digits}", cipher=iana_name(suite) if suite else None)


def iana_name(suite: str) -> str | None:
    """Return the IANA name of an OpenSSL cipher suite, None for one that is rare and not known here.

    TLS 1.3 suites have one name in both; the others follow the rule of RFC 5246, A.5, and its successors.
    """
    if suite.startswith("TLS_"):
        return suite
    match = OPENSSL_SUITE.fullmatch(suite)
    if not match:
        return None
    exchange = (match["exchange"] or "RSA").replace("-", "_")
    if match["chacha"]:
        return f"TLS_{exchange}_WITH_CHACHA20_POLY1305_SHA256"
    mode = (match["mode"] or "CBC").replace("CCM8", "CCM_8")
    digest = f"_{match['hash']}" if match["hash"] else ""
    return f"TLS_{exchange}_WITH_{match['aes'].replace('AES', 'AES_')}_{mode}{digest}"


def _name_fault(error: int, depth: int) -> str:
    fault = FAULTS.get(error) or f"certificate: {OTHER_FAULTS.get(error, f'OpenSSL error {error}')}"
    dated = error in {CODES.ERR_CERT_HAS_EXPIRED, CODES.ERR_CERT_NOT_YET_VALID}
    return fault.replace("certificate", "certificate of its issuer", 1) if dated and depth else fault


def _name_issuer(certificate: crypto.X509) -> str:
    try:
        return certificate.to_cryptography().issuer.rfc4514_string()
    except ValueError:
        return ""


def _name_pattern(pattern: Any) -> str:
    name = getattr(pattern, "pattern", b"")
    return name.decode("ascii", "replace") if isinstance(name, bytes) else str(name)


def _service_id(host: str) -> ServiceID:
    return IPAddress_ID(host) if _is_address(host) else DNS_ID(host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
