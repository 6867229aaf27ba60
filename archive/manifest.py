"""What a package says of itself, the hash of its manifest, and who signed it (datapackage-digest.json)."""

import hashlib
import json
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from archive.errors import ArchiveError

MANIFEST = "datapackage.json"
DIGEST = "datapackage-digest.json"
# The version of WACZ Signing and Verification.
SIGNING_VERSION = "0.1.0"
MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the package says of itself; `software` is a name and a version."""

    title: str
    software: str
    created: datetime
    description: str | None = None


class Signer(Protocol):
    """A private key: `archive.signing.SigningKey`, which needs more than the rest of the archive."""

    @property
    def public_key(self) -> str:
        """The public key, in base64."""

    def sign(self, text: str) -> str:
        """Return the signature of a text, in base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who signed a package: the public key (base64 of its DER), and what the signer says of time and program."""

    public_key: str
    created: str
    software: str


def make_digest(manifest: bytes, *, created: str, software: str, key: Signer | None) -> bytes:
    """Return datapackage-digest.json for a manifest, signed where there is a key: the labelled hash is signed."""
    text = _hash(manifest)
    digest: dict[str, object] = {"path": MANIFEST, "hash": text}
    if key:
        digest["signedData"] = {
            "hash": text,
            "created": created,
            "software": software,
            "version": SIGNING_VERSION,
            "signature": key.sign(text),
            "publicKey": key.public_key,
        }
    return json.dumps(digest, indent=2).encode() + b"\n"


def verify_signature(path: Path) -> Signature | None:
    """Check the manifest's hash and signature in a WACZ file, and return who signed it, None where nobody did.

    The files that the manifest lists are not checked. Raises ArchiveError where hash or signature does not fit, and
    for signatures by certificate, which need the network.
    """
    manifest, digest = _read(path)
    if digest.get("hash") != _hash(manifest):
        raise ArchiveError(f"{path}: {MANIFEST} is not what {DIGEST} says; it was changed, look for the original")
    signed = digest.get("signedData")
    if signed is None:
        return None
    fields = {name: str(value) for name, value in signed.items()} if isinstance(signed, dict) else {}
    created = json.loads(manifest).get("created")
    if fields.get("hash") != digest["hash"] or fields.get("created") != created:
        raise ArchiveError(f"{path}: the signature is for another manifest; do not trust it")
    if "publicKey" not in fields:
        raise ArchiveError(f"{path}: signed by a certificate; check it with `wacz validate --verify-auth`")
    # Only here: the package `cryptography` is not needed to read archives.
    from archive.signing import is_signed  # noqa: PLC0415

    if not is_signed(fields["hash"], signature=fields.get("signature", ""), public_key=fields["publicKey"]):
        raise ArchiveError(f"{path}: the signature is wrong; do not trust it")
    return Signature(public_key=fields["publicKey"], created=created, software=fields.get("software", ""))


def _read(path: Path) -> tuple[bytes, dict[str, object]]:
    """Return the manifest and what its digest file says."""
    try:
        with zipfile.ZipFile(path) as package:
            for name in (MANIFEST, DIGEST):
                if package.getinfo(name).file_size > MAX_BYTES:
                    raise ValueError(f"{name} is larger than {MAX_BYTES} bytes")
            manifest, digest = package.read(MANIFEST), json.loads(package.read(DIGEST))
    except KeyError as error:
        raise ArchiveError(f"{path}: {error.args[0]}; it cannot be checked, pack it anew") from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError) as error:
        raise ArchiveError(f"{path}: not a WACZ file that can be read ({error})") from error
    if not isinstance(digest, dict):
        raise ArchiveError(f"{path}: {DIGEST} holds no object; pack it anew")
    return manifest, digest


def _hash(manifest: bytes) -> str:
    return f"sha256:{hashlib.sha256(manifest).hexdigest()}"
