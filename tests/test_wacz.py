"""WACZ files: what is in them, what a selection takes along, and signatures."""

import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.errors import ArchiveError
from archive.manifest import Description, verify_signature
from archive.members import ScannedRecord
from archive.selection import Selection
from archive.signing import load_key, make_key
from archive.wacz import PackedPage, pack
from tests.packages import Package, member, response

JS = "http://www.js.sample.test"
ZJ = "http://www.zj.sample.test"
ABOUT = Description(title="样例新闻网", software="pressmark 0.1.0", created=datetime(2025, 3, 1, tzinfo=UTC))
PROFILE = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"


def day(number: int) -> str:
    return f"2025-02-{number:02}T10:15:00.5Z"


@pytest.fixture
def warcs(tmp_path: Path) -> list[Path]:
    """Two WARC files: a page of each branch, seen again unchanged on later days, and what was made of one."""
    first, second = tmp_path / "a.warc.gz", tmp_path / "b.warc.gz"
    first.write_bytes(
        member("warcinfo", "urn:uuid:info-a", "", day(1), b"software: test\r\n")
        + member("request", "urn:uuid:js-q", f"{JS}/1.html", day(1), b"GET", Concurrent_To="<urn:uuid:js>")
        + response("urn:uuid:js", f"{JS}/1.html", day(1), Payload_Digest="sha1:ABC", Warcinfo_ID="<urn:uuid:info-a>")
        + member("metadata", "urn:uuid:js-m", f"{JS}/1.html", day(1), b"via: /", Concurrent_To="<urn:uuid:js>")
        + response("urn:uuid:zj", f"{ZJ}/1.html", day(2))
        + member("conversion", "urn:uuid:js-c", f"{JS}/1.html", day(1), b"{}", Refers_To="<urn:uuid:js>")
    )
    second.write_bytes(
        member("warcinfo", "urn:uuid:info-b", "", day(3), b"software: test\r\n")
        + member(
            "revisit", "urn:uuid:by-id", f"{JS}/again.html", day(3), b"", Refers_To="<urn:uuid:js>", Profile=PROFILE
        )
        + member(
            "revisit",
            "urn:uuid:by-date",
            f"{ZJ}/1.html",
            day(4),
            b"",
            Profile=PROFILE,
            Refers_To_Target_URI=f"{ZJ}/1.html",
            Refers_To_Date=day(2)[:19] + "Z",
        )
        + member(
            "revisit", "urn:uuid:lost", f"{ZJ}/2.html", day(5), b"", Refers_To="<urn:uuid:nowhere>", Profile=PROFILE
        )
    )
    return [first, second]


def ids(package: Package) -> set[str]:
    found = [re.search(rb"WARC-Record-ID: <urn:uuid:([^>]+)>", record) for record in package.records()]
    return {one[1].decode() for one in found if one}


def own(package: Package) -> set[str]:
    """Return the ids without the warcinfo records."""
    return {one for one in ids(package) if not one.startswith("info-") and len(one) != 36}


def test_a_whole_collection_is_packed_as_its_files_stand(warcs: list[Path], tmp_path: Path) -> None:
    done = pack(tmp_path / "whole.wacz", warcs, description=ABOUT)
    package = Package(tmp_path / "whole.wacz")
    assert package.faults() == []
    assert [package.zip.read(f"archive/{warc.name}") for warc in warcs] == [warc.read_bytes() for warc in warcs]
    assert (done.warc_files, done.records, done.index_lines, done.unresolved) == (2, 10, 5, 1)
    assert (package.manifest["software"], package.manifest["created"]) == ("pressmark 0.1.0", "2025-03-01T00:00:00Z")
    assert verify_signature(tmp_path / "whole.wacz") is None


def test_the_index_names_answers_only_and_revisits_as_such(warcs: list[Path], tmp_path: Path) -> None:
    pack(tmp_path / "whole.wacz", warcs, description=ABOUT)
    lines = Package(tmp_path / "whole.wacz").index()
    assert lines == sorted(lines)
    assert [line.split(" ")[0] for line in lines] == [
        "test,sample,js)/1.html",
        "test,sample,js)/again.html",
        "test,sample,zj)/1.html",
        "test,sample,zj)/1.html",
        "test,sample,zj)/2.html",
    ]
    fields = [json.loads(line.split(" ", 2)[2]) for line in lines]
    assert [one["mime"] for one in fields] == ["text/html", "warc/revisit", "text/html", "warc/revisit", "warc/revisit"]
    assert (fields[0]["status"], fields[0]["digest"]) == ("200", "sha1:ABC")


@pytest.mark.parametrize(
    ("chosen", "taken"),
    [
        ("js", {"js", "js-q", "js-m", "js-c"}),
        ("by-id", {"by-id", "js", "js-q", "js-m", "js-c"}),
        ("by-date", {"by-date", "zj"}),
        ("lost", {"lost"}),
    ],
)
def test_a_selection_takes_along_what_belongs_to_it(
    warcs: list[Path], tmp_path: Path, chosen: str, taken: set[str]
) -> None:
    selection = Selection(chooses=lambda record: record.record_id == f"urn:uuid:{chosen}")
    done = pack(tmp_path / "part.wacz", warcs, description=ABOUT, selection=selection)
    package = Package(tmp_path / "part.wacz")
    assert package.faults() == []
    assert own(package) == taken
    assert done.unresolved == (chosen == "lost")
    (first, *_) = package.records()
    assert b"WARC-Type: warcinfo" in first
    assert package.warcs()[0].removeprefix("archive/").encode() in first


def test_an_address_stands_for_all_its_answers_and_is_asked_for_last(warcs: list[Path], tmp_path: Path) -> None:
    seen: list[str] = []

    def sees(record: ScannedRecord) -> bool:
        seen.append(record.record_id)
        return False

    def urls() -> Iterator[str]:
        assert len(seen) == 8
        yield f"{ZJ}/1.html"

    pack(tmp_path / "part.wacz", warcs, description=ABOUT, selection=Selection(chooses=sees, urls=urls()))
    assert own(Package(tmp_path / "part.wacz")) == {"zj", "by-date"}


def test_the_warcinfo_records_of_the_old_files_stay_resolvable(warcs: list[Path], tmp_path: Path) -> None:
    pack(tmp_path / "part.wacz", warcs, description=ABOUT, selection=Selection(record_ids=["urn:uuid:js"], chooses=no))
    assert "info-a" in ids(Package(tmp_path / "part.wacz"))
    assert "info-b" not in ids(Package(tmp_path / "part.wacz"))


def test_a_large_selection_goes_into_several_files(warcs: list[Path], tmp_path: Path) -> None:
    selection = Selection(chooses=lambda record: True)
    done = pack(tmp_path / "part.wacz", warcs, description=ABOUT, selection=selection, max_warc_bytes=1)
    package = Package(tmp_path / "part.wacz")
    assert done.warc_files == len(package.warcs()) == 6
    assert package.faults() == []


def test_a_page_is_found_by_the_index_and_one_without_record_is_counted(warcs: list[Path], tmp_path: Path) -> None:
    pages = [
        PackedPage(
            url=f"{JS}/1.html", captured_at=datetime.fromisoformat(day(1)), record_id="urn:uuid:js", title="苏州"
        ),
        PackedPage(url=f"{JS}/2.html", captured_at=datetime.fromisoformat(day(1)), record_id="urn:uuid:open"),
    ]
    done = pack(tmp_path / "whole.wacz", warcs, description=ABOUT, pages=pages)
    package = Package(tmp_path / "whole.wacz")
    header, page = package.pages()
    assert (header["format"], header["hasText"]) == ("json-pages-1.0", True)
    assert (page["url"], page["ts"], page["title"]) == (f"{JS}/1.html", "2025-02-01T10:15:00Z", "苏州")
    assert len(package.look_up(page["url"], page["ts"])) == 1
    assert (done.pages, done.unpacked_pages) == (1, 1)


def test_an_index_of_several_blocks_is_read_block_by_block(tmp_path: Path) -> None:
    many = tmp_path / "many.warc.gz"
    many.write_bytes(b"".join(response(f"urn:uuid:{n}", f"{JS}/{n}.html", day(1), b"") for n in range(2500)))
    pack(tmp_path / "many.wacz", [many], description=ABOUT)
    package = Package(tmp_path / "many.wacz")
    assert len(package.zip.read("indexes/index.idx").splitlines()) == 4
    lines = package.index()
    assert len(lines) == 2500
    assert lines == sorted(lines)


def test_the_same_input_and_time_give_the_same_bytes(warcs: list[Path], tmp_path: Path) -> None:
    make_key(tmp_path / "key.pem")
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "part.wacz"
        selection = Selection(chooses=lambda record: True)
        pack(path, warcs, description=ABOUT, selection=selection, key=load_key(tmp_path / "key.pem"))
        written.append(path.read_bytes())
    assert written[0] == written[1]


def test_a_signature_is_verified(warcs: list[Path], tmp_path: Path) -> None:
    make_key(tmp_path / "key.pem")
    key = load_key(tmp_path / "key.pem")
    path = tmp_path / "signed.wacz"
    assert pack(path, warcs, description=ABOUT, key=key).signed
    signature = verify_signature(path)
    assert signature is not None
    assert (signature.public_key, signature.created) == (key.public_key, "2025-03-01T00:00:00Z")
    assert signature.software == "pressmark 0.1.0"


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("datapackage.json", "样例新闻网", "样例新闻社", "was changed"),
        ("datapackage-digest.json", '"signature": "', '"signature": "AAAA', "signature is wrong"),
        ("datapackage-digest.json", '"created": "2025', '"created": "2024', "another manifest"),
        ("datapackage-digest.json", '"publicKey"', '"domainCert"', "certificate"),
        ("datapackage-digest.json", '"path"', "path", "not a WACZ file"),
    ],
)
def test_a_changed_package_is_told(
    warcs: list[Path], tmp_path: Path, name: str, old: str, new: str, complaint: str
) -> None:
    make_key(tmp_path / "key.pem")
    path, changed = tmp_path / "signed.wacz", tmp_path / "changed.wacz"
    pack(path, warcs, description=ABOUT, key=load_key(tmp_path / "key.pem"))
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, "w") as target:
        contents = {one: source.read(one) for one in source.namelist()}
        contents[name] = contents[name].decode().replace(old, new).encode()
        for one, content in contents.items():
            target.writestr(one, content)
    with pytest.raises(ArchiveError, match=complaint):
        verify_signature(changed)


def test_a_signature_by_another_key_is_wrong(warcs: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "signed.wacz"
    for name in ("one", "two"):
        make_key(tmp_path / f"{name}.pem")
    one, two = load_key(tmp_path / "one.pem"), load_key(tmp_path / "two.pem")
    pack(path, warcs, description=ABOUT, key=one)
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as package, zipfile.ZipFile(path, "w") as target:
        for name in package.namelist():
            text = package.read(name)
            target.writestr(name, text.replace(one.public_key.encode(), two.public_key.encode()))
    with pytest.raises(ArchiveError, match="signature is wrong"):
        verify_signature(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip"])
def test_what_is_no_package_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.wacz"
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"odd\.wacz"):
        verify_signature(path)


def test_a_broken_file_leaves_nothing_behind(warcs: list[Path], tmp_path: Path) -> None:
    warcs[1].write_bytes(warcs[1].read_bytes()[:-20])
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(ArchiveError, match=r"b\.warc\.gz: at offset"):
        pack(folder / "whole.wacz", warcs, description=ABOUT)
    assert list(folder.iterdir()) == []


def test_an_empty_selection_is_refused(warcs: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="nothing is selected"):
        pack(tmp_path / "part.wacz", warcs, description=ABOUT, selection=Selection(chooses=no))
    with pytest.raises(ArchiveError, match="no finished WARC file"):
        pack(tmp_path / "part.wacz", [], description=ABOUT)
    assert not list(tmp_path.glob("*.wacz"))


def test_two_files_of_one_name_but_for_case_are_told_apart(warcs: list[Path], tmp_path: Path) -> None:
    other = tmp_path / "A.warc.gz"
    shutil.copy(warcs[0], other)
    pack(tmp_path / "whole.wacz", [other, *warcs], description=ABOUT)
    assert Package(tmp_path / "whole.wacz").faults() == []


def test_packing_without_a_key_loads_no_more_than_archives_need() -> None:
    asked = (
        "import sys, archive.wacz; print(*{'cryptography', 'msgspec', 'lxml', 'scrapy', 'typer'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == ""


def no(_: ScannedRecord) -> bool:
    return False
