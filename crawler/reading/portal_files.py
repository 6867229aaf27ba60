"""Read a portal out of its TOML file; a wrong key or value is named with file, branch, key and remedy."""

import codecs
import re
import tomllib
from dataclasses import fields
from pathlib import Path

from parsel import css2xpath

from crawler.errors import UsageError
from crawler.reading.portal import FACTS, Branch, Layout, MobileForm, Notice, Portal, Section
from crawler.tables import Table, nearest

_BUILT_IN = Path(__file__).parents[1] / "portals"
_SEEN = re.compile(r"\d{4}(?:-\d\d){0,2}")
_GROUPS = {"id", "year", "month", "day", "series"}
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")


def load_portal(path: Path) -> Portal:
    """Return the portal of a TOML file. Raises UsageError with file, key and nearest name for a wrong key or value."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read ({error.strerror}); name a portal or the path of its TOML file"
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path.name}: is no TOML: {error}") from error
    return _read_portal(Table(path.name, values))


def built_in_portals() -> list[str]:
    """Return the names of the portals that come with Pressmark."""
    return sorted(path.stem for path in _BUILT_IN.glob("*.toml"))


def find_portal(name: str) -> Portal:
    """Return the portal of that name (`chinanews`) or TOML file. Raises UsageError with the nearest name."""
    if name.endswith(".toml"):
        return load_portal(Path(name))
    known = built_in_portals()
    if name not in known:
        hint = nearest(name, set(known))
        raise UsageError(f"unknown portal '{name}'{hint}; known: {', '.join(known)}; or name a TOML file")
    return load_portal(_BUILT_IN / f"{name}.toml")


def _read_portal(table: Table) -> Portal:
    table.allow("name", "title", "asset_hosts", "notice", "branches", "layouts")
    name = table.text("name")
    layouts = {code: _read_layout(code, part) for code, part in table.named_tables("layouts", "layout").items()}
    branches = tuple(
        _read_branch(name, code, part, layouts) for code, part in table.named_tables("branches", "branch").items()
    )
    portal = Portal(
        name=name,
        title=table.text("title"),
        branches=branches,
        asset_hosts=_read_hosts(table, "asset_hosts"),
        notice=_read_notice(table),
    )
    _refuse_shared_hosts(table.place, branches)
    return portal


def _read_notice(table: Table) -> Notice | None:
    part = table.optional_table("notice")
    if part is None:
        return None
    part.allow("text", "english", "place")
    return Notice(text=part.text("text"), english=part.text("english"), place=part.text("place"))


def _read_branch(portal: str, code: str, table: Table, layouts: dict[str, Layout]) -> Branch:
    table.allow(
        "name",
        "region",
        "scheme",
        "hosts",
        "article_url",
        "charset",
        "sections",
        "layouts",
        "seen",
        "mobile",
        "day_archive",
    )
    hosts = _read_hosts(table, "hosts")
    if not hosts:
        raise UsageError(f"{table.place}: key 'hosts' must name at least one host")
    names = table.texts("layouts")
    for name in names:
        if name not in layouts:
            raise UsageError(f"{table.place}: unknown layout '{name}'{nearest(name, set(layouts))}")
    return Branch(
        portal=portal,
        code=code,
        name=table.text("name"),
        region=table.optional_text("region"),
        scheme=_read_scheme(table),
        hosts=hosts,
        article_url=_read_article_url(table),
        sections=tuple(_read_section(part) for part in table.tables("sections")),
        layouts=tuple(layouts[name] for name in names),
        charset=_read_charset(table),
        day_archive=_read_day_archive(table),
        seen=_read_seen(table),
        mobile=tuple(_read_mobile_form(part) for part in table.tables("mobile")),
    )


def _read_hosts(table: Table, key: str) -> tuple[str, ...]:
    hosts = tuple(host.lower() for host in table.texts(key))
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise UsageError(f"{table.place}: key '{key}': '{host}' is no host name; leave out scheme, port and path")
    return hosts


def _read_scheme(table: Table) -> str:
    scheme = table.optional_text("scheme") or "https"
    if scheme not in {"http", "https"}:
        raise UsageError(f"{table.place}: key 'scheme' must be http or https, not '{scheme}'")
    return scheme


def _read_day_archive(table: Table) -> str | None:
    path = table.optional_text("day_archive")
    if path is not None and not (path.startswith("/") and all(part in path for part in ("%Y", "%m", "%d"))):
        raise UsageError(f"{table.place}: key 'day_archive' must begin with '/' and hold %Y, %m and %d, not '{path}'")
    return path


def _read_charset(table: Table) -> str | None:
    label = table.optional_text("charset")
    if label is not None:
        try:
            codecs.lookup(label)
        except LookupError as error:
            raise UsageError(f"{table.place}: key 'charset': '{label}' is no charset; e.g. gb2312 or utf-8") from error
    return label


def _read_seen(table: Table) -> dict[str, str]:
    part = table.optional_table("seen")
    if part is None:
        return {}
    part.allow(*FACTS)
    return {fact: day for fact in FACTS if (day := _read_day(part, fact)) is not None}


def _read_day(table: Table, key: str) -> str | None:
    day = table.optional_text(key)
    if day is not None and not _SEEN.fullmatch(day):
        raise UsageError(f"{table.place}: key '{key}' must be a year, month or day such as 2020-03, not '{day}'")
    return day


def _read_mobile_form(table: Table) -> MobileForm:
    table.allow("host", "path", "to")
    host, source, to = table.optional_text("host"), table.text("path"), table.optional_text("to")
    if host is not None and not _HOST.fullmatch(host):
        raise UsageError(f"{table.place}: key 'host': '{host}' is no host name; leave out scheme, port and path")
    try:
        path = re.compile(source)
    except re.error as error:
        raise UsageError(f"{table.place}: key 'path' is no regular expression: {error}") from error
    if to is None and "id" not in path.groupindex:
        raise UsageError(f"{table.place}: key 'path' must have the group (?P<id>...) where there is no key 'to'")
    try:
        path.sub(to or "", "")
    except (re.error, IndexError) as error:
        raise UsageError(f"{table.place}: key 'to': '{to}' does not fit the groups of 'path': {error}") from error
    return MobileForm(path=path, host=host, to=to)


def _read_article_url(table: Table) -> re.Pattern[str] | None:
    source = table.optional_text("article_url")
    if source is None:
        return None
    try:
        pattern = re.compile(source)
    except re.error as error:
        raise UsageError(f"{table.place}: key 'article_url' is no regular expression: {error}") from error
    groups = set(pattern.groupindex)
    if "id" not in groups or len(groups & {"year", "month", "day"}) in {1, 2}:
        raise UsageError(
            f"{table.place}: key 'article_url' must have the group (?P<id>...), and year, month and day all or none"
        )
    if unknown := sorted(groups - _GROUPS):
        raise UsageError(
            f"{table.place}: key 'article_url': unknown group '{unknown[0]}'{nearest(unknown[0], _GROUPS)}"
        )
    return pattern


def _read_section(table: Table) -> Section:
    table.allow("path", "name")
    section = Section(path=table.text("path"), name=table.text("name"))
    if not section.path.startswith("/"):
        raise UsageError(f"{table.place}: key 'path' must begin with '/', not '{section.path}'")
    return section


def _read_layout(name: str, table: Table) -> Layout:
    table.allow(*(part.name for part in fields(Layout) if part.name != "name"))
    return Layout(
        name=name,
        marker=_selector(table, "marker", table.text("marker")),
        headline=_selector(table, "headline", table.text("headline")),
        body=_selector(table, "body", table.text("body")),
        time=_optional_selector(table, "time"),
        source=_optional_selector(table, "source"),
        kicker=_optional_selector(table, "kicker"),
        subheadline=_optional_selector(table, "subheadline"),
        editor=_optional_selector(table, "editor"),
        listing=_optional_selector(table, "listing"),
        seen=_read_day(table, "seen"),
    )


def _optional_selector(table: Table, key: str) -> str | None:
    selector = table.optional_text(key)
    return None if selector is None else _selector(table, key, selector)


def _selector(table: Table, key: str, selector: str) -> str:
    try:
        css2xpath(selector)
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"{table.place}: key '{key}': '{selector}' is no CSS selector: {error}") from error
    return selector


def _refuse_shared_hosts(place: str, branches: tuple[Branch, ...]) -> None:
    owners: dict[str, str] = {}
    for branch in branches:
        for host in branch.every_host:
            if host in owners:
                raise UsageError(
                    f"{place}: branch '{branch.code}': host '{host}' belongs to branch '{owners[host]}' already"
                )
            owners[host] = branch.code
