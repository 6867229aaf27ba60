"""The takedown list: articles that are withheld from what is passed on, while their captures stay in the archive.

`takedowns.txt` in the collection's folder, UTF-8, one article a line: its id (chinanews:js:230110) or its address.
What follows a `#` that stands at the beginning of a line or after white space is a remark.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from archive.surt import surt
from crawler.errors import CrawlerError

_REMARK = re.compile(r"(?:^|\s)#.*")


@dataclass(frozen=True, slots=True)
class Takedowns:
    """The ids and addresses of the articles that are withheld; addresses are one that are one in an index (`surt`)."""

    names: frozenset[str] = frozenset()
    keys: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Note the addresses as indexes sort them: http and https, www. and none are one, fragments do not count."""
        object.__setattr__(self, "keys", frozenset(surt(name) for name in self.names if is_address(name)))

    def covers(self, *names: str | None) -> bool:
        """Tell whether an article is withheld that bears one of these names: its id, its addresses."""
        if not self.names.isdisjoint(names):
            return True
        return bool(self.keys) and any(surt(name) in self.keys for name in names if name and is_address(name))


def is_address(name: str) -> bool:
    """Tell whether a name of the list is an address, and no id."""
    return name.lower().startswith(("http://", "https://"))


def read_takedowns(path: Path) -> Takedowns:
    """Return the list, an empty one where there is no file.

    Raises CrawlerError for a file that cannot be read, or a line that names no article: a list that is half understood
    would let through what it should withhold.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return Takedowns()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CrawlerError(f"{path}: cannot be read ({why}); mend it, for it says what to withhold") from error
    names = set()
    for number, line in enumerate(lines, 1):
        name = _REMARK.sub("", line).strip()
        if not name:
            continue
        if not re.fullmatch(r"\S+:\S+", name):
            raise CrawlerError(
                f"{path}:{number}: {name}: no id and no address of an article; one a line, remarks after #"
            )
        scheme, colon, rest = name.partition(":")
        names.add(f"{scheme.lower()}{colon}{rest}" if is_address(name) else name)
    return Takedowns(frozenset(names))
