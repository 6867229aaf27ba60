"""Which addresses a takedown list withholds from replay and packages, and the list in the form that pywb reads.

The list names articles by id or address; each is withheld at every address under which the collection knows it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from archive.surt import surt
from crawler.errors import CrawlerError
from crawler.store.collection import Collection
from crawler.store.state import State
from crawler.takedowns import is_address, read_takedowns

ACCESS_FILE = "takedowns.aclj"


@dataclass(frozen=True, slots=True)
class Withheld:
    """The ids and addresses that are withheld, and the names on the list of which the collection knows nothing."""

    ids: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()

    def surts(self) -> frozenset[str]:
        """Return the addresses as indexes sort them: http and https, www. and none are one."""
        return frozenset(map(surt, self.addresses))

    def describe(self) -> str:
        """Return e.g. `2 articles, 3 addresses`."""
        articles, addresses = len(self.ids), len(self.addresses)
        return f"{articles} article{'s' * (articles != 1)}, {addresses} address{'es' * (addresses != 1)}"


def find_withheld(collection: Collection) -> Withheld:
    """Return what the takedown list of a collection withholds, by what its state knows.

    An address of no article is withheld as it stands: a picture, say. Raises CrawlerError for a list that cannot be
    read.
    """
    names = read_takedowns(collection.takedowns).names
    if not names:
        return Withheld()
    ids: set[str] = set()
    addresses = set(filter(is_address, names))
    unknown: list[str] = []
    if not collection.state.exists():
        raise CrawlerError(f"{collection.takedowns}: cannot be followed without {collection.state.name}; crawl first")
    state = State(collection.state, read_only=True)
    try:
        unmet: set[str] = set()
        for name in sorted(names):
            found = _ids_of(state, name)
            ids.update(found)
            if not found:
                (unmet.add if name in addresses else unknown.append)(name)
        ids.update(_ids_under(state, {surt(name) for name in unmet}))
        for article in ids:
            addresses.update(state.versions.addresses(article))
    finally:
        state.shut()
    return Withheld(frozenset(ids), frozenset(addresses), tuple(unknown))


def write_access_rules(collection: Collection, withheld: Withheld) -> None:
    """Write what pywb is to answer with 451 into the collection's folder `acl`; without such addresses remove it.

    Raises CrawlerError where it cannot be written: what is to be withheld must not be served.
    """
    path = collection.folder / "acl" / ACCESS_FILE
    try:
        if not withheld.addresses:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(exist_ok=True)
        # pywb looks exact rules up by the key with ###, in a file that is sorted backwards.
        rules = {f"{surt(url)}###": {"access": "block", "url": url} for url in sorted(withheld.addresses)}
        text = "".join(f"{key} - {json.dumps(rules[key])}\n" for key in sorted(rules, reverse=True))
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(text, "utf-8")
        partial.replace(path)
    except OSError as error:
        raise CrawlerError(
            f"{path}: cannot be written ({error.strerror}), and without it pywb serves what is to be withheld;"
            " mend its permissions"
        ) from error


def collections_under(data: Path) -> list[Collection]:
    """Return the collections below a data folder: pywb serves them all."""
    folders = sorted((data / "collections").iterdir()) if (data / "collections").is_dir() else []
    return [Collection(folder) for folder in folders if folder.is_dir()]


def _ids_of(state: State, name: str) -> set[str]:
    """Return the articles that a name of the list means: an id, or an address of the article or of its pages."""
    if state.versions.newest(name):
        return {name}
    owner = state.visits.article_of(name)
    return {article for url in (name, owner) if url for article in state.versions.ids_at(url)}


def _ids_under(state: State, keys: set[str]) -> set[str]:
    """Return the articles that have an address under one of these keys: https for http, say."""
    if not keys:
        return set()
    return {article for url, ids in state.versions.all_addresses() if surt(url) in keys for article in ids}
