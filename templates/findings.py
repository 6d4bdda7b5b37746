"""Warnings and findings: the most severe first, many of one kind as one item."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from templates.labels import weakest
from templates.numbers import count
from templates.slices import gap_view
from templates.words import SEVERITIES, sentence

MOST_ATTENTION = 3
MOST_OF_A_KIND = 5
"""Above this many, findings of one code are one item that shows as many of the worst and folds the rest."""
MOST_FOLDED = 200
"""The most findings of one code that a page has, folded ones too."""

# Checks that go label by label report in the order of the labels; of these the worst is known by its support.
_FEW_ARE_WORST = ("low_support", "perfect_on_few")
_MANY_ARE_WORST = ("never_predicted_class",)

Finding = Mapping[str, Any]


def warnings_view(summary: Mapping[str, Any], most: int = MOST_OF_A_KIND) -> list[dict[str, Any]]:
    """What ``blocks/warnings.j2`` shows: single findings, and one item for each code that has many.

    Such an item has the worst, and ``folded`` what else there is up to ``most`` of the code.
    """
    by_code: dict[str, list[Finding]] = defaultdict(list)
    for each in summary.get("warnings", ()):
        by_code[each["code"]].append(each)
    items = []
    for found in by_code.values():
        several = len(found) > MOST_OF_A_KIND
        items += [_several(found, summary, most)] if several else [_single(each) for each in found]
    return sorted(items, key=lambda item: _SEVERE_FIRST.index(item["severity"]))


_SEVERE_FIRST = list(SEVERITIES)


def _single(found: Finding) -> dict[str, Any]:
    label = found.get("label")
    return {
        "code": found["code"],
        "severity": found["severity"],
        "word": SEVERITIES[found["severity"]],
        "label": label,
        "message": sentence(found["message"], label),
        "advice": sentence(found.get("advice", ""), label),
        "many": None,
    }


def _several(found: Sequence[Finding], summary: Mapping[str, Any], most: int) -> dict[str, Any]:
    worst = sorted(found, key=lambda each: _badness(each, summary))[:most]
    shown = [_single(each) for each in worst]
    rest = len(found) - len(shown)
    return shown[0] | {
        "many": count(len(found)),
        "kind": shown[0]["code"].replace("_", " "),
        "worst": shown[:MOST_OF_A_KIND],
        "folded": shown[MOST_OF_A_KIND:],
        "rest": count(rest) if rest else "",
        "members": len(found),
    }


def _badness(found: Finding, summary: Mapping[str, Any]) -> tuple[int, float]:
    """What a finding is sorted by, worst lowest; equals stay in the order they were found in."""
    support = summary["per_class_metrics"].get(found.get("label"), {}).get("support", 0)
    sign = 1 if found["code"] in _FEW_ARE_WORST else -1 if found["code"] in _MANY_ARE_WORST else 0
    return _SEVERE_FIRST.index(found["severity"]), sign * support


def attention_view(summary: Mapping[str, Any], confusions: Mapping[str, Any] | None) -> dict[str, Any]:
    """What ``blocks/attention.j2`` shows: the worst findings, then where there is most to gain.

    That is the weakest label, the confusion whose mending would gain most, and the widest gap between slices
    where it is no accident.
    """
    items = warnings_view(summary)
    urgent = [item for item in items if item["severity"] != "info"][:MOST_ATTENTION]
    every = len(summary.get("warnings", ()))
    return {
        "warnings": urgent,
        "more": count(every - sum(item.get("members", 1) for item in urgent)),
        "all": count(every),
        "weakest": weakest(summary),
        "mend": confusions and confusions["best"],
        "gap": _widest_gap(summary),
    }


def _widest_gap(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """The first gap whose interval leaves out 0."""
    gaps = (gap_view(gap) for gap in (summary.get("slices") or {}).get("widest_gaps") or ())
    return next((gap for gap in gaps if gap["sure"]), None)
