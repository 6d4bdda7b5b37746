"""How numbers and names are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalcore import registry
from templates import numbers, words
from templates.page import attribute, name_on_paper, named


@pytest.mark.parametrize(
    ("value", "interval", "text"),
    [
        (0.95391, [0.9501, 0.9571], "0.954"),
        (0.5, [0.2, 0.8], "0.500"),
        (0.8745, [0.85, 0.89], "0.875"),
        (0.954, [0.9536, 0.9544], "0.9540"),
        (0.123456, [0.12340, 0.12350], "0.1235"),
        (0.95391, None, "0.954"),
        (0.99991, [0.9, 1.0], "0.9999"),
        (1.0, [0.9, 1.0], "1.000"),
        (0.00004, None, "0.00004"),
        (-0.0123, [-0.09, 0.06], "−0.012"),
        (-0.0004, None, "−0.0004"),
        (0.0, None, "0.000"),
        (None, None, "–"),
    ],
)
def test_figures_have_three_decimals_or_what_they_need(
    value: float | None, interval: list[float] | None, text: str
) -> None:
    """Three decimals, four within a narrower interval, more before it reads as the 0 or 1 that it is not."""
    assert numbers.figure(value, interval) == text


def test_intervals_below_zero_are_not_read_as_a_dash() -> None:
    """An interval with a minus in it is written with a word between its ends."""
    assert numbers.span([-0.09, 0.06]) == "−0.090 to 0.060"
    assert numbers.span([0.9501, 0.9571]) == "0.950–0.957"
    assert numbers.span(None) == ""


@pytest.mark.parametrize(
    ("bound", "value", "interval", "text"),
    [
        (0.88, 0.875, None, "0.875"),
        (0.8747, 0.8746, None, "0.8746"),
        (0.8753, 0.8749999, None, "0.875"),
        (0.9, 0.9, None, "0.900"),
        (0.8745, 0.8745, None, "0.8745"),
        (0.9, 0.89999, [0.88, 0.92], "0.89999"),
        (0.9, 0.92, [0.8998, 0.94], "0.9200"),
        (0.9, None, None, "–"),
    ],
)
def test_figures_beside_a_bound_are_told_from_it(
    bound: float, value: float | None, interval: list[float] | None, text: str
) -> None:
    """As many decimals as show on which side of the bound the figure and its interval are."""
    assert numbers.figure(value, interval, numbers.digits_at(bound, value, interval)) == text


def test_bounds_are_written_in_full() -> None:
    """A bound has the digits it was given, however many or small."""
    found = [numbers.bound(each) for each in (0.9, 0.87531234, 1e-05, 1000, -0.5, 0)]
    assert found == ["0.9", "0.87531234", "0.00001", "1000", "−0.5", "0"]


def test_counts_and_shares() -> None:
    """Counts have separators, weighted sums decimals, and a share is never 0 or 100% unless it is."""
    assert [numbers.count(each) for each in (14000, 12.5, 1.25, None)] == ["14,000", "12.5", "1.25", "–"]
    assert [numbers.count(each) for each in (2.5e300, 1e-7, 0.0)] == ["2.50e+300", "1.00e-7", "0"]
    assert numbers.share(380, 9500) == "4.0%"
    assert numbers.share(1, 100_000) == "<0.1%"
    assert numbers.share(99_999, 100_000) == ">99.9%"
    assert numbers.share(0, 10) == "0.0%"
    assert numbers.share(0, 0) == "–"
    assert numbers.raw(7.0) == "7"
    assert numbers.raw(7.25) == "7.25"


def test_times_are_shown_in_utc() -> None:
    """Any ISO time is shown as UTC; what is no time stays as it is."""
    assert numbers.moment("2026-11-20T03:30:00+01:00") == "20 November 2026, 02:30 UTC"
    assert numbers.moment("yesterday") == "yesterday"
    assert numbers.moment(None) == "–"


def test_characters_that_act_are_shown_as_replaced() -> None:
    """Controls, direction overrides and lone surrogates become U+FFFD; joiners of emoji stay."""
    assert words.visible("a\u202eb\x07c\nd\ud800") == "a\ufffdb\ufffdc\ufffdd\ufffd"
    assert words.visible("👩\u200d🔬 قطة") == "👩\u200d🔬 قطة"


def test_attributes_keep_a_name_whole() -> None:
    """An attribute holds the very name, with references for what is not shown."""
    assert attribute('a\u202eb"<\n') == "a&#x202e;b&#34;&lt;&#xa;"
    assert attribute("plain & simple") == "plain &amp; simple"
    assert attribute("nul\x00") == "nul\ufffd"


def test_a_metric_is_called_what_it_is_registered_as() -> None:
    """Titles and meanings come from the metrics; a name that is none of them is read as words."""
    for each in registry.metrics():
        assert words.metric(each.name) == each.title.replace("'", "’")
    assert words.metric("recall[a_b]") == "Recall of a_b"
    assert words.metric("mean_odd_figure") == "Mean odd figure"
    assert words.metric("slices.region.accuracy") == "slices.region.accuracy"
    assert words.meaning("precision").startswith("TP / (TP + FP)")
    assert words.meaning("mean_odd_figure") == ""
    assert words.method("some_new_method") == "some new method"


def test_findings_are_sentences_that_leave_names_alone() -> None:
    """A capital at the start and a stop at the end; a label keeps its own letters."""
    assert words.sentence("accuracy is 0.556") == "Accuracy is 0.556."
    assert words.sentence("dog gets 31% of all errors.", "dog") == "dog gets 31% of all errors."
    assert words.sentence("") == ""


def test_a_label_within_a_sentence_is_isolated() -> None:
    """The label alone is isolated, not every place where its letters occur."""
    assert named("Only 9 rows are at <b>; that is flat.", "at") == (
        "Only 9 rows are <bdi>at</bdi> &lt;b&gt;; that is flat."
    )
    assert named("<i>", None) == "&lt;i&gt;"


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=40))
def test_shares_of_a_row_add_up(parts: list[int]) -> None:
    """To exactly 100 in tenths, each within a tenth of its true share; only nothing is 0%, only all is 100%."""
    whole = sum(parts)
    if not whole:
        assert set(numbers.shares(parts)) == {"–"}
        return
    shown = [text.removesuffix("%") for text in numbers.shares(parts)]
    assert sum(round(10 * float(each)) for each in shown) == 1000
    for text, part in zip(shown, parts, strict=True):
        assert abs(float(text) - 100 * part / whole) < 0.1 + 1e-9
        assert (text == "0") == (part == 0)
        assert (text == "100") == (part == whole)


def test_changes_have_signs() -> None:
    """A difference has its sign, both ends of its interval too; what rounds to nothing has none."""
    assert numbers.change(0.0294) == "+0.029"
    assert numbers.change(-0.0294) == "−0.029"
    assert numbers.change(0.0001) == numbers.change(-0.0001) == "0.000"
    assert numbers.span([-0.0296, 0.0892], signed=True) == "−0.030 to +0.089"


def test_scores_of_rows_keep_off_the_ends() -> None:
    """Four decimals, more where they would round to 0 or 1; an integral score stays a score."""
    assert [numbers.score(each) for each in (0.12344, 0.99997, 1, None)] == [
        "0.1234",
        "0.99997",
        "1.0000",
        "–",
    ]


@pytest.mark.parametrize(
    ("text", "written"),
    [("a < b", "a &lt; b"), ("قطة", "\u2068قطة\u2069"), ("狗", "狗"), ("a\u202eb", "a\ufffdb")],
)
def test_on_paper_only_names_from_right_to_left_are_isolated(text: str, written: str) -> None:
    """The others cannot change the order of what stands beside them, and an element costs time."""
    assert name_on_paper(text) == written
