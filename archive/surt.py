"""Turn an address into the key by which CDXJ indexes sort it, e.g. `cn,com,chinanews,js)/news/1.html`.

The rules are those of pywb and cdxj-indexer: host reversed, `www.` gone, everything in lower case, percent-escapes
made uniform, parameters sorted, session ids left out. Keys need not lead back to the address: the index line holds it.
"""

import re
from urllib.parse import unquote_to_bytes

ADDRESS = re.compile(r"(?:(?P<scheme>https?|ftp):)?//(?P<host>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?")
OTHER_SCHEME = re.compile(r"(?!(?:https?|ftp)://)[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)
HOST = re.compile(r"(?:.*@)?(?P<name>\[[^\]]*\]|[^:]*)(?::(?P<port>\d{0,9}))?$")
WWW = re.compile(r"^www\d*\.(?=.)")
DEFAULT_PORTS = {"http": 80, "https": 443, "ftp": 21}
ESCAPED = re.compile(rb"[\x00-\x20\x7f-\xff#%]")
SLASHES = re.compile(r"/{2,}")
# The session ids of Java, PHP, ASP and ColdFusion servers; ASP.NET writes them into the path.
SESSION_QUERY = re.compile(
    r"(?:(?:jsessionid|phpsessid|sid)=[0-9a-z]{32}|aspsessionid[a-z]{8}=[a-z]{24}|cfid=[^&]+&cftoken=[^&]+)(?:&|$)"
)
SESSION_PATH = re.compile(r"/\((?:(?:[a-z]\([0-9a-z]{24}\))+|[0-9a-z]{24})\)(?=/[^?]+\.aspx)")


def surt(url: str) -> str:
    """Return the sort key of an address; what is no http, https or ftp address comes back as it is."""
    url = re.sub(r"[\t\r\n]", "", url).strip()
    if OTHER_SCHEME.match(url):
        return url
    match = ADDRESS.match(url) or ADDRESS.match(f"http://{url}")
    if match is None:
        return url
    host = _reverse_host(match["host"], match["scheme"] or "http")
    return f"{host}){_normal_path(match['path'])}{_normal_query(match['query'] or '')}"


def _reverse_host(host: str, scheme: str) -> str:
    match = HOST.match(host)
    name, port = (match["name"], match["port"]) if match else (host, None)
    name = re.sub(r"\.{2,}", ".", name.lower()).strip(".[]")
    if not name.isascii():
        try:
            name = name.encode("idna").decode()
        except UnicodeError:
            name = _escape(name)
    reversed_name = ",".join(reversed(WWW.sub("", name).split(".")))
    return f"{reversed_name}:{int(port)}" if port and int(port) != DEFAULT_PORTS[scheme] else reversed_name


def _normal_path(path: str) -> str:
    # Dots are resolved before the escapes are undone: pywb keeps %2e%2e as a name.
    path = SLASHES.sub("/", _escape(_resolve_dots(path)).lower())
    path = SESSION_PATH.sub("", path)
    return path.rstrip("/") or "/"


def _resolve_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == ".." and kept:
            kept.pop()
        elif segment not in {"", ".", ".."}:
            kept.append(segment)
    return "/" + "/".join(kept)


def _normal_query(query: str) -> str:
    query = SESSION_QUERY.sub("", _escape(query).lower(), count=1)
    return "?" + "&".join(sorted(query.split("&"), key=lambda part: part.partition("="))) if query else ""


def _escape(text: str) -> str:
    """Undo all percent-escapes, however deep, and escape again what must be."""
    plain, before = text.encode("utf-8", "surrogatepass"), b""
    while plain != before:
        plain, before = unquote_to_bytes(plain), plain
    return ESCAPED.sub(lambda match: b"%%%02x" % match[0][0], plain).decode("ascii")
