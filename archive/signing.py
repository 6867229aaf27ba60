"""ECDSA keys for packages: anonymous signatures, as WACZ Signing and Verification 0.1 says.

ReplayWeb.page settles what the specification leaves open: the curve is P-384, the digest SHA-256, the signature its two
numbers in 48 bytes each. This module needs `cryptography`; import it only where a key is used.
"""

import os
from base64 import b64decode, b64encode
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP384R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from archive.errors import ArchiveError

NUMBER_BYTES = 48


class SigningKey:
    """A private key; the same text always gets the same signature."""

    def __init__(self, key: EllipticCurvePrivateKey) -> None:
        """Take a key on the curve P-384."""
        self._key = key

    def sign(self, text: str) -> str:
        """Return the signature of a text, in base64."""
        try:
            der = self._key.sign(text.encode(), ECDSA(SHA256(), deterministic_signing=True))
        except UnsupportedAlgorithm:
            # OpenSSL before 3.2 knows random signatures only; they are as valid.
            der = self._key.sign(text.encode(), ECDSA(SHA256()))
        return b64encode(
            b"".join(number.to_bytes(NUMBER_BYTES, "big") for number in decode_dss_signature(der))
        ).decode()

    @property
    def public_key(self) -> str:
        """The public key, in base64 of its DER (SubjectPublicKeyInfo)."""
        encoded = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b64encode(encoded).decode()


def make_key(path: Path) -> None:
    """Write a new private key, readable by its owner alone. Raises FileExistsError where the file is there."""
    pem = generate_private_key(SECP384R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(pem)


def load_key(path: Path) -> SigningKey:
    """Return the private key of a PEM file. Raises ArchiveError if it holds none that replay programs can check."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ArchiveError(
            f"{path}: holds no private key in PEM without a password; make one with --make-key"
        ) from error
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP384R1):
        raise ArchiveError(f"{path}: holds no ECDSA key on the curve P-384; make one with --make-key")
    return SigningKey(key)


def is_signed(text: str, *, signature: str, public_key: str) -> bool:
    """Tell whether a signature is that of a text by this public key; what cannot be read is none."""
    try:
        key = load_der_public_key(b64decode(public_key, validate=True))
        numbers = b64decode(signature, validate=True)
    except (ValueError, UnsupportedAlgorithm):
        return False
    if not isinstance(key, EllipticCurvePublicKey) or len(numbers) != 2 * NUMBER_BYTES:
        return False
    first, second = numbers[:NUMBER_BYTES], numbers[NUMBER_BYTES:]
    der = encode_dss_signature(int.from_bytes(first, "big"), int.from_bytes(second, "big"))
    try:
        key.verify(der, text.encode(), ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
