"""Show what a present reading changes: a table of the fields, and examples of each change."""

from typing import Any

import msgspec
from rich.table import Table

from crawler.commands.options import out
from crawler.rereading.field_changes import Changes

WIDTH = 60
KINDS = ("gained", "lost", "altered")


def print_changes(changes: Changes) -> None:
    """Print the counts by field, then examples: the article, the value before and after."""
    if changes.fields:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("field")
        for kind in KINDS:
            table.add_column(kind, justify="right")
        for name, change in changes.fields.items():
            table.add_row(name, *(str(getattr(change, kind)) for kind in KINDS))
        out.print(table)
        out.print()
    for name, change in changes.fields.items():
        for kind, examples in change.examples.items():
            for one in examples:
                out.print(f"{name} {kind}  {one.id}", markup=False, soft_wrap=True)
                before, after = _around(_text(one.before), _text(one.after))
                out.print(f"  - {before}\n  + {after}", markup=False, soft_wrap=True)
    for label, lines in (("gained", changes.gained), ("lost", changes.lost)):
        for line in lines[:5]:
            out.print(f"line {label}  {line}", markup=False, soft_wrap=True)
    out.print(
        f"{changes.equal} lines equal, {changes.changed} changed,"
        f" {len(changes.gained)} gained, {len(changes.lost)} lost"
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _around(before: str, after: str) -> tuple[str, str]:
    """Return both texts from a little before the place where they part, cut to a line."""
    pairs = zip(before, after, strict=False)
    parted = next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(before), len(after)))
    start = max(0, parted - WIDTH // 3)
    return _cut(before, start), _cut(after, start)


def _cut(text: str, start: int) -> str:
    piece = text[start : start + WIDTH].replace("\n", "⏎")
    return f"{'…' if start else ''}{piece}{'…' if len(text) > start + WIDTH else ''}"
