"""Each part of the summary has its block, and each sentence says what its table says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from templates.html import render
from templates.paper import paper_view
from templates.view import BLOCKS
from tests.browser import models
from tests.browser.conftest import Show, Summary

NO, YES = models.PAIR
PARTS = {
    "thresholds": ("#operating", "#thresholds"),
    "curves": ("#curves",),
    "calibration": ("#calibration",),
    "score_histogram": ("#histogram",),
    "slices": ("#slices",),
    "comparison": ("#comparison",),
    "examples_by_cell": ("#examples",),
    "training_counts": ("#balance",),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_block_is_there_when_the_summary_has_its_part(page: Show, binary: Summary, part: str) -> None:
    """With the part its blocks are shown; without it they are gone, the rest stays, and nothing complains."""
    whole = page(binary)
    without = page({key: value for key, value in binary.items() if key != part})
    for block in PARTS[part]:
        assert whole.locator(block).is_visible()
        assert without.locator(block).count() == 0
    assert without.locator("main > section").count() == whole.locator("main > section").count() - len(
        PARTS[part]
    )


def test_every_block_is_a_section(page: Show, binary: Summary) -> None:
    """A summary with everything shows every block there is."""
    assert page(binary).locator("main > section, main > header").count() == len(BLOCKS)


def test_the_change_against_the_baseline_is_on_the_first_screen(page: Show, binary: Summary) -> None:
    """Each main figure has its change with interval and whether it is clear, as in the comparison's table."""
    it = page(binary)
    delta = binary["comparison"]["overall"]["weighted_f1"]
    card = it.locator("#figures li[data-metric=weighted_f1] .figure-change")
    assert card.bounding_box()["y"] < 700
    low, high = delta["delta_interval"]
    assert low > 0
    assert card.inner_text() == f"▲ +{delta['delta']:.3f} better\n(+{low:.3f} to +{high:.3f})"
    row = it.locator("#comparison tr[data-metric=weighted_f1] td").all_inner_texts()
    assert row[2:] == [f"+{delta['delta']:.3f}", f"+{low:.3f} to +{high:.3f}", "▲ better"]
    loss = it.locator("#comparison tr[data-metric=log_loss] td").all_inner_texts()
    assert loss[2].startswith("−")
    assert loss[4] == "▲ better"


def test_a_baseline_that_cannot_be_compared_says_why(page: Show, binary: Summary) -> None:
    """The reason stands in place of the table."""
    found = {"baseline_version": "v1", "reason": "v1 has no predictions for test"}
    it = page(binary | {"comparison": found})
    assert "There is nothing to compare: v1 has no predictions for test." in it.inner_text("#comparison")
    assert it.locator("#comparison table, .figure-change").count() == 0


def test_paired_rows_are_said(page: Show, binary: Summary) -> None:
    """What was fixed and broken, with McNemar's test."""
    paired = {"rows": 1480, "mcnemar": {"only_baseline_right": 31, "only_this_right": 90, "p_value": 2e-7}}
    it = page(binary | {"comparison": binary["comparison"] | {"paired": paired}})
    lead = it.inner_text("#comparison .lead")
    assert "Of 1,480 rows that both versions have, this one mends 90" in lead
    assert "breaks 31" in lead
    assert "p below 0.001, no accident" in lead


def test_what_needs_attention_is_what_the_tables_say(page: Show, binary: Summary) -> None:
    """The confusion with most to gain and the widest gap are the first of their tables."""
    it = page(binary)
    first = it.locator("#confusions tbody tr").first
    mend = it.inner_text("#attention .mend")
    assert f"{NO} predicted as {YES}, {first.get_attribute('data-count')} rows" in mend
    assert f"rise by {first.locator('td').last.inner_text().removeprefix('+')}." in mend
    gap, row = it.inner_text("#attention .gap"), it.locator("#slices .gaps tbody tr").first.inner_text()
    figures = re.findall(r"\d\.\d{3}", row)
    assert figures[0] in gap
    assert figures[3] in gap
    assert re.findall(r"\d\.\d{3}(?= apart)", gap) == [figures[6]]


def test_thresholds_in_force_are_the_matrix(page: Show, binary: Summary) -> None:
    """The first row of the points has precision and recall of the positive label, not of the other way round."""
    it = page(binary)
    figures = binary["per_class_metrics"][YES]
    assert figures["precision"] != figures["recall"]
    cells = it.locator("#thresholds .points-table tbody tr").first.locator("td").all_inner_texts()
    assert cells[1].split()[0] == f"{figures['precision']:.3f}"
    assert cells[2].split()[0] == f"{figures['recall']:.3f}"
    assert [int(cells[4]), int(cells[5])] == [figures["false_positive"], figures["false_negative"]]


def test_curves_carry_their_areas_with_intervals(page: Show, binary: Summary) -> None:
    """ROC AUC and average precision stand under their own curve."""
    it, overall = page(binary), binary["overall"]
    for hook, metric in (("#roc", "roc_auc"), ("#precision-recall", "average_precision")):
        low, high = overall[f"{metric}_interval"]
        assert f"{overall[metric]:.3f} ({low:.3f}–{high:.3f})" in it.inner_text(f"{hook} figcaption")


def test_slices_list_every_value_with_its_rows(page: Show, binary: Summary) -> None:
    """Figures, intervals and rows of a slice are those of the summary."""
    it, found = page(binary), binary["slices"]["columns"]["region"]
    rows = it.locator("#slices table").first.locator("tbody tr").all()
    assert [row.locator("th").inner_text() for row in rows] == list(found)
    for row, value in zip(rows, found.values(), strict=True):
        texts = row.locator("td").all_inner_texts()
        assert texts[0].split()[0] == f"{value['overall']['accuracy']:.3f}"
        assert texts[2] == str(value["examples"])


def _cities(binary: Summary, size: int) -> tuple[Summary, Summary]:
    """A summary whose only slice has so many values, each of more rows and a better accuracy; and the values."""
    each = next(iter(binary["slices"]["columns"]["region"].values()))
    values = {
        f"city {i:03d}": each
        | {"examples": 10 + (i * 7) % size, "overall": each["overall"] | {"accuracy": 1 - i / size}}
        for i in range(size)
    }
    return binary | {"slices": {"columns": {"city": values}, "widest_gaps": []}}, values


def _is_cut(shown: list[str], values: Summary) -> None:
    worst = sorted(values, key=lambda value: values[value]["overall"]["accuracy"])[:50]
    largest = sorted(values, key=lambda value: -values[value]["examples"])[:50]
    assert shown[:50] == worst
    assert set(shown) == {*worst, *largest}


def test_a_column_of_many_values_is_whole(page: Show, binary: Summary) -> None:
    """Up to 300 values are listed; above, the 50 worst and the 50 largest, and where the rest is."""
    names = "all => all.map(e => e.textContent)"
    summary, values = _cities(binary, 300)
    it = page(summary)
    assert it.eval_on_selector_all("#slices table tbody th", names) == list(values)
    assert it.locator("#slices .note").count() == 0
    summary, values = _cities(binary, 301)
    it = page(summary)
    _is_cut(it.eval_on_selector_all("#slices table tbody th", names), values)
    assert "Of 301 values these are the 50 values with the lowest accuracy" in it.inner_text("#slices .note")
    assert "in summary.json" in it.inner_text("#slices .note")


def test_paper_has_every_column_and_100_values_of_each(binary: Summary) -> None:
    """Above 100 values the 50 worst and the 50 largest are printed."""
    _, few = _cities(binary, 100)
    _, many = _cities(binary, 101)
    columns = {"few": few, "many": many} | {f"column {i}": dict([next(iter(few.items()))]) for i in range(5)}
    view = paper_view(binary | {"slices": {"columns": columns, "widest_gaps": []}})["slices"]
    assert [column["name"] for column in view["columns"]] == list(columns)
    assert [row["value"] for row in view["columns"][0]["rows"]] == list(few)
    _is_cut([row["value"] for row in view["columns"][1]["rows"]], many)
    assert [column["cut"] for column in view["columns"]] == [False, True] + [False] * 5


def test_a_gap_that_may_be_chance_says_so(page: Show, binary: Summary) -> None:
    """Exactly the gaps whose interval holds 0 are doubted, and only a sure one needs attention."""
    it, gaps = page(binary), binary["slices"]["widest_gaps"]
    doubted = ["may be chance" in text for text in it.locator("#slices .gaps tbody tr").all_inner_texts()]
    assert doubted == [gap["gap_interval"][0] <= 0 for gap in gaps]
    assert len(set(doubted)) == 2
    unsure = [gap for gap in gaps if gap["gap_interval"][0] <= 0]
    other = page(binary | {"slices": binary["slices"] | {"widest_gaps": unsure}})
    assert "No gap is clear of chance." in other.inner_text("#slices .lead")
    assert other.locator("#attention .gap").count() == 0


def test_no_column_of_the_examples_stands_twice(page: Show, tmp_path: Path) -> None:
    """The id is in front, and a slice may be an example column as well."""
    model = models.binary(tmp_path, 300, example_columns=["id", "region", "note"])
    heads = page(model.summary()).locator("#examples thead th").all_inner_texts()
    assert heads == ["Id", "Actual", "Predicted", "Score of leaves", "region", "plan", "note"]


def test_without_a_script_no_slider_is_spoken_of(page: Show, binary: Summary) -> None:
    """The ring of the curves follows it where there is one."""
    assert "follows the slider" in page(binary).inner_text("#curves .lead")
    assert "slider" not in page(binary, javascript=False).inner_text("#curves .lead")


def test_calibration_of_several_labels_is_of_the_top_one(page: Show, ten: Summary) -> None:
    """The diagram says whose probability it is."""
    text = page(ten).text_content("#calibration svg")
    assert "Mean probability of the predicted label" in text


def test_hostile_names_stay_names_everywhere(page: Show, binary: Summary) -> None:
    """Ids, values of slices, columns and the baseline's version are isolated and inert."""
    evil = "<img src=x onerror=alert(1)>\u202e\"'=cmd" + "y" * 300
    region = binary["slices"]["columns"]["region"]
    slices = {"columns": {evil: {evil: next(iter(region.values()))}}, "widest_gaps": []}
    row = {"id": evil, "actual": NO, "predicted": YES, "score": 0.9, "slices": {evil: evil}, "columns": {}}
    examples = {"cells": [{"actual": NO, "predicted": YES, "count": 1, "rows": [row]}]}
    hostile = {
        "slices": slices,
        "examples_by_cell": examples,
        "model_name": evil,
        "comparison": binary["comparison"] | {"baseline_version": evil, "only_in_baseline": [evil]},
    }
    text = render(binary | hostile).decode()
    assert "<img" not in text
    assert "\u202e" not in text
    it = page(binary | hostile, width=380)
    assert it.evaluate("document.documentElement.scrollWidth") <= 380
    assert it.locator("#examples tbody th bdi").inner_text().startswith("<img src=x onerror=alert(1)>\ufffd")


@pytest.mark.parametrize(("name", "most"), [("binary", 200_000), ("ten", 400_000)])
def test_a_whole_report_stays_small(request: pytest.FixtureRequest, name: str, most: int) -> None:
    """With all its thresholds, curves and examples."""
    assert len(render(request.getfixturevalue(name))) <= most
