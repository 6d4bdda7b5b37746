"""What is on the first screen: the verdict with its gates, the threshold, main figures, what needs attention."""

from __future__ import annotations

import re
from typing import Any

import pytest

from templates.html import render as html
from templates.page import page
from templates.paper import paper_view
from tests.templates import samples


def test_links_lead_to_the_other_splits_and_checkpoints(opened: Any) -> None:
    """The present one is the file itself; others are relative to the place of the copies, percent-encoded."""
    page = opened(html(samples.ten())).page
    assert _links(page, "#split") == [
        ("test", "report.html", "page"),
        ("validation", "../../validation/report.html", None),
    ]
    assert _links(page, "#checkpoint") == [
        ("default", "../../test/report.html", None),
        ("epoch-12", "report.html", "page"),
    ]
    assert [link for _, link, _ in _links(page, "#files")] == [
        "report.pdf",
        "summary.md",
        "junit.xml",
        "confusion_matrix.json",
        "summary.json",
    ]
    plain = opened(html(samples.churn())).page
    assert [link for _, link, _ in _links(plain, "#split")] == [
        "report.html",
        "../validation/report.html",
    ]
    strange = [{"dataset_split": "test", "checkpoint": name} for name in (None, "epoch 1/ä?#")]
    page = opened(html(samples.churn(splits=strange))).page
    assert _links(page, "#checkpoint")[1][1] == "../test/checkpoint=epoch%201%2F%C3%A4%3F%23/report.html"


def _links(page: Any, place: str) -> list[tuple[str, str, str | None]]:
    return [
        (link.inner_text(), link.get_attribute("href"), link.get_attribute("aria-current"))
        for link in page.query_selector_all(f"{place} a")
    ]


def test_the_first_screen_is_for_the_decision(opened: Any) -> None:
    """Verdict, gates (worst first), main figures and what needs attention stand before all else."""
    page = opened(html(samples.ten())).page
    for place in ("#verdict", "#figures", "#attention-title"):
        box = page.query_selector(place).bounding_box()
        assert box["y"] + box["height"] <= 800, place
    statuses = page.eval_on_selector_all("#gates tbody tr", "all => all.map(e => e.dataset.status)")
    assert statuses == ["fail", "inconclusive", "pass", "pass"]
    metrics = page.eval_on_selector_all("#figures li", "all => all.map(e => e.dataset.metric)")
    assert metrics == ["weighted_f1", "accuracy", "macro_f1", "balanced_accuracy", "majority_share"]
    severities = page.eval_on_selector_all("#warnings li", "all => all.map(e => e.dataset.severity)")
    assert severities == ["critical", "warning", "warning", "info"]
    assert page.locator("#attention li").first.inner_text().endswith("dog gets 31% of all errors.")


def test_sentences_say_what_the_tables_say(opened: Any) -> None:
    """With precision ≠ recall and FP ≠ FN, the sentences take each figure from where the table has it."""
    page = opened(html(samples.churn())).page
    weak = page.inner_text("#attention .weakest")
    assert "of 4,500 that actually are, 4,230 are found (recall 0.940)" in weak
    assert "of 4,610 predicted to be, 4,230 are right (precision 0.918)" in weak
    row = page.inner_text("#per-class tr[data-label=churned]").split()
    assert [row[i] for i in (1, 3, 5, 7, 8)] == ["0.929", "0.918", "0.940", "4,500", "4,610"]
    lead = page.inner_text("#confusion-matrix .lead")
    assert "13,350 of 14,000 rows (95.4%)" in lead
    assert "not_churned predicted as churned, 380 rows" in lead
    cells = page.locator("#confusions tbody tr").first.inner_text().split("\t")
    assert cells == ["not_churned", "churned", "380", "4.0%", "58.5%", "+0.0268"]


def test_a_gate_does_not_contradict_its_figure(opened: Any) -> None:
    """Found and Required differ where the gate failed, and are equal where the figure is at its bound."""
    gates = [
        samples.gate("accuracy", "fail", 0.8746, [0.8512, 0.8931], min=0.8747),
        samples.gate("macro_f1", "inconclusive", 0.88, [0.87996, 0.88004], min=0.87999),
        samples.gate("majority_share", "fail", 0.8701, None, max=0.87),
        samples.gate("weighted_f1", "pass", 0.8745, None, min=0.8745),
    ]
    page = opened(html(samples.churn(gates=gates, verdict="fail"))).page
    rows = [row.locator("td").all_inner_texts()[1:4] for row in page.locator("#gates tbody tr").all()]
    assert rows == [
        ["0.8746", "0.8512–0.8931", "at least 0.8747"],
        ["0.8701", "–", "at most 0.87"],
        ["0.88000", "0.87996–0.88004", "at least 0.87999"],
        ["0.8745", "–", "at least 0.8745"],
    ]


def test_five_gates_with_their_reasons_leave_room(opened: Any) -> None:
    """Reasons are as wide as the table, and what passes a bound of its own needs none."""
    why = (
        "it is 0.005 better than v1, and 0.02 worse is allowed, but its 95 % interval, 0.036 better to 0.026 worse, "
        "crosses the bound; about 3,200 rows would settle it"
    )
    undecided = samples.gate(
        "slices.region.recall[churned]", "inconclusive", 0.93, [0.89, 0.95], max_drop=0.02
    )
    gates = [undecided | {"reason": why, "slice_value": "east"}] * 2
    gates += [samples.gate("accuracy", "pass", 0.95, [0.94, 0.96], min=0.9)] * 3
    page = opened(html(samples.churn(gates=gates, verdict="inconclusive"))).page
    assert page.locator("#gates tbody th").first.inner_text() == "Recall of churned by region, worst value"
    rows = page.locator("#gates tbody tr").all_inner_texts()
    assert [why in row for row in rows] == [True, True, False, False, False]
    wide = page.evaluate("(e => [e.scrollWidth, e.clientWidth])(document.querySelector('#verdict .scroll'))")
    assert wide[0] <= wide[1]
    title = page.locator("#attention-title").bounding_box()
    assert title["y"] + title["height"] <= 820


@pytest.mark.parametrize("value", ["<u>", "قطة", "\"both\" 'quotes'", "left\u202eright"])
def test_a_reason_has_its_names_isolated(opened: Any, value: str) -> None:
    """The slice's value and the label stand apart from the sentence, however Python quotes them."""
    gate = samples.gate("slices.region.recall[<b>]", "pass", 0.598, None, min=0.5)
    why = f"0.598 of {value!r} is at least 0.5, as is <b>"
    page = opened(html(samples.churn(gates=[gate | {"reason": why, "slice_value": value}]))).page
    assert page.inner_text("#gates .why") == why
    names = page.locator("#gates .why bdi").all_inner_texts()
    assert names == [repr(value)[1:-1], "<b>"]


@pytest.mark.parametrize(
    ("thresholds", "said"),
    [({"operating_point": 0.35}, "Threshold 0.35"), ({"operating_point": None}, "labels as predicted")],
)
def test_the_threshold_in_force_is_on_the_first_screen(
    opened: Any, thresholds: dict[str, Any], said: str
) -> None:
    """A model with scores says where it was cut, or that its labels are taken as predicted."""
    place = opened(html(samples.churn(thresholds=thresholds))).page.locator("#operating-point")
    assert said in place.inner_text()
    assert place.bounding_box()["y"] < 200


def test_a_model_without_scores_has_no_threshold(opened: Any) -> None:
    """Where no scores are, no threshold is claimed, and nothing is called a what-if."""
    page = opened(html(samples.churn())).page
    assert page.locator("#operating-point, #what-if").count() == 0
    assert "What-if" not in page.title()


@pytest.mark.parametrize(
    ("supposed", "said"),
    [
        ({"threshold": 0.3}, "What-if at threshold 0.3"),
        ({"baseline": "ver-0"}, "What-if with baseline ver-0"),
        ({"threshold": 1, "baseline": None}, "What-if at threshold 1 and with baseline none"),
    ],
)
def test_a_what_if_says_so_before_its_verdict(opened: Any, supposed: dict[str, Any], said: str) -> None:
    """A banner above the verdict and the title tell it from the evaluation in force."""
    page = opened(html(samples.churn(what_if=supposed))).page
    banner = page.locator("#what-if")
    assert banner.inner_text().startswith(f"{said}: not the evaluation in force.")
    assert banner.bounding_box()["y"] < page.locator("#verdict").bounding_box()["y"]
    assert page.title() == f"{said} · Customer churn · ver-001a1 · test"


def test_gates_on_a_narrow_screen_are_whole(opened: Any) -> None:
    """Found, Required and Why stand one below the other, each with its name, none off the screen."""
    page = opened(html(samples.ten()), 380).page
    for cell in page.query_selector_all("#gates tbody tr > *"):
        box = cell.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 380
    assert page.evaluate("(e => e.scrollWidth <= e.clientWidth)(document.querySelector('#verdict .scroll'))")
    names = [
        page.evaluate(
            f"getComputedStyle(document.querySelector('#gates td:nth-child({n})'), '::before').content"
        )
        for n in (3, 4, 5)
    ]
    assert names == ['"Found"', '"95 % interval"', '"Required"']


def test_many_findings_of_a_kind_are_one_item(opened: Any) -> None:
    """Above five of a code: how many there are and the worst of them; the others are folded, none is left out."""
    summary = samples.warned(60)
    figures = summary["per_class_metrics"]
    for place, each in enumerate(summary["warnings"]):
        each["advice"] = f"Collect {place + 50} rows."
    page = opened(html(summary), javascript=False).page
    items = page.eval_on_selector_all(
        "#warnings .warnings > li", "all => all.map(e => e.dataset.code ?? null)"
    )
    assert items == ["bias_towards_label", None, None, *["confused_pair"] * 5]
    low = page.locator("#warnings .several").first
    assert "60 findings of one kind: low support" in low.inner_text()
    worst = sorted(summary["labels"], key=lambda label: figures[label]["support"])[:5]
    assert low.locator("> .worst .message bdi").all_inner_texts() == worst
    assert not low.locator("details li").first.is_visible()
    low.locator("summary").click()
    assert low.locator("details li:visible").count() == 55
    assert "summary.json" not in low.inner_text()
    found = page.eval_on_selector_all(
        "#warnings li[data-code]",
        "all => all.map(e => [e.dataset.code, ...[...e.querySelectorAll('p')].map(p => p.textContent)].join('|'))",
    )
    assert len(found) == len(summary["warnings"])
    assert all(
        any(
            text.startswith(each["code"]) and each["message"][1:] in text and each["advice"] in text
            for text in found
        )
        for each in summary["warnings"]
    )
    attention = page.locator("#attention .attention > li").all_inner_texts()
    assert len(attention) == 5
    assert "60 findings of one kind (low support), such as" in attention[1]
    assert page.inner_text("#attention .more") == "5 more in Warnings and findings"


def test_findings_have_a_bound_that_is_said() -> None:
    """Of one code 200 are on the page, the worst of them; a sentence says how many more there are, and where."""
    summary = samples.warned(320)
    text = html(summary).decode()
    assert len(re.findall(r'<li [^>]*data-code="low_support"', text)) == 200
    assert "And 120 more in summary.json." in text
    assert "And 80 more in summary.json." in text


def test_on_paper_each_of_many_findings_has_its_own_advice() -> None:
    """An advice with figures of one label does not stand for all."""
    summary = samples.warned(60)
    for each in summary["warnings"]:
        each["advice"] = f"Collect rows of {each.get('label')}."
    text = page("report.html.j2", paper_view(summary))
    low = text[text.index("60 findings of one kind: low support") :].split("</ul>")[0]
    labels = re.findall(r"<li>Only \d+ rows are (category-\d+). Collect rows of (category-\d+).</li>", low)
    assert len(labels) == 5
    assert all(one == other for one, other in labels)
