"""``report.html`` in a real browser, and what its sentences say."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from templates import render
from templates.html import render as html
from templates.paper import paper_view
from tests.templates import samples

CASES: dict[str, Callable[[], dict[str, Any]]] = {
    "binary": samples.churn,
    "ten labels": samples.ten,
    "tiny": samples.tiny,
    "40 labels": lambda: samples.many(40),
    "60 labels": lambda: samples.many(60),
    "hostile": samples.hostile,
}


@pytest.mark.parametrize("width", [1280, 380])
@pytest.mark.parametrize("case", CASES)
def test_it_opens_without_complaint(opened: Any, case: str, width: int) -> None:
    """No error, no breach of the policy, no request, no sideways scrolling, at any width."""
    it = opened(html(CASES[case]()), width)
    assert it.complaints == []
    assert [url for url in it.requests if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in it.requests if url.startswith("file:")]) == 1
    assert it.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_policy_lets_the_stylesheet_through_and_no_script(opened: Any) -> None:
    """The stylesheet's hash is right; a script in the page would not run."""
    data = html(samples.churn()).replace(b"</body>", b"<script>document.title = 'ran'</script></body>")
    it = opened(data)
    assert "churn" in it.page.title()
    assert any("Content Security Policy" in each for each in it.complaints)
    assert (
        it.page.evaluate("getComputedStyle(document.querySelector('.matrix .h10')).color") != "rgb(0, 0, 0)"
    )


def test_hooks_of_a_small_report(opened: Any) -> None:
    """Everything that others rely on is there, without JavaScript of the page's own."""
    summary = samples.churn()
    page = opened(html(summary), javascript=False).page
    assert page.get_attribute("#verdict", "data-verdict") == "pass"
    cells = {
        (cell.get_attribute("data-actual"), cell.get_attribute("data-predicted")): cell.get_attribute(
            "data-count"
        )
        for cell in page.query_selector_all("#confusion-matrix td[data-actual]")
    }
    assert cells == {
        ("not_churned", "not_churned"): "9120",
        ("not_churned", "churned"): "380",
        ("churned", "not_churned"): "270",
        ("churned", "churned"): "4230",
    }
    rows = page.query_selector_all("#per-class tbody tr[data-label]")
    assert [row.get_attribute("data-label") for row in rows] == summary["labels"]
    assert page.get_attribute("#warnings li", "data-code") == "imbalanced_training"
    assert page.locator("#confusions tbody tr").first.get_attribute("data-count") == "380"
    assert "Rows are the actual label, columns the predicted one" in page.inner_text("#confusion-matrix")
    assert page.get_attribute("html", "lang") == "en"
    assert page.locator(".needs-script:visible").count() == 0


def test_headings_are_in_order_and_tables_have_heads(opened: Any) -> None:
    """No level of heading is left out; every table has a caption, column heads and row heads."""
    page = opened(html(samples.ten())).page
    levels = [
        int(level) for level in page.eval_on_selector_all("h1,h2,h3", "all => all.map(e => e.tagName[1])")
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for table in page.query_selector_all("table"):
        assert table.query_selector("caption")
        assert table.query_selector("thead th[scope=col]")
        assert table.query_selector("tbody th[scope=row]")
    assert page.locator(".scroll:not([tabindex='0'])").count() == 0


@pytest.mark.parametrize("width", [380, 700, 1280])
@pytest.mark.parametrize("make", [samples.churn, samples.ten, lambda: samples.many(30)])
def test_what_is_wider_than_the_screen_says_so(
    opened: Any, make: Callable[[], dict[str, Any]], width: int
) -> None:
    """A hint to scroll stands above exactly those tables that have to be scrolled."""
    page = opened(html(make()), width).page
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    hints = page.eval_on_selector_all(
        ".scroll",
        "all => all.map(e => [e.scrollWidth > e.clientWidth, getComputedStyle(e, '::before').visibility])",
    )
    assert len(hints) >= 6
    assert all(shown == ("visible" if wider else "hidden") for wider, shown in hints)
    if width == 380:
        assert any(wider for wider, _ in hints)


def test_a_balance_that_is_even_is_not_a_finding(opened: Any) -> None:
    """The largest label in training is named only where it is twice the smallest."""
    even = opened(html(samples.churn(training_counts={"not_churned": 91, "churned": 87}))).page
    assert "times" not in even.inner_text("#balance .lead")
    lopsided = opened(html(samples.churn())).page
    assert "38,000 rows, 2.1 times the 18,000 of" in lopsided.inner_text("#balance .lead")


def test_a_metric_and_a_method_that_are_new_are_shown() -> None:
    """What nobody described here is shown under its own name."""
    summary = samples.churn()
    summary["overall"] |= {"odd_figure": 0.25, "odd_figure_interval": [0.2, 0.3]}
    summary["interval_methods"]["odd_figure"] = "odd_method"
    text = html(summary).decode()
    assert '<tr data-metric="odd_figure"><th scope="row">Odd figure</th>' in text
    assert "<dt>Odd method</dt><dd>Odd figure</dd>" in text


def test_what_is_undefined_is_a_dash_with_its_reason(opened: Any) -> None:
    """0/0 is never shown as 0."""
    page = opened(html(samples.tiny())).page
    row = page.inner_text("#per-class tr[data-label=unsure]")
    assert "no row is predicted unsure" in row
    assert "0.0" not in row
    assert "undefined: its denominator is 0" in page.inner_text("#overall tr[data-metric=matthews_corrcoef]")


def test_a_matrix_of_many_labels_is_a_picture(opened: Any) -> None:
    """Above 40 labels: one picture with words for it, and the 50 largest confusions as a table."""
    summary = samples.many(60)
    page = opened(html(summary)).page
    assert page.locator("#confusion-matrix td[data-actual]").count() == 0
    assert "60 labels" in page.locator("#confusion-matrix svg title").text_content()
    counts = page.eval_on_selector_all("#confusions tbody tr", "all => all.map(e => +e.dataset.count)")
    wrong = sorted(
        (
            n
            for i, row in enumerate(summary["confusion_matrix"]["matrix"])
            for j, n in enumerate(row)
            if i != j
        ),
        reverse=True,
    )
    assert counts == wrong[:50]
    assert page.locator("#per-class tbody tr").count() == 60
    forty = opened(html(samples.many(40))).page
    assert forty.locator("#confusion-matrix td[data-actual]").count() == 1600


def test_a_matrix_stored_as_cells_looks_the_same() -> None:
    """It does not matter in which of its two forms the summary has the matrix."""
    summary = samples.many(60)
    document = summary["confusion_matrix"]
    cells = [[i, j, n] for i, row in enumerate(document["matrix"]) for j, n in enumerate(row) if n]
    sparse = {"labels": document["labels"], "cells": cells, "normalized": False}
    assert html(summary | {"confusion_matrix": sparse}) == html(summary)


@pytest.mark.parametrize("size", [150, 2500])
def test_the_screen_has_every_label_in_its_order(size: int) -> None:
    """Up to 2,500 labels the table is whole, and does not speak of a rest."""
    summary = samples.many(size, 30_000)
    data = html(summary)
    text = data.decode()
    assert len(data) <= 1_500_000
    assert re.findall(r'<tr data-label="([^"]*)"', text) == summary["labels"]
    assert "with the lowest F1" not in text


def test_long_tables_are_cut_and_say_so() -> None:
    """Above 2,500 labels the 50 worst and the 50 largest are listed, and where the rest is."""
    summary = samples.many(2501, 30_000)
    text = html(summary).decode()
    _is_cut(re.findall(r'<tr data-label="([^"]*)"', text), summary)
    assert "all of them are in summary.json" in text


def test_paper_cuts_what_the_screen_has_whole() -> None:
    """There it is above 100 labels that the 50 worst and the 50 largest are listed."""
    summary = samples.many(101)
    labels = paper_view(summary)["labels"]
    assert labels["cut"]
    _is_cut([row["label"] for row in labels["rows"]], summary)
    assert not paper_view(samples.many(100))["labels"]["cut"]


def _is_cut(shown: list[str], summary: dict[str, Any]) -> None:
    figures = summary["per_class_metrics"]
    worst = sorted(figures, key=lambda label: figures[label]["f1_score"])[:50]
    assert {figures[label]["f1_score"] for label in shown[:50]} == {
        figures[label]["f1_score"] for label in worst
    }
    largest = sorted((each["support"] for each in figures.values()), reverse=True)[:50]
    assert set(largest) <= {figures[label]["support"] for label in shown}
    assert len(shown) <= 100


def test_hostile_names_stay_names(opened: Any) -> None:
    """Names are shown, isolated and inert, whatever they are made of."""
    summary = samples.hostile()
    data = html(summary)
    it = opened(data)
    assert data.count(b"<script") == 2
    assert "\u202e" not in data.decode()
    rows = it.page.query_selector_all("#per-class tbody tr")
    assert [row.get_attribute("data-label") for row in rows] == summary["labels"]
    names = it.page.eval_on_selector_all("#per-class tbody th bdi", "all => all.map(e => e.textContent)")
    assert names[3] == "left\ufffdright"
    assert names[5] == "{{7*7}}"
    assert names[7] == "狗 | \ufffdbell\ufffd"
    assert it.page.locator("#warnings bdi").count() >= 8


def test_nothing_of_the_run_itself_is_shown() -> None:
    """Provenance and artifacts change no byte of any file."""
    summary = samples.churn()
    run = {
        "provenance": {"host": "some-machine", "started_at": "2026-01-01"},
        "artifacts": {"x": {"size": 1}},
    }
    assert render(summary | run) == render(summary)


@pytest.mark.parametrize(
    ("make", "most"),
    [(samples.churn, 200_000), (samples.ten, 400_000), (lambda: samples.many(1000), 1_500_000)],
)
def test_it_stays_small(make: Callable[[], dict[str, Any]], most: int) -> None:
    """A report is a file that one can send."""
    assert len(html(make())) <= most


def test_an_evaluation_without_a_store_is_shown_too(opened: Any) -> None:
    """No time, no inputs, no training counts, a single label: the page is whole and shows no block of nothing."""
    summary = samples.summary([[7]], ["only"], created_at=None, inputs=[], interval_methods={}, splits=[])
    page = opened(html(summary)).page
    assert "There are no errors" in page.inner_text("#confusion-matrix")
    assert page.locator("#confusions, #balance, time").count() == 0
    assert page.get_attribute("#verdict", "data-verdict") == "none"


def test_entries_are_not_called_rows(opened: Any) -> None:
    """Where every row holds several labels, the matrix counts entries and says so."""
    page = opened(html(samples.churn(examples=7000))).page
    assert "13,350 of 14,000 entries" in page.inner_text("#confusion-matrix .lead")
    assert "7,000 rows with 14,000 labels in all" in page.inner_text(".facts")
