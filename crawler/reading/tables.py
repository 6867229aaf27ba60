"""Read a TOML table strictly: a wrong key or value is an error that names file, table, key and remedy."""

from collections.abc import Mapping
from difflib import get_close_matches

from crawler.errors import UsageError


class Table:
    """One table of a TOML file; `place` is how messages name it, e.g. `chinanews.toml: branch 'bj'`."""

    def __init__(self, place: str, values: object) -> None:
        if not isinstance(values, Mapping):
            raise UsageError(f"{place}: {values!r} is no table")
        self.place = place
        self._values: Mapping[str, object] = values

    def allow(self, *keys: str) -> None:
        """Raise UsageError for the first key that is none of these, with the nearest of them."""
        for key in self._values:
            if key not in keys:
                raise UsageError(f"{self.place}: unknown key '{key}'{nearest(key, set(keys))}")

    def text(self, key: str) -> str:
        """Return the string under a key that must be there."""
        value = self.optional_text(key)
        if value is None:
            raise UsageError(f"{self.place}: key '{key}' is missing")
        return value

    def optional_text(self, key: str) -> str | None:
        """Return the string under a key, None if the table has no such key."""
        value = self._values.get(key)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            raise UsageError(f"{self.place}: key '{key}' must be a text that is not empty, not {value!r}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the list of strings under a key, empty if the table has no such key."""
        values = self._values.get(key)
        if values is None:
            return ()
        if not isinstance(values, list) or not all(isinstance(value, str) and value.strip() for value in values):
            raise UsageError(f"{self.place}: key '{key}' must be a list of texts, not {values!r}")
        return tuple(values)

    def tables(self, key: str) -> list["Table"]:
        """Return the tables of a list under a key, each with its number in the place."""
        values = self._values.get(key)
        if values is None:
            return []
        if not isinstance(values, list):
            raise UsageError(f"{self.place}: key '{key}' must be a list of tables, not {values!r}")
        return [Table(f"{self.place}: {key} {number}", value) for number, value in enumerate(values, 1)]

    def optional_table(self, key: str) -> "Table | None":
        """Return the table under a key, None if there is none."""
        values = self._values.get(key)
        return None if values is None else Table(f"{self.place}: {key}", values)

    def named_tables(self, key: str, kind: str) -> dict[str, "Table"]:
        """Return the tables under a key by name; `kind` is what messages call one of them."""
        values = self._values.get(key)
        if values is None:
            return {}
        if not isinstance(values, Mapping):
            raise UsageError(f"{self.place}: key '{key}' must hold tables, not {values!r}")
        return {name: Table(f"{self.place}: {kind} '{name}'", value) for name, value in values.items()}


def nearest(word: str, known: set[str]) -> str:
    """Return ` (did you mean 'x'?)` for the known word nearest to one that is not known, "" if none is near."""
    matches = get_close_matches(word, sorted(known), n=1)
    return f" (did you mean '{matches[0]}'?)" if matches else ""
