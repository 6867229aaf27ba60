"""Read a TOML table strictly: a wrong key or value is an error that names file, table, key and remedy."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from math import inf

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

    def has(self, key: str) -> bool:
        """Tell whether the table has a key."""
        return key in self._values

    def value(self, key: str) -> object:
        """Return what stands under a key, None for nothing."""
        return self._values.get(key)

    def values(self, key: str) -> list[object]:
        """Return the list under a key that is there."""
        values = self._values.get(key)
        if not isinstance(values, list):
            raise UsageError(f"{self.place}: key '{key}' must be a list, not {values!r}")
        return values

    def flag(self, key: str) -> bool:
        """Return true or false under a key that is there."""
        value = self._values.get(key)
        if not isinstance(value, bool):
            raise UsageError(f"{self.place}: key '{key}' must be true or false, not {value!r}")
        return value

    def number(self, key: str, least: float, most: float = inf) -> float:
        """Return the number under a key that is there, from `least` to `most`."""
        value = self._values.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise UsageError(f"{self.place}: key '{key}' must be a number {_between(least, most)}, not {value!r}")
        return float(value)

    def whole(self, key: str, least: int, most: float = inf) -> int:
        """Return the whole number under a key that is there, from `least` to `most`."""
        value = self._values.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise UsageError(f"{self.place}: key '{key}' must be a whole number {_between(least, most)}, not {value!r}")
        return value

    def choice(self, key: str, choices: Sequence[str]) -> str:
        """Return the word under a key that is there, one of the choices."""
        value = self.text(key)
        if value not in choices:
            hint = nearest(value, set(choices))
            raise UsageError(f"{self.place}: key '{key}' must be {' or '.join(choices)}, not {value!r}{hint}")
        return value

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


def _between(least: float, most: float) -> str:
    return f"of {least:g} or more" if most == inf else f"from {least:g} to {most:g}"
