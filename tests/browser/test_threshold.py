"""The threshold slider: what it moves, how fast, and that it says what Python says."""

from __future__ import annotations

from typing import Any

import pytest

from templates.html import SCRIPTS, render
from tests.browser import models
from tests.browser.conftest import Show, Summary, cells, move

NO, YES = models.PAIR

LIVE = """() => {
    const texts = where => [...document.querySelectorAll(where)].map(e => e.textContent.replace(/\\s+/g, " ").trim());
    const near = (e, ...names) => names.map(name => Math.round(+e.getAttribute(name)));
    const ring = id => {
        const found = document.querySelector(`${id} .operating-point`);
        return found.getAttribute("visibility") === "visible" && near(found, "cx", "cy");
    };
    return {
        matrix: texts("#confusion-matrix td"),
        shades: [...document.querySelectorAll("#confusion-matrix td[data-count]")].map(e => e.className),
        labels: texts("#per-class tbody td"),
        bars: [...document.querySelectorAll("#per-class rect")].map(e => [e.getAttribute("x"), e.getAttribute("width")]),
        confusions: texts("#confusions td, #confusions tbody th"),
        sentences: texts("#right-sentence, #largest-sentence, #confusions-sentence"),
        rings: [ring("#roc"), ring("#precision-recall")],
        cost: texts("#cost"),
        examples: [...document.querySelectorAll("#examples tbody tr")].map(e => [e.textContent, e.dataset.predicted]),
    };
}"""


@pytest.mark.parametrize("threshold", [0, 0.003, 0.3, 0.5, 0.777, 1])
def test_the_script_says_what_python_says(
    page: Show, model: models.Model, binary: Summary, threshold: float
) -> None:
    """At every threshold each figure, sentence, bar and example is as in a report made for that threshold."""
    moved, made = page(binary), page(model.summary(threshold=threshold))
    move(moved, threshold)
    assert moved.evaluate(LIVE) == made.evaluate(LIVE)


def test_it_moves_the_matrix_from_the_full_counts(page: Show, binary: Summary) -> None:
    """Every one of the 1,001 positions shows the counts of the summary."""
    it, found = page(binary), binary["thresholds"]
    moved = it.evaluate(
        """() => {
            const slider = document.querySelector("#threshold"), all = [];
            for (let i = 0; i <= 1000; i += 1) {
                slider.value = i / 1000;
                slider.dispatchEvent(new Event("input", { bubbles: true }));
                all.push([...document.querySelectorAll("#confusion-matrix td[data-count]")].map(e => +e.dataset.count));
            }
            return all;
        }"""
    )
    names = ("true_negative", "false_positive", "false_negative", "true_positive")
    assert moved == [list(each) for each in zip(*(found[name] for name in names), strict=True)]


def test_moving_it_is_quick(page: Show, binary: Summary) -> None:
    """Half of the 1,001 moves, layout included, take less than a frame of a screen, on a busy machine too."""
    times = page(binary).evaluate(
        """() => {
            const slider = document.querySelector("#threshold"), all = [];
            for (let i = 0; i <= 1000; i += 1) {
                const start = performance.now();
                slider.value = i / 1000;
                slider.dispatchEvent(new Event("input", { bubbles: true }));
                document.body.offsetHeight;
                all.push(performance.now() - start);
            }
            return all.sort((a, b) => a - b);
        }"""
    )
    assert times[500] < 16


def test_the_value_and_what_is_in_force_are_told_apart(page: Show, binary: Summary) -> None:
    """A moved slider says that verdict and figures stay; one button leads back to what is in force."""
    it = page(binary)
    before = it.evaluate(LIVE)
    assert it.inner_text("#threshold-value") == "0.500"
    assert "In force: threshold 0.5" in it.inner_text("#threshold-state")
    move(it, 0.3)
    assert it.inner_text("#threshold-value") == "0.300"
    assert "verdict, gates and main figures stay" in it.inner_text("#threshold-state")
    it.click("#threshold-reset")
    assert it.inner_text("#threshold-value") == "0.500"
    assert it.evaluate(LIVE) == before
    assert it.input_value("#threshold") == "0.5"
    assert it.evaluate("document.activeElement.id") == "threshold"


def test_keys_move_it(page: Show, binary: Summary) -> None:
    """The arrow keys change the threshold by a thousandth."""
    it = page(binary)
    it.focus("#threshold")
    it.keyboard.press("ArrowRight")
    assert it.inner_text("#threshold-value") == "0.501"
    assert int(cells(it)[YES, YES]) == binary["thresholds"]["true_positive"][501]


def test_recommended_points_are_set_and_said(page: Show, binary: Summary) -> None:
    """Each button sets its point; the table has the same points with where they were chosen."""
    it, points = page(binary), binary["thresholds"]["recommended"]
    buttons = it.locator("#recommended button").all()
    assert [each.get_attribute("data-point") for each in buttons] == ["best_f1", "youden_j", "least_cost"]
    for each in buttons:
        point = points[each.get_attribute("data-point")]
        each.click()
        assert it.input_value("#threshold") == str(point["threshold"])
        assert int(cells(it)[NO, YES]) == point["false_positive"]
        assert each.get_attribute("aria-pressed") == "true"
    assert not it.is_visible("#in-sample")
    assert it.locator("#thresholds tr[data-in-sample=false]").count() == 3
    assert "chosen on validation" in it.inner_text("#thresholds")


def test_a_point_that_moves_away_is_no_longer_pressed(page: Show, binary: Summary) -> None:
    """Other costs move the point of least cost; the slider stands where it stood."""
    it = page(binary)
    least = it.locator("#recommended [data-point=least_cost]")
    least.click()
    stands = it.input_value("#threshold")
    it.fill("#cost-false-positive", "30")
    assert it.input_value("#threshold") == stands != least.get_attribute("data-threshold")
    assert least.get_attribute("aria-pressed") == "false"


@pytest.mark.parametrize("width", [1280, 900])
def test_nothing_moves_under_the_slider(page: Show, binary: Summary, width: int) -> None:
    """A moved threshold and other costs, with all that is said then, leave the panel as large as it was."""
    it = page(binary, width=width)
    boxes = "['#operating', '#threshold'].map(e => document.querySelector(e)).map(e => [e.offsetWidth, e.offsetHeight])"
    before = it.evaluate(boxes)
    move(it, 0.123)
    assert it.evaluate(boxes) == before
    it.fill("#cost-false-positive", "30")
    assert it.is_visible("#in-sample")
    assert it.evaluate(boxes)[1] == before[1]


def test_paper_has_no_slider(page: Show, binary: Summary) -> None:
    """Printed from the browser, what only a script can serve is left out."""
    it = page(binary)
    it.emulate_media(media="print")
    assert not it.is_visible("#operating") and not it.is_visible("#examples-clear")
    assert it.is_visible("#confusion-matrix")


def test_a_point_chosen_on_the_reported_split_says_so(page: Show, binary: Summary) -> None:
    """in_sample is a star with its meaning beside the buttons, and in the table's sentence."""
    points = {
        key: point | {"in_sample": True, "chosen_on": "test"}
        for key, point in binary["thresholds"]["recommended"].items()
    }
    it = page(binary | {"thresholds": binary["thresholds"] | {"recommended": points}})
    assert "*" in it.inner_text("#recommended")
    assert "chosen on test itself, so it flatters" in it.inner_text("#in-sample")
    assert "in-sample" in it.inner_text("#thresholds .lead")


def test_costs_move_the_cheapest_point(page: Show, binary: Summary) -> None:
    """Costs that are entered find their own threshold, on this split, and say so; the total follows both."""
    it, found = page(binary), binary["thresholds"]
    least = it.locator("#recommended [data-point=least_cost]")
    stored = least.inner_text()
    it.fill("#cost-false-negative", "0.5")
    cost = [fp + 0.5 * fn for fp, fn in zip(found["false_positive"], found["false_negative"], strict=True)]
    best = min(range(1001), key=lambda i: (cost[i], abs(2 * i - 1000), i))
    assert least.get_attribute("data-threshold") == str(best / 1000)
    assert "*" in least.inner_text()
    assert it.is_visible("#in-sample")
    least.click()
    assert float(it.inner_text("#cost").replace(",", "")) == pytest.approx(cost[best], abs=0.06)
    it.fill("#cost-false-negative", "5")
    assert least.inner_text() == stored


def test_without_costs_the_cheapest_point_comes_with_the_first_entry(page: Show, binary: Summary) -> None:
    """A model without costs has no such point until someone says what an error costs."""
    points = {key: value for key, value in binary["thresholds"]["recommended"].items() if key != "least_cost"}
    it = page(
        binary
        | {"thresholds": binary["thresholds"] | {"recommended": points}}
        | {"settings": binary["settings"] | {"costs": None}}
    )
    least = it.locator("#recommended [data-point=least_cost]")
    assert least.count() == 0
    for each in it.locator("#recommended button").all():
        each.click(timeout=2000)
    it.fill("#cost-false-negative", "2")
    it.fill("#cost-false-negative", "3")
    assert least.count() == 1
    assert least.inner_text().startswith("Least cost* ")
    least.click()
    assert it.input_value("#threshold") == least.get_attribute("data-threshold")
    assert least.get_attribute("aria-pressed") == "true"


def test_labels_as_predicted_stay_until_the_slider_moves(page: Show, binary: Summary) -> None:
    """Where the predicted labels came from a column, the slider stands at 0.5 and the stored matrix is shown."""
    matrix = [[1100, 79], [200, 121]]
    stored = {"confusion_matrix": binary["confusion_matrix"] | {"matrix": matrix}}
    it = page(binary | stored | {"thresholds": binary["thresholds"] | {"operating_point": None}})
    assert cells(it)[NO, NO] == "1100"
    assert it.input_value("#threshold") == "0.5"
    assert "In force: the labels as predicted" in it.inner_text("#threshold-state")
    move(it, 0.5)
    assert int(cells(it)[NO, NO]) == binary["thresholds"]["true_negative"][500]
    it.click("#threshold-reset")
    assert cells(it)[NO, NO] == "1100"


def test_the_positive_label_may_come_first(page: Show, binary: Summary) -> None:
    """The order of the labels is the matrix's, whichever of them is the positive one."""
    turned = {
        "labels": [YES, NO],
        "confusion_matrix": {
            "labels": [YES, NO],
            "matrix": [row[::-1] for row in binary["confusion_matrix"]["matrix"][::-1]],
            "normalized": False,
        },
        "per_class_metrics": dict(reversed(binary["per_class_metrics"].items())),
    }
    it = page(binary | turned)
    before = it.evaluate(LIVE)
    move(it, 0.5)
    assert it.evaluate(LIVE) == before
    move(it, 0.25)
    assert int(cells(it)[NO, YES]) == binary["thresholds"]["false_positive"][250]


def test_weighted_rows_have_no_interval_elsewhere(page: Show, binary: Summary) -> None:
    """Of weighted counts no interval follows, and the report says so instead of showing a wrong one."""
    it = page(binary | {"elements": 40})
    move(it, 0.3)
    assert "no intervals are known here" in it.inner_text("#threshold-state")
    assert it.locator("#per-class .band").count() == 0
    it.click("#threshold-reset")
    assert it.locator("#per-class .band").count() == 6


def test_figures_and_markers_do_not_wait_for_a_script(page: Show, binary: Summary) -> None:
    """Without JavaScript the curves have their marker, the points their table, and no dead control is seen."""
    it = page(binary, javascript=False)
    assert it.locator("#roc .operating-point").count() == 1
    assert it.locator("#thresholds tbody tr[data-point]").count() == 3
    assert it.locator("#threshold").count() == 1
    for each in ("#threshold", "#recommended", "#matrix-mode", "#examples-filter"):
        assert not it.is_visible(each), each
    assert it.locator(".sort").count() == 0


def test_the_script_is_small() -> None:
    """One script, unminified, below 20 KB."""
    from templates.page import script

    assert len(script(*SCRIPTS).encode()) < 20_000


def test_data_cannot_end_the_script(page: Show, binary: Summary) -> None:
    """Labels with markup stay inside the JSON, and the slider works with them."""
    rename = {NO: "</script><b>no", YES: "yes\u2028\u202e'\"<!--"}
    labels = [rename[label] for label in binary["labels"]]
    hostile: Any = {
        "labels": labels,
        "settings": binary["settings"] | {"labels": labels, "positive_label": rename[YES]},
        "confusion_matrix": binary["confusion_matrix"] | {"labels": labels},
        "per_class_metrics": {rename[label]: each for label, each in binary["per_class_metrics"].items()},
        "training_counts": None,
        "examples_by_cell": {"cells": []},
        "slices": {"columns": {}, "widest_gaps": []},
        "comparison": {"baseline_version": "v1", "reason": "none"},
        "score_histogram": None,
        "warnings": [],
        "gates": [],
    }
    data = render(binary | hostile)
    assert data.count(b"<script") == data.count(b"</script>") == 2
    it = page(binary | hostile)
    move(it, 0.4)
    assert int(cells(it)[rename[YES], rename[YES]]) == binary["thresholds"]["true_positive"][400]
    assert "yes\ufffd\ufffd'\"<!--" in it.inner_text("#largest-sentence")
