"""What differs between two versions of an article."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from crawler.folding.changes import Span, spans


def test_a_corrected_figure_is_all_that_differs() -> None:
    before = "江苏今年新开工水利工程120项。\n\n工程全部完工后，可灌溉农田。"
    after = "江苏今年新开工水利工程132项。\n\n工程全部完工后，可灌溉农田。"
    found = spans(before, after)
    assert found == [
        Span("same", "江苏今年新开工水利工程1"),
        Span("added", "3"),
        Span("same", "2"),
        Span("removed", "0"),
        Span("same", "项。\n\n工程全部完工后，可灌溉农田。"),
    ]


def test_a_paragraph_that_was_added_is_one_passage() -> None:
    assert [(span.kind, span.text.strip()) for span in spans("甲段。\n\n丙段。", "甲段。\n\n乙段。\n\n丙段。")] == [
        ("same", "甲段。"),
        ("added", "乙段。"),
        ("same", "丙段。"),
    ]


@given(st.text("甲乙丙丁\n", max_size=40), st.text("甲乙丙丁\n", max_size=40))
def test_the_passages_give_back_both_texts(before: str, after: str) -> None:
    found = spans(before, after)
    assert "".join(span.text for span in found if span.kind != "added") == before
    assert "".join(span.text for span in found if span.kind != "removed") == after
    assert all(one.kind != other.kind for one, other in pairwise(found))
    assert all(span.text for span in found)
