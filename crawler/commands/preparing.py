"""Check the options that commands which fetch have in common, and make Scrapy's settings of them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from scrapy.settings import Settings

from archive.labels import DigestName
from archive.records import PayloadDigest
from archive.writer import KeepOpen
from crawler.commands import terminal
from crawler.errors import UsageError
from crawler.fetching.connecting import parse_connect_to
from crawler.fetching.process import load_settings

LogFormat = Literal["human", "json"]


def connection_settings(
    *,
    contact: str,
    connect_to: Sequence[str] | None,
    proxy: str,
    insecure_tls: bool,
    log_level: str,
    log_format: str = "human",
) -> Settings:
    """Return the settings by which hosts are asked, and begin the log. Raises UsageError for a wrong value."""
    level = log_level.upper()
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise UsageError(f"--log-level {log_level}: not a level; take DEBUG, INFO, WARNING or ERROR")
    if proxy and not re.fullmatch(r"http://(?:[^\s/@]+@)?[^\s/@]+/?", proxy):
        raise UsageError(
            f"--proxy {proxy}: no address of a proxy; write http://host:port or http://name:password@host:port"
        )
    for pair in connect_to or ():
        parse_connect_to(pair)
    if _checked("--log-format", log_format, LogFormat) == "json":
        terminal.log_as_json(level)
    else:
        terminal.log_to_terminal(level)
    return load_settings(
        PRESSMARK_CONTACT=contact,
        PRESSMARK_PROXY=proxy,
        CONNECT_TO=list(connect_to or ()),
        DOWNLOAD_VERIFY_CERTIFICATES=False if insecure_tls else None,
        LOG_LEVEL=level,
        LOG_INSTALL_ROOT_HANDLER=False,
    )


def name_collection(
    settings: Settings, *, data: Path, collection: str, keep_open: str, digest: str, payload_digest: str
) -> Settings:
    """Return the settings with the collection that is written, and how. Raises UsageError for a wrong value."""
    values = {
        "PRESSMARK_DATA": str(data),
        "PRESSMARK_COLLECTION": collection,
        "PRESSMARK_KEEP_OPEN": _checked("--keep-open", keep_open, KeepOpen),
        "PRESSMARK_DIGEST": _checked("--digest", digest, DigestName),
        "PRESSMARK_PAYLOAD_DIGEST": _checked("--payload-digest", payload_digest, PayloadDigest),
    }
    for name, value in values.items():
        settings.set(name, value, priority="cmdline")
    return settings


def _checked(option: str, value: str, choices: Any) -> str:
    if value not in get_args(choices):
        raise UsageError(f"{option} {value}: not known; take {' or '.join(get_args(choices))}")
    return value
