"""``index.html``: every evaluation on one page."""

from __future__ import annotations

from typing import Any

import pytest

from templates import render_index
from tests.templates import samples


@pytest.mark.parametrize("width", [1280, 380])
def test_it_opens_without_complaint(opened: Any, width: int) -> None:
    """No error, no request, no sideways scrolling."""
    it = opened(render_index(samples.index()), width)
    assert it.complaints == []
    assert len([url for url in it.requests if not url.startswith("data:")]) == 1
    assert it.page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_needs_a_person_comes_first(opened: Any) -> None:
    """Failed attempts, then failed gates, then what is open; of equals the newest version first."""
    page = opened(render_index(samples.index())).page
    models = page.eval_on_selector_all(".model", "all => all.map(e => [e.dataset.model, e.dataset.state])")
    assert models == [
        ["c-vision", "failed"],
        ["b-fraud", "fail"],
        ["d-intent", "inconclusive"],
        ["a-churn", "pass"],
        ["e-topics", "none"],
    ]
    keys = page.eval_on_selector_all(".model tr[data-key]", "all => all.map(e => e.dataset.key)")
    assert keys[:2] == ["evaluations/c-vision/ver-4/test/", "evaluations/c-vision/ver-3/test/"]
    assert keys[-3:-1] == ["evaluations/a-churn/ver-2/test/", "evaluations/a-churn/ver-1/test/"]


def test_within_a_model_failures_come_before_what_is_newer(opened: Any) -> None:
    """A version that could not be evaluated, then failed gates, then the newest of the others."""
    days = [("v1", "fail", 1), ("v2", "inconclusive", 2), ("v3", "pass", 3), ("v5", "pass", 5)]
    entries = [samples.entry("m", v, how, created_at=f"2026-11-0{day}T02:00:00Z") for v, how, day in days]
    broken = {"code": "unreadable_file", "message": "part-0.parquet is cut short; write it again"}
    never = {"evaluation": None, "verdict": None, "headline": None, "gates": None}
    entries.append(samples.entry("m", "v0", created_at=None, failure=broken, examples=0, warnings=0) | never)
    page = opened(render_index({"evaluations": entries})).page
    order = page.eval_on_selector_all("tr[data-key]", "all => all.map(e => e.dataset.key.split('/')[2])")
    assert order == ["v0", "v1", "v5", "v3", "v2"]
    cells = page.locator("tr[data-key]").first.locator("td").all_inner_texts()
    assert [cells[place] for place in (1, 2, 4, 5)] == ["–", "–", "–", "–"]


def test_a_narrow_screen_shows_everything(opened: Any) -> None:
    """Evaluations stand one below the other: nothing has to be scrolled to, and each figure has its name."""
    page = opened(render_index(samples.index()), 380).page
    wider = "all => all.filter(e => e.scrollWidth > e.clientWidth).length"
    assert page.eval_on_selector_all(".scroll, td, th", wider) == 0
    row = "tr[data-key='evaluations/a-churn/ver-2/test/']"
    right = page.eval_on_selector_all(f"{row} > *", "all => all.map(e => e.getBoundingClientRect().right)")
    assert max(right) <= 380
    named = f"getComputedStyle(document.querySelector(\"{row} td:nth-child(3)\"), '::before').content"
    assert page.evaluate(named) == '"Weighted F1"'


def test_a_failed_attempt_says_why_and_leaves_the_report_before_it(opened: Any) -> None:
    """The code and message are shown; where an evaluation is in force, its link stays."""
    page = opened(render_index(samples.index())).page
    first, second = (row.inner_text() for row in page.query_selector_all("tr.failure"))
    assert "invalid_predictions" in first
    assert "part-3.parquet lacks the column y_pred; write it again" in first
    assert "evaluation before it: pass" in second
    assert page.locator("tr[data-key='evaluations/c-vision/ver-4/test/'] a").count() == 0
    links = page.eval_on_selector_all(
        "tr[data-key='evaluations/c-vision/ver-3/test/'] a", "all => all.map(e => e.getAttribute('href'))"
    )
    assert links == [
        "c-vision/ver-3/test/report.html",
        "c-vision/ver-3/test/report.html",
        "c-vision/ver-3/test/report.pdf",
    ]


def test_figures_have_their_intervals(opened: Any) -> None:
    """Weighted F1 and accuracy are shown with their intervals, in the digits these justify."""
    page = opened(render_index(samples.index())).page
    row = page.inner_text("tr[data-key='evaluations/a-churn/ver-2/test/']")
    for part in ("0.954", "0.950–0.957", "14,000", "1 of 1 gate met", "promoted"):
        assert part in row


def test_a_version_that_is_not_promoted_does_not_make_a_model_urgent(opened: Any) -> None:
    """An old version's failed gate is shown, but the promoted version decides the order."""
    old = samples.entry("a-churn", "ver-0", "fail", created_at="2026-01-01T00:00:00Z")
    document = {"evaluations": [old, samples.entry("a-churn", "ver-1", promoted=True)]}
    page = opened(render_index(document)).page
    assert page.get_attribute(".model", "data-state") == "pass"


def _history(values: list[float | None], **changes: Any) -> list[dict[str, Any]]:
    """A version a day with a gate on the recall of a label."""
    return [
        samples.entry(
            "m",
            f"v{day}",
            created_at=f"2026-11-{day:02}T02:00:00Z",
            first_gate={
                "metric": "recall[cat]",
                "min": 0.9,
                "status": "pass",
                "value": value,
                "interval": None if value is None else [value - 0.02, value + 0.01],
            },
            **changes,
        )
        for day, value in enumerate(values, 1)
    ]


def test_the_count_of_verdicts_goes_over_models(opened: Any) -> None:
    """A version that failed before the promoted one is history, and no failure to look for."""
    entries = [samples.entry("m", version, "fail", created_at=None) for version in ("v1", "v2")]
    entries.append(samples.entry("m", "v3", "pass", created_at=None) | {"promoted": True})
    page = opened(render_index({"evaluations": entries})).page
    tally = page.eval_on_selector_all(
        "#tally li", "all => all.map(e => [e.dataset.state, e.innerText.trim()])"
    )
    assert [state for state, _ in tally] == ["pass"]
    assert tally[0][1].endswith("1")


def test_the_head_counts_what_the_lines_show(opened: Any) -> None:
    """A version that did not run beside one in force is counted apart, in words, and its model comes first."""
    broken = {"code": "unreadable_file", "message": "cut short", "at": "2026-11-26T02:01:00Z"}
    entries = [
        samples.entry("a", "v1", "pass", promoted=True),
        samples.entry("b", "v7", "pass", promoted=True),
        samples.entry("b", "v8", failure=broken) | {"evaluation": None},
        samples.entry("b", "v7", failure=broken, key="evaluations/b/v7/train/", dataset_split="train"),
    ]
    page = opened(render_index({"evaluations": entries})).page
    counted = page.eval_on_selector_all("#tally li", "all => all.map(e => e.dataset.state)")
    lines = page.eval_on_selector_all(
        "#models tbody tr", "all => all.map(e => [e.dataset.model, e.dataset.state])"
    )
    assert (counted, lines) == (["pass"], [["b", "pass"], ["a", "pass"]])
    assert page.inner_text("#tally li strong") == "2"
    assert page.inner_text("#others") == "2 evaluations of other versions or splits did not run"
    assert page.locator("tr.failure time").first.get_attribute("datetime") == broken["at"]
    assert "26 November 2026, 02:01 UTC" in page.locator("tr.failure").first.inner_text()


NIGHT = {
    "run": "20261126T020000Z-abc123",
    "started_at": "2026-11-26T02:00:00Z",
    "finished_at": "2026-11-26T02:10:00Z",
    "split": "test",
    "planned": 1000,
    "counts": {"failed": 2, "published": 3, "up_to_date": 995},
}


@pytest.mark.parametrize(
    ("changes", "ended"),
    [
        ({}, "finished"),
        ({"finished_at": None, "counts": {"failed": 2}}, "not finished when this page was made"),
        ({"planned": 1200}, "ended early, after 1,000 of 1,200"),
    ],
)
def test_the_last_night_is_shown(changes: dict[str, Any], ended: str, opened: Any) -> None:
    """When it began, how it ended, how many failed, and where its record is."""
    page = opened(render_index({**samples.index(), "night": {**NIGHT, **changes}})).page
    text = page.inner_text("#night")
    assert "26 November 2026, 02:00 UTC" in text
    assert ended in text
    assert "2 did not run" in text
    assert page.get_attribute("#night a", "href") == "nightly/20261126T020000Z-abc123.json"
    assert page.get_attribute("#night", "data-run") == NIGHT["run"]


def test_every_model_has_a_line_with_what_is_in_force(opened: Any) -> None:
    """Verdict, version and main figure of each model stand above all else, what failed first."""
    page = opened(render_index(samples.index())).page
    rows = page.locator("#models tbody tr")
    assert rows.evaluate_all("all => all.map(e => e.dataset.model)")[:2] == ["c-vision", "b-fraud"]
    line = page.locator("#models tr[data-model='a-churn']")
    assert "Weighted F1" in line.inner_text()
    assert "0.954 0.950–0.957" in line.inner_text()
    assert line.locator("a").nth(1).get_attribute("href") == "a-churn/ver-2/test/report.html"
    assert "ver-2" in line.inner_text()
    failed = page.locator("#models tr[data-model='c-vision']").inner_text()
    assert "Did not run" in failed and "invalid_predictions" in failed


def test_the_trend_is_of_the_first_gate(opened: Any) -> None:
    """A point for each version that has the figure, oldest first, its interval as a band, the bound dashed."""
    entries = _history([0.8, 0.85, None, 0.95])
    other = samples.entry(
        "m",
        "v0",
        dataset_split="validation",
        key="evaluations/m/v0/validation/",
        created_at="2026-01-01T00:00:00Z",
    )
    page = opened(render_index({"evaluations": [*reversed(entries), other]})).page
    line = page.locator("#models tr[data-model='m']")
    assert "0.950 0.930–0.960" in line.inner_text()
    assert "Recall of cat, at least 0.9" in line.inner_text()
    assert line.locator("title").text_content() == (
        "Recall of cat of 4 versions, oldest first: v1 0.800 (0.780–0.810), v2 0.850 (0.830–0.860), v3 –, "
        "v4 0.950 (0.930–0.960)"
    )
    places = line.locator(".dot").evaluate_all(
        "all => all.map(e => [+e.getAttribute('cx'), +e.getAttribute('cy')])"
    )
    assert len(places) == 3
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    assert [y for _, y in places] == sorted((y for _, y in places), reverse=True)
    limit = float(line.locator(".limit").get_attribute("d").split()[1].split("H")[0])
    assert places[2][1] < limit < places[1][1]
    assert line.locator(".line").count() == line.locator(".band").count() == 2


def test_without_a_gate_the_trend_is_of_weighted_f1(opened: Any) -> None:
    """Also where the gate's figure is not known; one version alone has no picture."""
    page = opened(render_index(samples.index())).page
    assert page.locator("tr[data-model='a-churn'] .dot").count() == 2
    assert page.locator("tr[data-model='a-churn'] .limit").count() == 0
    assert "one version so far" in page.locator("#models tr[data-model='b-fraud']").inner_text()
    page = opened(render_index({"evaluations": _history([None, None])})).page
    assert "Weighted F1" in page.locator("#models tr[data-model='m']").inner_text()


def test_old_evaluations_are_folded_away_but_not_the_one_in_force(opened: Any) -> None:
    """Of many versions the newest are shown, and the promoted one however old it is."""
    entries = _history([0.9] * 12)
    entries[1]["promoted"] = True
    page = opened(render_index({"evaluations": entries})).page
    shown = page.locator(".model > .scroll tr[data-key]")
    versions = shown.evaluate_all("all => all.map(e => e.dataset.key.split('/')[2])")
    assert versions == ["v12", "v11", "v10", "v9", "v8", "v7", "v2"]
    assert page.locator("details tr[data-key]").count() == 5
    assert page.locator("summary").inner_text() == "5 older"


def test_an_empty_store_and_hostile_names(opened: Any) -> None:
    """Nothing to show is said; names and messages are inert; checkpoints are percent-encoded."""
    assert "Nothing has been evaluated yet" in opened(render_index({"evaluations": []})).page.inner_text(
        "main"
    )
    evil = samples.entry(
        "m",
        "v",
        model_name=samples.HOSTILE[0] + "\u202e",
        key="evaluations/m/v/test/checkpoint=a b#/",
        checkpoint="a b#",
        failure={"code": "internal_error", "message": "<img src=x onerror=alert(1)>"},
    )
    data = render_index({"evaluations": [evil]})
    it = opened(data)
    assert it.complaints == []
    assert b"<script" not in data and b"<img" not in data and "\u202e" not in data.decode()
    assert (
        it.page.locator("tr[data-key] a").first.get_attribute("href")
        == "m/v/test/checkpoint=a%20b%23/report.html"
    )
