"""Tell a table of figures from a table that places things, and read its cells."""

from crawler.reading.extract.tree import Element, text_of

_LONGEST_CELL = 300


def rows_of(table: Element) -> list[list[str]] | None:
    """Return the cells of a table of figures, None for a table that places pictures, columns or advertisements."""
    if next(table.iterdescendants("table"), None) is not None:  # first: a page may nest them by the thousand
        return None
    if next(table.iter("img", "script", "iframe", "embed", "video"), None) is not None:
        return None
    rows = [[text_of(cell) for cell in row.iterchildren("td", "th")] for row in table.iter("tr")]
    rows = [row for row in rows if any(row)]
    wide = sum(1 for row in rows if sum(1 for cell in row if cell) > 1)
    if len(rows) < 2 or wide < 2 or wide * 2 < len(rows):
        return None
    return None if any(len(cell) > _LONGEST_CELL for row in rows for cell in row) else rows
