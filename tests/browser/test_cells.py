"""The matrix: counts and shares, cells that lead to their rows, and tables that sort."""

from __future__ import annotations

import re
from typing import Any

import pytest

from evalcore.confusions import weighted_f1_gains
from tests.browser import models
from tests.browser.conftest import Show, Summary, move, shown

NO, YES = models.PAIR


def cell(page: Any, actual: str, predicted: str) -> Any:
    """One cell of the matrix."""
    return page.locator(f'#confusion-matrix td[data-actual="{actual}"][data-predicted="{predicted}"]')


def examples(page: Any) -> set[tuple[str, str]]:
    """The cells that the visible examples belong to."""
    found = page.eval_on_selector_all(
        "#examples tbody tr",
        "all => all.filter(e => e.checkVisibility()).map(e => [e.dataset.actual, e.dataset.predicted])",
    )
    return {(actual, predicted) for actual, predicted in found}


@pytest.mark.parametrize("how", ["click", "Enter", "Space"])
def test_a_cell_leads_to_its_rows(page: Show, binary: Summary, how: str) -> None:
    """Click, Enter or Space shows only the cell's rows and says so; once more shows all again, in silence."""
    it = page(binary)
    everything = examples(it)
    assert len(everything) == 4
    target = cell(it, YES, NO)
    act = target.click if how == "click" else lambda: target.press(how)
    act()
    assert examples(it) == {(YES, NO)}
    n = binary["confusion_matrix"]["matrix"][1][0]
    rows = it.locator("#examples tbody tr:visible").count()
    assert it.inner_text("#examples-filter") == f"Only {YES} predicted as {NO}: {rows} of {n} rows."
    assert target.get_attribute("aria-selected") == "true"
    act()
    assert examples(it) == everything
    assert it.inner_text("#examples-filter") == ""


def test_the_filter_follows_the_threshold(page: Show, binary: Summary) -> None:
    """Rows that change their cell with the threshold come and go; the number is that of the matrix."""
    it = page(binary)
    cell(it, NO, YES).click()
    before = it.locator("#examples tbody tr:visible").count()
    move(it, 0.9)
    after = it.locator("#examples tbody tr:visible")
    assert after.count() < before
    assert all(float(each.get_attribute("data-score")) >= 0.9 for each in after.all())
    assert f"of {binary['thresholds']['false_positive'][900]} rows" in it.inner_text("#examples-filter")
    it.click("#examples-clear")
    assert len(examples(it)) > 1


def test_each_cell_has_examples_at_any_threshold(page: Show, binary: Summary) -> None:
    """Five of each cell, or all that there are, wherever the slider stands; the surest errors first."""
    it = page(binary)
    names = ("true_negative", "false_positive", "false_negative", "true_positive")
    for place in (100, 350, 800):
        move(it, place / 1000)
        rows = it.eval_on_selector_all(
            "#examples tbody tr",
            "all => all.map(e => [e.dataset.actual, e.dataset.predicted, +e.dataset.score])",
        )
        for (actual, predicted), name in zip(
            ((NO, NO), (NO, YES), (YES, NO), (YES, YES)), names, strict=True
        ):
            found = [score for a, p, score in rows if (a, p) == (actual, predicted)]
            assert len(found) >= min(5, binary["thresholds"][name][place])
        _are_surest_first(rows)


def _are_surest_first(rows: list[tuple[str, str, float]]) -> None:
    ranks = [
        (actual == predicted, -score if predicted == YES else score - 1) for actual, predicted, score in rows
    ]
    assert ranks == sorted(ranks)
    errors = [(actual, predicted) for actual, predicted, _ in rows if actual != predicted]
    assert errors not in (sorted(errors), sorted(errors, reverse=True))


def test_errors_that_the_model_was_surest_of_are_at_the_top(
    page: Show, binary: Summary, ten: Summary
) -> None:
    """Before anything is moved, and without a script, errors of all cells stand by confidence; then the others."""
    what = "all => all.map(e => [e.dataset.actual, e.dataset.predicted, +(e.dataset.score ?? e.cells[3].innerText)])"
    it = page(binary, javascript=False)
    _are_surest_first(it.eval_on_selector_all("#examples tbody tr", what))
    assert "those that the model was surest of at the top" in it.inner_text("#examples .lead")
    rows = page(ten, javascript=False).eval_on_selector_all("#examples tbody tr", what)
    ranks = [(actual == predicted, -probability) for actual, predicted, probability in rows]
    assert ranks == sorted(ranks)


def test_without_scores_the_largest_confusions_are_at_the_top(page: Show, sixty: Summary) -> None:
    """The sentence then says so, as nothing is known of how sure the model was."""
    it = page(sixty)
    assert "errors first, the largest confusions at the top" in it.inner_text("#examples .lead")
    first = it.locator("#confusions tbody tr").first
    row = it.locator("#examples tbody tr").first
    for each in ("data-actual", "data-predicted"):
        assert row.get_attribute(each) == first.get_attribute(each)


def test_arrow_keys_walk_the_matrix(page: Show, ten: Summary) -> None:
    """The matrix is one stop of the Tab key; arrows go from cell to cell."""
    it = page(ten)
    grid = it.locator("#confusion-matrix td[data-count]")
    assert it.locator('#confusion-matrix td[tabindex="0"]').count() == 1
    grid.first.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft"):
        it.keyboard.press(key)
    at = it.evaluate("[document.activeElement.dataset.actual, document.activeElement.dataset.predicted]")
    assert at == ["label 2", "label 0"]


def test_counts_and_row_percentages(page: Show, ten: Summary) -> None:
    """The switch shows one or the other; the percentages of each row add up to exactly 100."""
    it = page(ten)
    counts = [re.split(r"\s+", text) for text in shown(it, "#confusion-matrix td[data-count]")]
    assert all(len(each) == 2 for each in counts)
    it.check("#matrix-mode")
    for row in it.locator("#confusion-matrix tbody tr").all():
        texts = [each.inner_text() for each in row.locator("td[data-count]").all()]
        assert sum(round(10 * float(text.removesuffix("%"))) for text in texts) == 1000
    it.uncheck("#matrix-mode")
    assert [re.split(r"\s+", text) for text in shown(it, "#confusion-matrix td[data-count]")] == counts


def test_confusions_come_by_what_mending_them_would_gain(page: Show, ten: Summary) -> None:
    """The order and the figures are those of the matrix's gains in weighted F1."""
    labels, matrix = ten["labels"], ten["confusion_matrix"]["matrix"]
    pairs = [(i, j) for i in range(10) for j in range(10)]
    gains = dict(
        zip(
            pairs, weighted_f1_gains(*zip(*pairs, strict=True), [matrix[i][j] for i, j in pairs]), strict=True
        )
    )
    best = sorted(pairs, key=lambda pair: -gains[pair])[:10]
    rows = page(ten).locator("#confusions tbody tr").all()
    found = [(each.get_attribute("data-actual"), each.get_attribute("data-predicted")) for each in rows]
    assert found == [(labels[i], labels[j]) for i, j in best]
    for each, pair in zip(rows, best, strict=True):
        assert float(each.locator("td").last.inner_text()) == pytest.approx(gains[pair], abs=5e-4)
        assert int(each.get_attribute("data-count")) == matrix[pair[0]][pair[1]]


def test_many_labels_have_a_picture_and_its_largest_confusions(page: Show, sixty: Summary) -> None:
    """Above 40 labels: a picture whose order is said, the 50 largest confusions, and buttons to their rows."""
    it = page(sixty)
    assert it.locator("#confusion-matrix td[data-count]").count() == 0
    assert "confused with each other stand together" in it.inner_text("#confusion-matrix figcaption")
    rows = it.locator("#confusions tbody tr")
    assert rows.count() == 50
    first = rows.first
    pair = (first.get_attribute("data-actual"), first.get_attribute("data-predicted"))
    first.locator("button").click()
    assert examples(it) == {pair}
    assert f"of {first.get_attribute('data-count')} rows" in it.inner_text("#examples-filter")
    first.locator("button").click()
    assert len(examples(it)) > 50


def test_a_row_of_the_confusions_leads_to_its_rows(page: Show, sixty: Summary) -> None:
    """Wherever it is clicked, as its count's button does, which shows that it is pressed; once more clears it."""
    it = page(sixty)
    everything = examples(it)
    row = it.locator("#confusions tbody tr").nth(3)
    row.locator("th").click()
    assert examples(it) == {(row.get_attribute("data-actual"), row.get_attribute("data-predicted"))}
    assert row.locator("button").get_attribute("aria-pressed") == "true"
    assert f"of {row.get_attribute('data-count')} rows" in it.inner_text("#examples-filter")
    row.locator("td").last.click()
    assert examples(it) == everything
    it.locator("#confusions thead button").first.click()
    assert examples(it) == everything


def test_tables_sort_by_their_headers(page: Show, ten: Summary) -> None:
    """A header is a button: numbers fall first, names rise first, once more turns the order round."""
    it = page(ten)
    figures = ten["per_class_metrics"]
    rows = lambda: it.eval_on_selector_all("#per-class tbody tr", "all => all.map(e => e.dataset.label)")
    assert rows() == ten["labels"]
    button = it.locator("#per-class thead button", has_text="Recall")
    button.click()
    recalls = [figures[label]["recall"] for label in rows()]
    assert [round(each, 3) for each in recalls] == sorted((round(each, 3) for each in recalls), reverse=True)
    assert it.locator("#per-class th[aria-sort=descending]").inner_text().startswith("Recall")
    button.press("Enter")
    assert rows()[0] == min(figures, key=lambda label: figures[label]["recall"])
    it.locator("#per-class thead button").first.click()
    assert rows() == ten["labels"]
    assert it.locator("#per-class th[aria-sort]").count() == 1


def test_what_is_sorted_goes_on_with_the_slider(page: Show, binary: Summary) -> None:
    """The slider finds its rows wherever sorting has put them."""
    it = page(binary)
    it.locator("#per-class thead button").nth(1).click()
    it.locator("#confusions thead button").nth(2).click()
    move(it, 0.2)
    support = binary["per_class_metrics"][YES]["support"]
    hits = binary["thresholds"]["true_positive"][200]
    row = it.locator(f'#per-class tr[data-label="{YES}"]')
    assert row.locator("td").nth(2).inner_text().startswith(f"{hits / support:.3f}")
