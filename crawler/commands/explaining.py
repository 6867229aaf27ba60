"""Tell how a page was read: one row for each field with its origin and confidence, and what the warnings mean."""

from rich.table import Table

from crawler.commands.options import out
from crawler.lines import ArticleLine
from crawler.reading.extract import cautions, refusals
from crawler.reading.extract.reading import PageReading

_LONGEST_VALUE = 60
_DAMAGE = {
    "pinyin": "pinyin in brackets behind traditional characters",
    "folded_punctuation": "full-width punctuation made ASCII",
    "converted_script": "simplified script converted to traditional",
    "shifted_bytes": "GBK bytes slipped by one",
}


def explain_line(line: ArticleLine) -> None:
    """Print where each field of an article line comes from and how sure it is."""
    how, encoding = line.extractor, line.encoding
    _say(f"{line.content_type} by layout {how.layout}, reading version {how.version}")
    _say(
        f"{encoding.declared or 'no charset'} declared, read as {encoding.used},"
        f" {encoding.replacement_chars} replacement characters"
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("field", "value", "origin", "confidence"):
        table.add_column(title, overflow="fold")
    for name, value in _values(line).items():
        # Square brackets in a selector or a headline are no markup.
        cells = (name, _shortened(value), how.origins.get(name, ""), how.confidence.get(name, ""))
        table.add_row(*(cell.replace("[", r"\[") for cell in cells))
    out.print(table)
    for warning in how.warnings:
        _say(f"warning {warning}: {cautions.MEANINGS.get(warning, 'see the code that gives it')}")
    for damage in how.damage:
        place = "headline" if damage.block is None else f"block {damage.block}"
        _say(f"damage {damage.kind} in {place}: {damage.text} ({_DAMAGE[damage.kind]})")


def explain_refusal(url: str, reading: PageReading) -> None:
    """Print why a page is no article, and what on the page shows it."""
    reason = reading.reason or ""
    _say(f"{url}: not an article")
    _say(f"reason {reason}: {refusals.MEANINGS[reason]}")
    for sign in reading.signs:
        _say(f"sign {sign}")


def _values(line: ArticleLine) -> dict[str, str]:
    """Return the fields that are read from a page, as text, in the order of the line; "" for what is not there."""
    dateline = line.dateline
    source = line.source
    return {
        "sections": " > ".join(line.sections),
        "headline": line.headline or "",
        "kicker": line.kicker or "",
        "subheadline": line.subheadline or "",
        "published_at": f"{line.published_at} ({line.published_precision})" if line.published_at else "",
        "modified_at": line.modified_at or "",
        "source": " ".join(filter(None, (source.name, source.url))) if source else "",
        "byline": "、".join(f"{one.name} ({one.role})" for one in line.byline),
        "editors": "、".join(line.editors),
        "dateline": " ".join(filter(None, (dateline.agency, dateline.place, dateline.date))) if dateline else "",
        "body": f"{len(line.body)} characters: {line.body}" if line.body else "",
        "images": f"{len(line.images)}: {line.images[0].url}" if line.images else "",
        "end_mark": "(完)" if line.end_mark else "",
        "keywords": "、".join(line.keywords),
        "links": f"{len(line.links)}: {line.links[0]}" if line.links else "",
    }


def _shortened(value: str) -> str:
    flat = " ".join(value.split())
    return flat if len(flat) <= _LONGEST_VALUE else flat[: _LONGEST_VALUE - 1] + "…"


def _say(text: str) -> None:
    out.print(text, markup=False, soft_wrap=True)
