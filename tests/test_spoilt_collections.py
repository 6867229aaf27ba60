"""Whatever is changed in a collection, `verify` finds it, or nothing that is read from it has changed."""

import gzip
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from random import Random

import pytest

from archive.cdxj import index_records
from archive.errors import ArchiveError
from archive.findings import Finding
from archive.integrity import digest_payload
from archive.iteration import StoredRecord, iterate_file, read_at, read_strictly
from archive.pressmark import Pressmark
from archive.verify import CitedLine, verify
from tests.exchanges import PAGE, answered, chunked
from tests.test_revisits import AGAIN, FIRST, UNCHANGED, Deduplicating, read_original

LINE = '{"id":"sample:js:230110","headline":"苏州园区举办龙舟邀请赛"}'.encode()
# What another byte bears witness to, by type of record. A change of the others alone, in a gzip member made anew,
# cannot be told: they are the peer, the protocols, the type of a block, and ids that nothing refers to.
WITNESSED = frozenset({"warc-concurrent-to", "warc-refers-to", "warc-profile", "warc-payload-digest", "warc-truncated"})
OF_EXCHANGES = frozenset({"warc-date", "warc-target-uri"})
Mutation = Callable[[Random, bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A small collection, as bytes: a WARC file, its index, the article lines with the pressmark of their page."""

    warc: bytes
    index: bytes
    lines: bytes
    mark: Pressmark

    def check(self, folder: Path) -> list[Finding]:
        warc, index = folder / self.mark.file, folder / "index.cdxj"
        warc.write_bytes(self.warc)
        index.write_bytes(self.index)
        return list(verify([warc], indexes=[index], lines=self.cited(), complete=True))

    def cited(self) -> Iterator[CitedLine]:
        for line in self.lines.splitlines():
            yield CitedLine(file="a.jsonl", offset=0, text=line, source=self.mark.record_id, pressmarks=(self.mark,))

    def read(self, folder: Path) -> object:
        """Return all that is read from the collection; what the damage is, where it cannot be read."""
        warc = folder / self.mark.file
        warc.write_bytes(self.warc)
        try:
            records = [_content(record) for record in read_strictly(warc)]
            indexed = [(*_entry(line), *_content(self._at(line, warc))) for line in self.index.splitlines()]
        except (ArchiveError, ValueError, KeyError) as error:
            return str(error)
        # Their order has no meaning: ids join the records of an exchange (WARC 1.1, 5.7).
        return sorted(records), indexed, self.lines.splitlines()

    def _at(self, line: bytes, warc: Path) -> StoredRecord:
        return read_at(warc, int(json.loads(line.split(b" ", 2)[2])["offset"]))


def _content(record: StoredRecord) -> tuple[object, ...]:
    kind = record.fields["warc-type"]
    told = WITNESSED if kind in {"warcinfo", "conversion"} else WITNESSED | OF_EXCHANGES
    named = sorted({(name.lower(), value) for name, value in record.headers if name.lower() in told})
    return kind, str(named), record.version, bytes(record.block), digest_payload(record)


def _entry(line: bytes) -> tuple[str, ...]:
    # The others are for those who list an index: readers take them from the record.
    key, stamp, text = line.decode().split(" ", 2)
    return key, stamp, json.loads(text)["url"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("kept")
    archive = Deduplicating(folder)
    page = archive.write(FIRST).pressmark
    assert page is not None
    archive.write(AGAIN)
    archive.write(UNCHANGED, read_original(folder, page))
    later = FIRST.started_at + timedelta(seconds=5)
    framed = answered(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(PAGE), url="http://a.test/b")
    archive.write(replace(framed, started_at=later))
    archive.write(replace(framed, response=framed.response[:-40], truncated="disconnect", failure="disconnect"))
    archive.writer.write_conversion(LINE, content_type="application/json", url=FIRST.url, date=later, refers_to=page)
    archive.write(
        replace(framed, url="http://a.test/gone", response=b"HTTP/1.1 404 Not Found\r\n\r\n", started_at=later)
    )
    path = archive.close()
    index = b"".join(sorted(f"{line}\n".encode() for line in index_records(path)))
    return Kept(warc=path.read_bytes(), index=index, lines=LINE + b"\n", mark=page)


def flip(random: Random, content: bytes) -> bytes:
    place = random.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << random.randrange(8)]) + content[place + 1 :]


def cut(random: Random, content: bytes) -> bytes:
    place = random.randrange(len(content))
    return content[:place] + content[place + random.randint(1, 60) :]


def cut_end(random: Random, content: bytes) -> bytes:
    return content[: random.randrange(len(content))]


def insert(random: Random, content: bytes) -> bytes:
    place = random.randint(0, len(content))
    return content[:place] + random.randbytes(random.randint(1, 20)) + content[place:]


def double(random: Random, content: bytes) -> bytes:
    place = random.randrange(len(content))
    return content[:place] + content[place : place + random.randint(1, 60)] + content[place:]


BYTES: tuple[Mutation, ...] = (flip, cut, cut_end, insert, double)


def drop_member(random: Random, members: list[bytes]) -> list[bytes]:
    place = random.randrange(len(members))
    return members[:place] + members[place + 1 :]


def double_member(random: Random, members: list[bytes]) -> list[bytes]:
    return [*members, random.choice(members)]


def move_member(random: Random, members: list[bytes]) -> list[bytes]:
    rest = list(members)
    member = rest.pop(random.randrange(len(rest)))
    rest.insert(random.randint(0, len(rest)), member)
    return rest


def change_record(random: Random, members: list[bytes]) -> list[bytes]:
    """Change the plain bytes of one record and pack it anew, so that its checksum is right."""
    changed = list(members)
    place = random.randrange(len(changed))
    changed[place] = gzip.compress(random.choice(BYTES)(random, gzip.decompress(changed[place])), mtime=0)
    return changed


def change_field(random: Random, members: list[bytes]) -> list[bytes]:
    """Drop, double, empty or change one header of one record, and pack it anew."""
    changed = list(members)
    place = random.randrange(len(changed))
    head, _, block = gzip.decompress(changed[place]).partition(b"\r\n\r\n")
    version, *fields = head.split(b"\r\n")
    at = random.randrange(len(fields))
    name, _, value = fields[at].partition(b": ")
    new = random.choice(((), (fields[at],) * 2, (name + b": ",), (name + b": " + flip(random, value),)))
    head = b"\r\n".join((version, *fields[:at], *new, *fields[at + 1 :]))
    changed[place] = gzip.compress(head + b"\r\n\r\n" + block, mtime=0)
    return changed


MEMBERS = (drop_member, double_member, move_member, change_record, change_field)


def spoil(random: Random, kept: Kept) -> tuple[str, Kept]:
    """Return what was done, and the collection after it."""
    part = random.choice(("warc", "members", "members", "index", "lines"))
    if part == "members":
        ends = [record.offset for record in _records(kept)] + [len(kept.warc)]
        members = [kept.warc[start:end] for start, end in itertools.pairwise(ends)]
        change = random.choice(MEMBERS)
        return change.__name__, replace(kept, warc=b"".join(change(random, members)))
    mutation = random.choice(BYTES)
    content: bytes = getattr(kept, part)
    return f"{mutation.__name__} {part}", replace(kept, **{part: mutation(random, content)})


def _records(kept: Kept) -> list[StoredRecord]:
    return [found for found in iterate_file(BytesIO(kept.warc), "a") if isinstance(found, StoredRecord)]


def misses(kept: Kept, folder: Path, seeds: range) -> list[tuple[int, str]]:
    """Return the seeds whose change is not found though something else is read afterwards."""
    right = kept.read(folder)
    spoilt = ((seed, *spoil(Random(seed), kept)) for seed in seeds)
    return [(seed, what) for seed, what, one in spoilt if not one.check(folder) and one.read(folder) != right]


def test_the_collection_is_clean_before(kept: Kept, tmp_path: Path) -> None:
    assert kept.check(tmp_path) == []


def test_each_of_200_changes_is_found_or_harmless(kept: Kept, tmp_path: Path) -> None:
    assert misses(kept, tmp_path, range(200)) == []


@pytest.mark.long
@pytest.mark.timeout(600)
def test_each_of_10000_changes_is_found_or_harmless(kept: Kept, tmp_path: Path) -> None:
    assert misses(kept, tmp_path, range(200, 10_200)) == []
