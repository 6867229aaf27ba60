"""WARC members made by hand, and an own reader of WACZ files that looks things up as replay programs do."""

import gzip
import hashlib
import json
import zipfile
from pathlib import Path

from archive.surt import surt


def member(record_type: str, record_id: str, url: str, date: str, block: bytes, **more: str) -> bytes:
    """Return a record as a gzip member; underscores in the names of further headers stand for hyphens."""
    headers = {"WARC-Type": record_type, "WARC-Record-ID": f"<{record_id}>", "WARC-Target-URI": url, "WARC-Date": date}
    headers |= {f"WARC-{name.replace('_', '-')}": value for name, value in more.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    content = f"WARC/1.1\r\n{head}Content-Length: {len(block)}\r\n\r\n".encode() + block + b"\r\n\r\n"
    return gzip.compress(content, mtime=0)


def response(record_id: str, url: str, date: str, body: bytes = b"<p>\xbd\xad\xcb\xd5</p>", **more: str) -> bytes:
    """Return a response record."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=gb2312\r\nContent-Length: {len(body)}\r\n\r\n"
    return member("response", record_id, url, date, head.encode() + body, **more)


class Package:
    """A WACZ file, read by its manifest and its index alone."""

    def __init__(self, path: Path) -> None:
        self.zip = zipfile.ZipFile(path)
        self.names = self.zip.namelist()
        self.manifest = json.loads(self.zip.read("datapackage.json"))
        self.digest = json.loads(self.zip.read("datapackage-digest.json"))

    def faults(self) -> list[str]:
        """Return what is against WACZ 1.1.1."""
        listed = {resource["path"]: resource for resource in self.manifest["resources"]}
        files = set(self.names) - {"datapackage.json", "datapackage-digest.json"}
        found = [f"{name}: not listed" for name in files ^ set(listed)]
        for name in files & set(listed):
            content = self.zip.read(name)
            if (_hash(content), len(content)) != (listed[name]["hash"], listed[name]["bytes"]):
                found.append(f"{name}: hash or length")
            if name.endswith(".gz") and self.zip.getinfo(name).compress_type != zipfile.ZIP_STORED:
                found.append(f"{name}: compressed twice")
        if len({resource["name"] for resource in listed.values()}) != len(listed):
            found.append("names are not unique")
        if (self.manifest["profile"], self.manifest["wacz_version"]) != ("data-package", "1.1.1"):
            found.append("profile or version")
        if self.digest["hash"] != _hash(self.zip.read("datapackage.json")):
            found.append("hash of the manifest")
        return found

    def warcs(self) -> list[str]:
        """Return the paths of the WARC files."""
        return [name for name in self.names if name.startswith("archive/")]

    def index(self) -> list[str]:
        """Return the index lines, read block by block as the list of blocks says."""
        packed = self.zip.read("indexes/index.cdx.gz")
        meta, *blocks = self.zip.read("indexes/index.idx").decode().splitlines()
        assert json.loads(meta.partition("{")[1] + meta.partition("{")[2])["filename"] == "index.cdx.gz"
        lines: list[str] = []
        for block in blocks:
            where = json.loads(block[block.index("{") :])
            content = packed[where["offset"] : where["offset"] + where["length"]]
            assert _hash(content) == where["digest"]
            lines += gzip.decompress(content).decode().splitlines()
        return lines

    def pages(self) -> list[dict]:
        """Return the page list, its header first."""
        return [json.loads(line) for line in self.zip.read("pages/pages.jsonl").splitlines()]

    def look_up(self, url: str, ts: str) -> list[bytes]:
        """Return the records that the index gives for an address at an RFC 3339 time, by offset and length alone."""
        prefix = f"{surt(url)} {''.join(filter(str.isdigit, ts))} "
        found = []
        for line in self.index():
            if line.startswith(prefix):
                where = json.loads(line.removeprefix(prefix))
                with self.zip.open(f"archive/{where['filename']}") as warc:
                    warc.seek(int(where["offset"]))
                    content = warc.read(int(where["length"]))
                assert _hash(content) == where["recordDigest"]
                found.append(gzip.decompress(content))
        return found

    def records(self) -> list[bytes]:
        """Return all records of all WARC files, unpacked."""
        whole = b"".join(gzip.decompress(self.zip.read(name)) for name in self.warcs())
        return [b"WARC/1.1\r\n" + part for part in whole.split(b"WARC/1.1\r\n")[1:]]


def _hash(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
