"""``summary.md``: what a comment on a pull request shows."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt

from templates.summary_md import LONGEST
from templates.summary_md import render as summary_md
from tests.templates import samples

_ALLOWED = {
    *("h2", "h3", "p", "strong", "em", "code", "ul", "li", "blockquote", "bdi"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_EVIL = "@octocat #12 :tada: https://a.example www.b.example [x](y) `c` **d** | <e> ![f](g) $h$ ~~i~~ \\ \u202e\u0000"


class _Read(HTMLParser):
    """The elements and the text that a reader of the page gets; tables as lists of rows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.tables: list[list[list[str]]] = []
        self._in_cell = False
        self.feed(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.add(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_cell:
            self.tables[-1][-1][-1] += data


def _read(summary: dict[str, Any]) -> _Read:
    return _Read(summary_md(summary).decode())


def _table(read: _Read, first: str) -> list[list[str]]:
    return next(rows for rows in read.tables if rows[0][0] == first)


def test_it_has_what_decides() -> None:
    """Verdict, gates, figures with intervals, findings, matrix, labels, confusions and digest, of one summary."""
    summary = samples.ten()
    read = _read(summary)
    assert read.text.startswith("✕ Fail: Object recognition, warehouse cameras")
    gates = _table(read, "Gate")
    assert gates[1][:2] == ["Recall of cat", "✕ Fail"]
    assert [row[1] for row in gates[1:]] == ["✕ Fail", "? Inconclusive", "✓ Pass", "✓ Pass"]
    assert _table(read, "Figure")[1] == ["Weighted F1", "0.845", "0.837–0.853"]
    assert _table(read, "Label")[1][0] == "deer"
    assert _table(read, "Actual")[1] == ["cat", "dog", "214", "13.4%", "17.6%", "+0.0274"]
    for part in ("dog gets 31% of all errors.", "confused_pair", summary["evaluation"][:16], "epoch-12"):
        assert part in read.text


def test_the_matrix_is_the_matrix() -> None:
    """Rows are actual, columns predicted, with their sums; above a dozen labels it is in the report."""
    matrix = _table(_read(samples.churn()), "Actual ↓ Predicted →")
    assert matrix[1:] == [
        ["not_churned", "9,120", "380", "9,500"],
        ["churned", "270", "4,230", "4,500"],
        ["All", "9,390", "4,610", "14,000"],
    ]
    many = _read(samples.many(13))
    assert [rows[0][0] for rows in many.tables] == ["Figure", "Label", "Actual"]
    assert "The matrix of 13 labels is in the report." in many.text


def test_a_change_stands_beside_its_figure() -> None:
    """Against a baseline each figure has its change with the interval; without one there is no column."""
    moved = {"accuracy": {"baseline": 0.96, "delta": -0.0064, "delta_interval": [-0.012, -0.001]}}
    compared = {"baseline_version": "ver_0", "overall": moved, "per_class_metrics": {}}
    read = _read(samples.churn(comparison=compared))
    changes = {row[0]: row[3:] for row in _table(read, "Figure")}
    assert changes["Figure"] == ["Change", "95 % interval", ""]
    assert changes["Accuracy"] == ["−0.006", "−0.012 to −0.001", "▼ worse"]
    assert changes["Macro F1"] == ["–", "–", ""]
    assert "against version ver_0" in read.text
    assert _table(_read(samples.churn()), "Figure")[0] == ["Figure", "Value", "95 % interval"]
    nothing = {"baseline_version": "ver_0", "reason": "it has no predictions for the split"}
    assert "Not compared with version ver_0: it has no" in _read(samples.churn(comparison=nothing)).text


@pytest.mark.parametrize("name", [*samples.HOSTILE, _EVIL])
def test_a_name_is_text_and_nothing_else(name: str) -> None:
    """Whatever a name holds, the page has the elements it always has, and shows the name's letters."""
    summary = samples.summary([[5, 2], [1, 9]], [name, "other"], model_name=name)
    summary["warnings"] = [samples.warning("low_support", "warning", f"Only 7 rows are {name}.", name)]
    summary["gates"] = [samples.gate(f"recall[{name}]", "fail", None, None, min=0.5)]
    text = summary_md(summary).decode()
    read = _Read(text)
    assert read.tags <= _ALLOWED
    assert [rows[0][0] for rows in read.tables] == [
        "Gate",
        "Figure",
        "Actual ↓ Predicted →",
        "Label",
        "Actual",
    ]
    assert [{len(row) for row in rows} for rows in read.tables] == [{6}, {3}, {4}, {6}, {6}]
    shown = re.sub("[\u0000-\u001f\u202e]", "\ufffd", name)[:38].rstrip()
    assert _table(read, "Label")[1][0].startswith(shown) or _table(read, "Label")[2][0].startswith(shown)
    assert not re.search("[\u0000-\u0009\u000b-\u001f\u202a-\u202e\u2066-\u2069]", text)


def test_a_site_finds_nothing_to_act_on() -> None:
    """Mentions, issue numbers, emoji and addresses in names stay what they are: no one is notified."""
    text = summary_md(samples.churn(model_name=_EVIL)).decode()
    for acted_on in ("@octocat", "#12", ":tada", "://a", "www.b"):
        assert acted_on not in text
    assert "@octocat #12 :tada: https://a.example www.b.example" in _Read(text).text


def test_a_name_from_right_to_left_is_isolated() -> None:
    """It keeps its direction to itself; other names stay as they read."""
    text = summary_md(samples.hostile()).decode()
    assert "<bdi>قطة</bdi>" in text
    assert text.count("<bdi>") == text.count("<bdi>قطة</bdi>")


def test_it_always_fits_a_comment() -> None:
    """A thousand labels, names that grow when escaped, gates without end: whole lines, below the bound."""
    evil = [f"{i}{'@a' * 99}" for i in range(12)]
    huge = samples.summary(samples.spread(12, 900), evil, model_name="@a" * 900)
    huge["gates"] = [samples.gate(f"recall[{each}]", "fail", None, None, min=0.5) for each in evil * 99]
    for each in huge["gates"]:
        each["reason"] = "@a" * 999
    for each in huge["gates"]:
        each["reason"] = "@a" * 999
    huge["warnings"] = [samples.warning(f"c{i}", "info", "@a" * 999) for i in range(99)]
    for summary in (samples.warned(1000), huge | {"gates": []}, huge):
        text = summary_md(summary).decode()
        assert len(text) < LONGEST
        assert _Read(text).tags <= _ALLOWED
    assert "it is in the report" in text
    assert "What else there is" not in summary_md(samples.warned(1000)).decode()


@pytest.mark.parametrize(("gates", "said"), [(31, "And 1 more gate, in"), (32, "And 2 more gates, in")])
def test_gates_beyond_the_table_are_counted(gates: int, said: str) -> None:
    """Thirty gates are listed, and how many more there are is good English."""
    found = [samples.gate("accuracy", "pass", 0.95, None, min=0.9)] * gates
    assert said in summary_md(samples.churn(gates=found)).decode()


def test_odd_summaries() -> None:
    """Undefined figures have their reason, one label and no errors are said, a what-if is marked."""
    read = _read(samples.tiny())
    assert [row[0] for row in _table(read, "Label")[1:]] == ["no", "yes"]
    assert "The 2 of 3 labels with the lowest F1" in read.text
    lone = _read(samples.summary([[7]], ["only"], evaluation=None, created_at=None, model_name=None))
    assert "7 of 7 rows (100.0%) are right" in lone.text
    assert "without a digest" in lone.text
    assert "mdl-7f3a19bc92" in lone.text
    supposed = samples.churn(what_if={"threshold": 0.3}, thresholds={"operating_point": 0.3})
    assert "What-if at threshold 0.3: not the evaluation in force" in _read(supposed).text


def test_it_ends_with_where_the_rest_is() -> None:
    """The closing line is the last, below warnings; brackets around a share are plain ones."""
    text = summary_md(samples.ten()).decode()
    assert text.rstrip().splitlines()[-1].startswith("Evaluation `")
    assert "\\(" not in text
