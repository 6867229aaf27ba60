"""Certificates for the tests of TLS: an authority of our own, and what goes wrong with those that servers show."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LONG_AGO = timedelta(days=400)
A_YEAR = timedelta(days=365)
LOOPBACK = (x509.IPAddress(ip_address("127.0.0.1")), x509.IPAddress(ip_address("::1")))
NOT_BELOW_EVIL = x509.NameConstraints(permitted_subtrees=None, excluded_subtrees=[x509.DNSName("evil.test")])


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate and its key; `chain` is what a server sends besides its own."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @classmethod
    def authority(cls, name: str, *, by: Self | None = None, since: timedelta = timedelta(days=1)) -> Self:
        """Return an authority, signed by itself or by another one, that may sign for no name below evil.test."""
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        return cls._sign(name, by, since, (constraints, NOT_BELOW_EVIL))

    @classmethod
    def server(cls, *names: x509.GeneralName, by: Self | None, since: timedelta = timedelta(days=1)) -> Self:
        """Return a server's certificate for names, or for none at all, good for a year from `since` ago."""
        return cls._sign("www.example.test", by, since, (x509.SubjectAlternativeName(names),) if names else ())

    @classmethod
    def _sign(cls, name: str, by: Self | None, since: timedelta, extensions: tuple[x509.ExtensionType, ...]) -> Self:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        begin = datetime.now(UTC) - since
        builder = x509.CertificateBuilder(
            by.certificate.subject if by else subject, subject, key.public_key(), x509.random_serial_number()
        )
        builder = builder.not_valid_before(begin).not_valid_after(begin + A_YEAR)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        certificate = builder.sign(by.key if by else key, hashes.SHA256())
        return cls(certificate=certificate, key=key, chain=(by.certificate, *by.chain) if by else ())

    @property
    def sha256(self) -> str:
        """The fingerprint."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def write(self, path: Path) -> Path:
        """Write certificate, key and chain as a server reads them."""
        form = serialization.PrivateFormat.PKCS8
        blocks = [certificate_pem(certificate) for certificate in (self.certificate, *self.chain)]
        key = self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        path.write_bytes(b"".join([*blocks, key]))
        return path

    def context(self, folder: Path, *, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        """Return a server's context, which speaks no version above `newest`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = newest
        context.load_cert_chain(self.write(folder / f"{self.sha256}.pem"))
        return context


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def dns(*names: str) -> tuple[x509.DNSName, ...]:
    """Return host names for a certificate."""
    return tuple(map(x509.DNSName, names))
