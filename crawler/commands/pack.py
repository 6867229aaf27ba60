"""`pressmark pack`: put a collection, a branch or some days of it into one WACZ file for replay."""

from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from archive.manifest import Description, Signer
from archive.wacz import Packed
from archive.wacz import pack as write_package
from crawler.commands import terminal
from crawler.commands.choosing import Choice, Fronts, list_pages, select
from crawler.commands.options import (
    DONE,
    FINDINGS,
    CollectionOption,
    DataOption,
    JsonOption,
    PortalOption,
    existing_collection,
    out,
    print_json,
)
from crawler.errors import UsageError
from crawler.fetching.plan import choose_branches
from crawler.reading.portals import Portal, find_portal
from crawler.store.collection import Collection
from crawler.store.state import State
from crawler.withholding import Withheld, find_withheld

SUFFIX = ".wacz"


def pack(
    *,
    branch: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Only this branch: its hosts, and its articles' pictures. May be repeated."),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what was captured on this day (UTC) or later.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what was captured on this day (UTC) or before.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.wacz", help="The file to write  [default: named after what is in it]"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    sign: Annotated[
        Path | None, typer.Option(metavar="KEY.pem", help="Sign the package with this private key (ECDSA, P-384).")
    ] = None,
    make_key: Annotated[bool, typer.Option("--make-key", help="Make the key of --sign if there is none yet.")] = False,
    with_withheld: Annotated[
        bool, typer.Option("--with-withheld", help="Pack the articles on the takedown list (takedowns.txt), too.")
    ] = False,
    created: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z"],
            help="The time to write into the package; now by default. Same input and time, same file.",
        ),
    ] = None,
    json: JsonOption = False,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
) -> int:
    """Pack a collection, or a part of it, into a WACZ file that replays as it stands.

    Example: pressmark pack --branch js --since 2025-02-01 --until 2025-02-28 --out js-2025-02.wacz
    """
    described = find_portal(portal)
    choice = _choose(described, branch, since, until)
    found = existing_collection(data, collection, described)
    _check_portal(found, choice)
    withheld = Withheld() if with_withheld else find_withheld(found)
    choice = replace(choice, withheld=withheld, withheld_keys=withheld.surts())
    path = _check_output(output or Path(_default_name(found, choice)), force=force)
    key = _key(sign, make=make_key)
    moment = (created or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    fronts = Fronts()
    packed = write_package(
        path,
        sorted(found.archive.glob("*.warc.gz")),
        description=Description(title=_title(choice), software=f"pressmark {version('pressmark')}", created=moment),
        pages=list_pages(found, choice, fronts),
        on_record=fronts.see,
        selection=None if choice.is_whole else select(found, choice),
        key=key,
    )
    unfinished = len(list(found.archive.glob("*.warc.gz.open")))
    if json:
        print_json({**msgspec.to_builtins(packed, enc_hook=str), "withheld": sorted(withheld.ids)})
    else:
        _print(packed, unfinished)
        _print_withheld(withheld, found)
    return FINDINGS if packed.unpacked_pages or packed.unresolved else DONE


def _choose(portal: Portal, codes: list[str] | None, since: datetime | None, until: datetime | None) -> Choice:
    if since and until and since > until:
        raise UsageError(f"--since {since:%Y-%m-%d}: is after --until {until:%Y-%m-%d}; exchange the two")
    return Choice(
        portal=portal,
        branches=choose_branches(portal, tuple(codes)) if codes else (),
        since=since.date() if since else None,
        until=until.date() if until else None,
    )


def _check_portal(collection: Collection, choice: Choice) -> None:
    """Raise UsageError where branches are named by another portal than that of the collection: its hosts are others."""
    state = State(collection.state, read_only=True)
    try:
        held = state.versions.portal()
    finally:
        state.shut()
    if choice.branches and held not in {None, choice.portal.name}:
        raise UsageError(
            f"--branch {choice.branches[0].code}: is a branch of {choice.portal.name}, and {collection.folder} holds"
            f" the portal {held}; name that with --portal"
        )


def _default_name(collection: Collection, choice: Choice) -> str:
    days = [str(choice.since or "start"), str(choice.until or "end")] if choice.since or choice.until else []
    return "-".join([collection.folder.name, *(branch.code for branch in choice.branches), *days]) + SUFFIX


def _title(choice: Choice) -> str:
    """Return e.g. 中国新闻网 江苏, 2025-02-01 to 2025-02-28."""
    title = " ".join([choice.portal.title, *(branch.name for branch in choice.branches)])
    since = f"{choice.since} " if choice.since else ""
    until = f"to {choice.until}" if choice.until else "and later"
    return f"{title}, {since}{until}" if choice.since or choice.until else title


def _check_output(path: Path, *, force: bool) -> Path:
    if path.suffix != SUFFIX:
        raise UsageError(f"--out {path}: replay programs know packages by the name; let it end in {SUFFIX}")
    if not path.parent.is_dir():
        raise UsageError(f"--out {path}: there is no folder {path.parent}; make it first")
    if path.is_dir() or (path.exists() and not force):
        raise UsageError(f"{path}: is there already; name another file with --out, or add --force to replace it")
    return path


def _key(path: Path | None, *, make: bool) -> Signer | None:
    if path is None:
        if make:
            raise UsageError("--make-key: for which file? name it with --sign KEY.pem")
        return None
    # Only here: no other command needs the package `cryptography`.
    from archive import signing  # noqa: PLC0415

    if not path.exists():
        if not make:
            raise UsageError(f"--sign {path}: no such file; add --make-key to make a key there")
        signing.make_key(path)
    return signing.load_key(path)


def _print_withheld(withheld: Withheld, collection: Collection) -> None:
    if withheld.addresses:
        out.print(
            f"Withheld  {withheld.describe()}, by {collection.takedowns}; --with-withheld packs them",
            markup=False,
            soft_wrap=True,
        )
    for name in withheld.unknown:
        out.print(
            f"Unknown   {name} in {collection.takedowns}: the collection holds no such article",
            markup=False,
            soft_wrap=True,
        )


def _print(packed: Packed, unfinished: int) -> None:
    size = terminal.human_bytes(packed.bytes)
    signed = ", signed" if packed.signed else ""
    out.print(f"{packed.path}: {size}{signed}", markup=False, soft_wrap=True)
    files = terminal.counted(packed.warc_files, "WARC file")
    out.print(f"Records   {packed.records} in {files}, {packed.index_lines} in the index")
    out.print(f"Pages     {packed.pages}")
    if unfinished:
        out.print(f"Left out  {terminal.counted(unfinished, 'WARC file')}, still being written", soft_wrap=True)
    if packed.unpacked_pages:
        out.print(
            f"Left out  {packed.unpacked_pages} articles whose records are in no finished WARC file", soft_wrap=True
        )
    if packed.unresolved:
        out.print(f"Missing   the records that {packed.unresolved} revisits refer to", soft_wrap=True)
