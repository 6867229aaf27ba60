"""The takedown list: articles that are withheld from what is passed on, while their captures stay in the archive.

`takedowns.txt` in the collection's folder, UTF-8, one article a line: its id (chinanews:js:230110) or its address.
What follows a `#` that stands at the beginning of a line or after white space is a remark.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from crawler.errors import CrawlerError

_REMARK = re.compile(r"(?:^|\s)#.*")


@dataclass(frozen=True, slots=True)
class Takedowns:
    """The ids and addresses of the articles that are withheld."""

    names: frozenset[str] = frozenset()

    def covers(self, *names: str | None) -> bool:
        """Tell whether an article is withheld that bears one of these names: its id, its addresses."""
        return not self.names.isdisjoint(names)


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
        names.add(name)
    return Takedowns(frozenset(names))
