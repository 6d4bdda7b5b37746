"""Everyone can read it: with other eyes, other hands, a small screen, no network and no script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest

from templates.html import render
from tests.browser.conftest import Summary
from tests.browsers import Open
from tests.templates import samples

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RUN = """async () => (await axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })).violations
    .map(each => [each.impact, each.id, each.nodes.slice(0, 3).map(node => node.html.slice(0, 160))])"""

Case = Callable[[pytest.FixtureRequest], Summary]
CASES: dict[str, Case] = {
    "binary": lambda request: request.getfixturevalue("binary"),
    "ten labels": lambda request: request.getfixturevalue("ten"),
    "sixty labels": lambda request: request.getfixturevalue("sixty"),
    "hostile": lambda _: samples.hostile(),
}


def serious(page: Any) -> list[Any]:
    """What axe-core finds that keeps someone out."""
    page.evaluate(AXE)
    return [each for each in page.evaluate(RUN) if each[0] in ("serious", "critical")]


@pytest.mark.parametrize(
    ("case", "scheme"),
    [
        ("binary", "light"),
        ("binary", "dark"),
        ("ten labels", "dark"),
        ("sixty labels", "light"),
        ("hostile", "light"),
    ],
)
def test_axe_has_no_serious_finding(
    request: pytest.FixtureRequest, opened: Open, case: str, scheme: str
) -> None:
    """WCAG 2.2 AA by axe-core, on light and on dark, with everything unfolded."""
    it = opened(render(CASES[case](request)), width=1280 if scheme == "light" else 380, scheme=scheme)
    it.page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert serious(it.page) == []


def test_axe_has_no_serious_finding_while_it_is_used(opened: Open, binary: Summary) -> None:
    """Nor with a cell chosen, a table sorted, shares instead of counts and the threshold moved."""
    page = opened(render(binary)).page
    page.locator("#confusion-matrix td[data-count]").nth(1).click()
    page.locator("#per-class thead button").nth(2).click()
    page.check("#matrix-mode")
    page.locator("#recommended button").first.click()
    assert serious(page) == []


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("width", [380, 1280])
@pytest.mark.parametrize("case", CASES)
def test_it_opens_offline_at_any_width(
    request: pytest.FixtureRequest, opened: Open, case: str, width: int, javascript: bool
) -> None:
    """No error, no request, no sideways scrolling; every table, picture and sentence is there without a script."""
    it = opened(render(CASES[case](request)), width=width, javascript=javascript)
    assert it.complaints == []
    assert [url for url in it.requests if not url.startswith(("file:", "data:"))] == []
    assert it.page.evaluate("document.documentElement.scrollWidth") <= width
    for hook in ("#verdict[data-verdict]", "#split a", "#checkpoint a", "#per-class tbody tr[data-label]"):
        assert it.page.locator(hook).first.is_visible(), hook
    if not javascript:
        assert it.page.locator(".needs-script:visible, .sort").count() == 0


@pytest.mark.parametrize("case", ["binary", "ten labels"])
def test_everything_can_be_reached_and_seen_with_the_tab_key(
    request: pytest.FixtureRequest, opened: Open, case: str
) -> None:
    """Tab visits every control once, each with an outline and a target of 24 pixels, none behind the slider."""
    page = opened(render(CASES[case](request))).page
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    controls = "a[href], button, input, summary, [tabindex='0']"
    wanted = page.locator(controls).locator("visible=true").count()
    page.evaluate(
        "what => document.querySelectorAll(what).forEach((each, i) => { each.dataset.n = i; })", controls
    )
    seen = []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                """() => {
                    const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at);
                    const x = box.left + Math.min(box.width / 2, 40);
                    const y = (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2;
                    const top = document.elementFromPoint(x, y);
                    return { outline: style.outlineStyle !== "none", tag: at.tagName, hidden:
                        !(top && (at.contains(top) || top.contains(at))), n: at.dataset.n,
                        text: at.outerHTML.slice(0, 90), high: box.height };
                }"""
            )
        )
    assert [each["text"] for each in seen if not each["outline"]] == []
    assert [each["text"] for each in seen if each["hidden"]] == []
    assert [each for each in seen if each["tag"] in ("BUTTON", "INPUT") and each["high"] < 20] == []
    assert len({each["n"] for each in seen}) == wanted


def test_nothing_moves_for_who_asked_for_rest(opened: Open, binary: Summary) -> None:
    """prefers-reduced-motion leaves no transition."""
    page = opened(render(binary), motion="reduce").page
    lasting = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter(each =>
            getComputedStyle(each).transitionDuration.split(", ").some(time => time !== "0s")).length"""
    )
    assert lasting == 0


def test_dark_is_dark(opened: Open, binary: Summary) -> None:
    """prefers-color-scheme turns ground and ink, in the charts too."""
    grounds = [
        opened(render(binary), scheme=scheme).page.evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    ]
    assert grounds == ["rgb(255, 255, 255)", "rgb(15, 21, 28)"]


def test_every_picture_has_words_and_a_table(opened: Open, binary: Summary) -> None:
    """A chart has a title that says what it shows, and its section a table with the numbers."""
    page = opened(render(binary)).page
    charts = page.locator("svg[role=img]").all()
    assert len(charts) == 4
    for each in charts:
        assert len(each.locator("title").text_content()) > 20
    for section in ("#histogram", "#calibration", "#thresholds"):
        assert page.locator(f"{section} table").count() > 0
    assert page.locator("#curves a[href='#thresholds']").count() == 1
