"""How numbers and names are written."""

from __future__ import annotations

import pytest

from templates import numbers, words
from templates.page import attribute, named


@pytest.mark.parametrize(
    ("value", "interval", "text"),
    [
        (0.95391, [0.9501, 0.9571], "0.954"),
        (0.5, [0.2, 0.8], "0.50"),
        (0.123456, [0.12340, 0.12350], "0.1235"),
        (0.95391, None, "0.954"),
        (0.99991, [0.9, 1.0], "0.9999"),
        (1.0, [0.9, 1.0], "1.00"),
        (0.00004, None, "0.00004"),
        (-0.0123, [-0.09, 0.06], "−0.01"),
        (-0.0004, None, "−0.0004"),
        (0.0, None, "0.000"),
        (None, None, "–"),
    ],
)
def test_digits_follow_the_interval(value: float | None, interval: list[float] | None, text: str) -> None:
    """A figure has the digits its interval justifies, and is never rounded to the 0 or 1 that it is not."""
    assert numbers.figure(value, interval) == text


def test_intervals_below_zero_are_not_read_as_a_dash() -> None:
    """An interval with a minus in it is written with a word between its ends."""
    assert numbers.span([-0.09, 0.06]) == "−0.09 to 0.06"
    assert numbers.span([0.9501, 0.9571]) == "0.950–0.957"
    assert numbers.span(None) == ""


def test_counts_and_shares() -> None:
    """Counts have separators, weighted sums decimals, and a share is never 0 or 100% unless it is."""
    assert [numbers.count(each) for each in (14000, 12.5, 1.25, None)] == ["14,000", "12.5", "1.25", "–"]
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
