"""The chart of a data set: articles by branch over time, one row for each branch, as an SVG picture."""

from bisect import bisect_right
from collections import Counter
from datetime import date, timedelta
from html import escape
from typing import Literal

from crawler.views.export.dataset import DataSet, branch_name

Unit = Literal["day", "week", "month", "year"]
_UNITS: tuple[Unit, ...] = ("day", "week", "month", "year")

# A cell is a day; where that would be more cells than fit, a week, a month, a year.
_MOST_CELLS = 240
_WIDTH, _ROW, _LEFT, _TOP, _RIGHT = 960, 22, 130, 64, 110
# From few to many; readable in print and to the colour-blind, as they differ in lightness.
_SHADES = ("#d6e6f4", "#abd0e6", "#6aaed6", "#3787c0", "#105ba4", "#08306b")
_FONT = "font-family='Noto Sans, Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif'"


def make_chart(made: DataSet) -> str:
    """Return the chart; the same counts always give the same bytes."""
    days = sorted({day for _, day in made.census.days if day})
    if not days:
        return _frame(_TOP, [_text(_LEFT, 40, "No day of publication is known.")])
    first, last = date.fromisoformat(days[0]), date.fromisoformat(days[-1])
    unit: Unit = next((unit for unit in _UNITS if _cell(unit, first, last) < _MOST_CELLS), "year")
    cells = Counter[tuple[str, int]]()
    for (branch, day), count in made.census.days.items():
        if day:
            cells[branch, _cell(unit, first, date.fromisoformat(day))] += count
    number = _cell(unit, first, last) + 1
    width = (_WIDTH - _LEFT - _RIGHT) / number
    bounds = _bounds(max(cells.values()))
    height = _TOP + _ROW * len(made.branches)
    parts = [_text(12, 24, f"Articles by branch and {unit} of publication", size=15)]
    for row, branch in enumerate(made.branches):
        y = _TOP + row * _ROW
        total = sum(count for (code, _), count in cells.items() if code == branch)
        parts.append(_text(_LEFT - 8, y + 15, f"{branch_name(made.portal, branch)} {branch}", anchor="end"))
        parts.append(
            f"<rect x='{_LEFT}' y='{y}' width='{_WIDTH - _LEFT - _RIGHT}' height='{_ROW - 3}' fill='#f4f4f4'/>"
        )
        parts += [
            f"<rect x='{_LEFT + width * cell:.2f}' y='{y}' width='{max(width - 0.4, 0.6):.2f}' height='{_ROW - 3}'"
            f" fill='{_SHADES[bisect_right(bounds, cells[branch, cell]) - 1]}'>"
            f"<title>{escape(branch)} {_label(unit, first, cell)}: {cells[branch, cell]}</title></rect>"
            for cell in range(number)
            if cells[branch, cell]
        ]
        parts.append(_text(_WIDTH - _RIGHT + 8, y + 15, f"{total:,}"))
    parts += _ticks((unit, first), number, width, height)
    parts += _legend(bounds, height + 44)
    return _frame(height + 72, parts)


def _cell(unit: Unit, first: date, day: date) -> int:
    """Return in which cell a day lies, the first day in cell 0."""
    if unit == "year":
        return day.year - first.year
    if unit == "month":
        return 12 * (day.year - first.year) + day.month - first.month
    return (day - first).days // (7 if unit == "week" else 1)


def _label(unit: Unit, first: date, cell: int) -> str:
    if unit == "year":
        return str(first.year + cell)
    if unit == "month":
        months = first.month - 1 + cell
        return f"{first.year + months // 12}-{months % 12 + 1:02}"
    return str(first + timedelta(cell * (7 if unit == "week" else 1)))


def _bounds(most: int) -> list[int]:
    """Return the least count of each shade: 1, then steps that grow with the largest count, without repeats."""
    grown = {max(1, round(most ** (number / len(_SHADES)))) for number in range(len(_SHADES))}
    return sorted(grown)


def _ticks(scale: tuple[Unit, date], number: int, width: float, height: int) -> list[str]:
    """Return about six dates under the rows, with a line up to the first row."""
    every = max(1, number // 6)
    parts = []
    for cell in range(0, number, every):
        x = _LEFT + width * cell
        if x > _WIDTH - _RIGHT - 40 and cell:
            break
        parts.append(f"<path d='M{x:.2f} {_TOP - 6}V{height + 4}' stroke='#bbb' stroke-width='0.6' fill='none'/>")
        parts.append(_text(x, height + 20, _label(*scale, cell), size=11))
    return parts


def _legend(bounds: list[int], y: int) -> list[str]:
    parts = []
    for number, least in enumerate(bounds):
        x = _LEFT + number * 100
        parts.append(f"<rect x='{x}' y='{y}' width='16' height='14' fill='{_SHADES[number]}'/>")
        end = bounds[number + 1] - 1 if number + 1 < len(bounds) else None
        label = f"{least:,} or more" if end is None else f"{least:,}" if end == least else f"{least:,} to {end:,}"
        parts.append(_text(x + 22, y + 12, label, size=11))
    parts.append(f"<rect x='{_LEFT + len(bounds) * 100}' y='{y}' width='16' height='14' fill='#f4f4f4' stroke='#ddd'/>")
    parts.append(_text(_LEFT + len(bounds) * 100 + 22, y + 12, "none", size=11))
    return parts


def _text(x: float, y: float, text: str, *, size: int = 12, anchor: str = "start") -> str:
    return (
        f"<text x='{x:.2f}' y='{y}' font-size='{size}' text-anchor='{anchor}' {_FONT} fill='#222'>{escape(text)}</text>"
    )


def _frame(height: int, parts: list[str]) -> str:
    inner = "\n".join(parts)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{_WIDTH}' height='{height}' viewBox='0 0 {_WIDTH} {height}'"
        f" role='img'>\n<rect width='100%' height='100%' fill='white'/>\n{inner}\n</svg>\n"
    )
