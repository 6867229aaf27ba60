"""How the difference of two versions looks: side by side on a terminal and as an HTML page, with markers in a pipe."""

from collections.abc import Iterable, Sequence
from html import escape

from rich.console import Console
from rich.table import Table
from rich.text import Text

from crawler.folding.changes import Edit, Span, compare, spans, texts_of
from crawler.lines import ArticleLine

# Neither depends on colour alone.
_STYLES = {"same": "", "removed": "red strike", "added": "bold green underline"}
_MARKERS = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
_ELEMENTS = {"same": ("", ""), "removed": ("<del>", "</del>"), "added": ("<ins>", "</ins>")}

_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --removed: #ffd7d5; --added: #ccf2d4; --faint: #777; }}
@media (prefers-color-scheme: dark) {{ :root {{ --removed: #67201c; --added: #14532d; --faint: #999; }} }}
body {{ font: 1rem/1.7 system-ui, sans-serif; max-width: 80rem; margin: 1rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.3rem; }}
table {{ border-collapse: collapse; table-layout: fixed; width: 100%; }}
th, td {{ border-bottom: 1px solid var(--faint); padding: .4rem .8rem; text-align: left; vertical-align: top; }}
td {{ overflow-wrap: anywhere; white-space: pre-wrap; }}
th[colspan] {{ color: var(--faint); font-weight: normal; padding-top: 1.2rem; }}
small {{ color: var(--faint); font-weight: normal; overflow-wrap: anywhere; }}
del {{ background: var(--removed); }}
ins {{ background: var(--added); }}
</style>
</head>
<body>
<h1>{title}</h1>
<p><a href="{url}">{url}</a><br>{told}</p>
<table>
<thead><tr>{heads}</tr></thead>
{fields}
</table>
</body>
</html>
"""

Row = tuple[tuple[Span, ...], tuple[Span, ...]]


def print_side_by_side(console: Console, before: ArticleLine, after: ArticleLine) -> None:
    """Print both versions in two columns, paragraph beside paragraph, with what differs in colour."""
    console.print(_title(after), style="bold", markup=False, soft_wrap=True)
    console.print(_told(compare(before, after)), markup=False)
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True, padding=(0, 2, 0, 0))
    table.add_column(_name(before), ratio=1, overflow="fold")
    table.add_column(_name(after), ratio=1, overflow="fold")
    for name, passages in differences(before, after).items():
        table.add_row()
        table.add_row(Text(name, style="dim"))
        for left, right in rows_of(passages):
            table.add_row(_coloured(left), _coloured(right))
    console.print(table)


def print_marked(console: Console, before: ArticleLine, after: ArticleLine) -> None:
    """Print each field that differs once, with [-what was removed-] and {+what was added+}."""
    console.print(f"{after.id}  {_name(before)} -> {_name(after)}", markup=False, soft_wrap=True)
    console.print(_told(compare(before, after)), markup=False, soft_wrap=True)
    for name, passages in differences(before, after).items():
        if any(span.kind != "same" for span in passages):
            console.print(f"{name}: {_wrapped(passages, _MARKERS)}", markup=False, soft_wrap=True)


def html_page(before: ArticleLine, after: ArticleLine) -> str:
    """Return both versions side by side as a page that needs nothing but itself."""
    fields = []
    for name, passages in differences(before, after).items():
        rows = "\n".join(f"<tr>{_cell(left)}{_cell(right)}</tr>" for left, right in rows_of(passages))
        fields.append(f'<tbody><tr><th colspan="2" lang="en">{name}</th></tr>\n{rows}</tbody>')
    return _PAGE.format(
        language=escape(after.language),
        title=escape(_title(after)),
        url=escape(after.url),
        told=escape(_told(compare(before, after))),
        heads=_head(before) + _head(after),
        fields="\n".join(fields),
    )


def differences(before: ArticleLine, after: ArticleLine) -> dict[str, list[Span]]:
    """Return the passages of each field that one of the versions has, by the field's name."""
    old, new = texts_of(before), texts_of(after)
    return {name: spans(old[name], new[name]) for name in new if old[name] or new[name]}


def rows_of(passages: Iterable[Span]) -> list[Row]:
    """Cut passages at the line breaks that both texts share, and return what stands left and right; no empty rows."""
    rows: list[Row] = []
    left: list[Span] = []
    right: list[Span] = []
    for span in passages:
        if span.kind != "same":
            (left if span.kind == "removed" else right).append(span)
            continue
        for number, text in enumerate(span.text.split("\n")):
            if number:
                rows.append((tuple(left), tuple(right)))
                left, right = [], []
            if text:
                left.append(Span("same", text))
                right.append(Span("same", text))
    rows.append((tuple(left), tuple(right)))
    return [row for row in rows if any(span.text.strip() for side in row for span in side)]


def _title(line: ArticleLine) -> str:
    return f"{line.headline or '(no headline)'}  {line.id}"


def _name(line: ArticleLine) -> str:
    return f"version {line.version}, {line.captured_at[:16].replace('T', ' ')} UTC"


def _told(edit: Edit) -> str:
    if not edit.fields:
        return "No difference in what a reader sees."
    return f"Differs in {', '.join(edit.fields)}: +{edit.added} -{edit.removed} characters"


def _coloured(side: Sequence[Span]) -> Text:
    return Text.assemble(*((span.text.strip("\n"), _STYLES[span.kind]) for span in side))


def _wrapped(passages: Iterable[Span], marks: dict[str, tuple[str, str]]) -> str:
    return "".join(marks[span.kind][0] + span.text + marks[span.kind][1] for span in passages)


def _cell(side: Sequence[Span]) -> str:
    escaped = (Span(span.kind, escape(span.text.strip("\n"))) for span in side)
    return f"<td>{_wrapped(escaped, _ELEMENTS)}</td>"


def _head(line: ArticleLine) -> str:
    mark = line.pressmark
    place = f"{mark.file} offset {mark.offset} length {mark.length} {mark.record_id}" if mark else ""
    return f'<th scope="col" lang="en">{escape(_name(line))}<br><small>{escape(place)}</small></th>'
