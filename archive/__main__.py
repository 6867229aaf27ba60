"""`python -m archive`: index, verify, pack, show and cat WARC, ARC and WACZ files of any tool, without Scrapy.

Exit codes: 0 done, 1 nothing could be done, 2 wrong usage, 3 done, with findings.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import cast

from archive.capture import Capture
from archive.errors import ArchiveError
from archive.findings import Finding
from archive.integrity import read_message
from archive.iteration import Fault, StoredRecord, iterate, read_at
from archive.lengths import read_length
from archive.listing import list_records, sort_lines
from archive.manifest import Description, Signer, verify_signature
from archive.packages import check_package
from archive.pages import PageList
from archive.verify import verify
from archive.wacz import pack

DONE, FAILED, USAGE, FINDINGS, GONE = 0, 1, 2, 3, 141
INDEX_SUFFIXES = frozenset({".cdxj", ".cdx"})


class _UsageError(ArchiveError):
    """The words of the command do not fit together."""


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _read_options(words)
    # Addresses of other tools hold any character, terminals do not.
    cast("TextIOWrapper", sys.stdout).reconfigure(errors="backslashreplace")
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does; nothing may be written when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return GONE
    except _UsageError as error:
        _say(str(error))
        return USAGE
    except ArchiveError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"{error.filename or 'output'}: {error.strerror or error}")


def find_all(files: Sequence[Path], indexes: Sequence[Path] = ()) -> Iterator[Finding]:
    """Yield the findings of WARC, ARC and WACZ files (by `.wacz`), and of indexes to the former."""
    packages = [path for path in files if path.suffix == ".wacz"]
    warcs = [path for path in files if path.suffix != ".wacz"]
    if warcs:
        yield from verify(warcs, indexes=indexes)
    for path in packages:
        yield from check_package(path, check_signature=verify_signature)


def _read_options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m archive", description="Read and check WARC, ARC and WACZ files.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    index = _add(commands, "index", _index, "write a CDXJ index", "python -m archive index *.warc.gz -o index.cdxj")
    index.add_argument("files", nargs="+", type=Path, metavar="FILE")
    index.add_argument("-o", "--output", type=Path, help="the index; standard output by default")
    check = _add(
        commands, "verify", _verify, "check every byte that can be checked", "python -m archive verify a.warc.gz"
    )
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    check.add_argument("--index", action="append", type=Path, default=[], help="a CDXJ index of the files")
    check.add_argument("--json", action="store_true", help="one JSON object for each finding")
    show = _add(
        commands, "show", _show, "list the records, or show one record's head", "python -m archive show a.warc.gz"
    )
    show.add_argument("file", type=Path, metavar="FILE")
    show.add_argument("offset", nargs="?", type=_offset, metavar="OFFSET")
    cat = _add(commands, "cat", _cat, "write the bytes of a record", "python -m archive cat a.warc.gz 1234 --body")
    cat.add_argument("file", type=Path, metavar="FILE")
    cat.add_argument("offset", type=_offset, metavar="OFFSET")
    part = cat.add_mutually_exclusive_group()
    part.add_argument("--payload", action="store_true", help="the body without its chunks")
    part.add_argument("--body", action="store_true", help="the body without chunks and content codings")
    package = _add(
        commands, "pack", _pack, "pack WARC files into a WACZ file", "python -m archive pack *.warc.gz -o a.wacz"
    )
    package.add_argument("files", nargs="+", type=Path, metavar="FILE")
    package.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.wacz", help="the file to write")
    package.add_argument("--force", action="store_true", help="replace a file that is there")
    package.add_argument("--title", help="what the package is called; the output's name by default")
    package.add_argument("--sign", type=Path, metavar="KEY.pem", help="sign with this private key (ECDSA, P-384)")
    package.add_argument("--make-key", action="store_true", help="make the key of --sign if there is none yet")
    return parser.parse_args(words)


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    what: str,
    example: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=what, description=f"{what.capitalize()}.", epilog=f"Example: {example}")
    parser.set_defaults(run=run)
    return parser


def _offset(text: str) -> int:
    """Return an offset that is typed in; argparse tells of others."""
    offset = read_length(text)
    if offset is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no offset; `show FILE` lists them")
    return offset


def _index(options: argparse.Namespace) -> int:
    refused: list[Fault] = []
    lines = sort_lines(_lines(options.files, refused))
    if options.output:
        _write_index(options.output, lines)
    else:
        sys.stdout.buffer.writelines(lines)
        sys.stdout.buffer.flush()
    for fault in refused:
        _say(fault.describe())
    return FINDINGS if refused else DONE


def _write_index(output: Path, lines: Iterator[bytes]) -> None:
    # `index -o *.warc.gz` would put the index in the place of the first file.
    if output.is_dir() or (output.exists() and output.suffix not in INDEX_SUFFIXES):
        raise _UsageError(f"{output}: is there already and is no index; name a file that ends in .cdxj")
    partial = output.with_name(f".{output.name}.partial")
    try:
        with partial.open("wb") as file:
            file.writelines(lines)
        partial.replace(output)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _lines(files: Sequence[Path], refused: list[Fault]) -> Iterator[str]:
    for path in files:
        for found in list_records(path):
            if isinstance(found, Fault):
                refused.append(found)
            else:
                yield found


def _verify(options: argparse.Namespace) -> int:
    count = 0
    for finding in find_all(options.files, options.index):
        count += 1
        print(json.dumps(asdict(finding), ensure_ascii=False) if options.json else finding.describe())  # noqa: T201
    if not options.json:
        print(f"{len(options.files)} {'file' if len(options.files) == 1 else 'files'}, {count or 'no'} findings")  # noqa: T201
    return FINDINGS if count else DONE


def _show(options: argparse.Namespace) -> int:
    if options.offset is not None:
        print(_describe_head(read_at(options.file, options.offset)))  # noqa: T201
        return DONE
    code = DONE
    for found in iterate(options.file):
        if isinstance(found, Fault):
            _say(found.describe())
            code = FINDINGS
            continue
        fields = found.fields
        columns = (found.offset, found.length, fields.get("warc-type", "-"), fields.get("warc-date", "-"))
        print(*columns, fields.get("warc-target-uri", "-"), sep="\t")  # noqa: T201
    return code


def _cat(options: argparse.Namespace) -> int:
    record = read_at(options.file, options.offset)
    if options.body:
        sys.stdout.buffer.write(_body(record))
    elif options.payload:
        message = read_message(record.block, request=record.fields.get("warc-type", "").lower() == "request")
        for start, end in message.spans if message else ((0, len(record.block)),):
            sys.stdout.buffer.write(record.block[start:end])
    else:
        sys.stdout.buffer.write(record.block)
    sys.stdout.buffer.flush()
    return DONE


def _body(record: StoredRecord) -> bytes:
    block = bytes(record.block)
    if not record.fields.get("content-type", "").startswith("application/http"):
        return block
    url = record.fields.get("warc-target-uri", "")
    return Capture(url=url, started_at=datetime.now(UTC), seconds=0, request=b"", response=block).body()


def _pack(options: argparse.Namespace) -> int:
    output: Path = options.output
    if output.suffix != ".wacz":
        raise _UsageError(f"{output}: replay programs know packages by the name; let it end in .wacz")
    if output.is_dir() or (output.exists() and not options.force):
        raise _UsageError(f"{output}: is there already; name another file, or add --force to replace it")
    _check_sources(options.files)
    key = _read_key(options.sign, make=options.make_key)
    moment = datetime.now(UTC).replace(microsecond=0)
    about = Description(title=options.title or output.stem, software="pressmark archive", created=moment)
    with closing(PageList()) as pages:
        packed = pack(
            output, options.files, description=about, pages=pages, has_text=False, key=key, on_record=pages.add
        )
    lines = f"{packed.records} records, {packed.index_lines} in the index, {packed.pages} pages"
    print(f"{output}: {packed.bytes} bytes, {lines}{', signed' if packed.signed else ''}")  # noqa: T201
    if packed.unresolved:
        _say(f"{packed.unresolved} revisits refer to records that are in none of the files; pack those as well")
    return FINDINGS if packed.unresolved else DONE


def _check_sources(files: Sequence[Path]) -> None:
    """Raise _UsageError for files that cannot stand in a package as they are."""
    seen: dict[str, Path] = {}
    for path in files:
        if path.is_dir():
            raise _UsageError(f"{path}: is a directory; name the files in it")
        if not path.name.endswith(".warc.gz"):
            raise _UsageError(f"{path}: packages hold .warc.gz files; make it one with `warcio recompress`")
        if path.name in seen:
            raise _UsageError(f"{path}: has the same name as {seen[path.name]}; rename one of them")
        seen[path.name] = path


def _read_key(path: Path | None, *, make: bool) -> Signer | None:
    if path is None:
        if make:
            raise _UsageError("--make-key: for which file? name it with --sign KEY.pem")
        return None
    try:
        # Only here: nothing else needs the package `cryptography`.
        from archive import signing  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ArchiveError(f"--sign {path}: needs the package {error.name}; pip install cryptography") from error
    if not path.exists():
        if not make:
            raise _UsageError(f"--sign {path}: no such file; add --make-key to make a key there")
        signing.make_key(path)
    return signing.load_key(path)


def _describe_head(record: StoredRecord) -> str:
    lines = [record.version, *(f"{name}: {value}" for name, value in record.headers)]
    message = read_message(record.block, request=record.fields.get("warc-type", "").lower() == "request")
    if message and record.fields.get("content-type", "").startswith("application/http"):
        lines += ["", bytes(record.block[: message.body]).decode("latin-1").replace("\r\n", "\n").strip()]
    return "\n".join(lines)


def _say(message: str) -> None:
    print(f"archive: {message}", file=sys.stderr)  # noqa: T201


def _fail(message: str) -> int:
    _say(message)
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
