"""The threshold: the slider with its recommended points, these as a table, and the script's data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from templates.numbers import bound, count
from templates.points import Counts, Thresholds, thresholds

POINTS = {"best_f1": "Best F1", "youden_j": "Youden’s J", "least_cost": "Least cost"}
MEANINGS = {
    "best_f1": "the highest F1 of the positive label",
    "youden_j": "the largest true positive rate less false positive rate",
    "least_cost": "the least cost of both kinds of error",
}
TABLE_STEP = 100
"""Every how many of the 1,001 thresholds one is a row of the table."""


def operating_view(summary: Mapping[str, Any], paper: bool) -> dict[str, Any] | None:
    """What ``blocks/operating.j2`` shows: controls, so nothing on paper."""
    found = thresholds(summary)
    if found is None or paper:
        return None
    start = 0.5 if found.point is None else found.point
    costs = found.costs or {"false_positive": 1, "false_negative": 1}
    return {
        "value": bound(start),
        "shown": f"{start:.3f}",
        "in_force": "the labels as predicted" if found.point is None else f"threshold {bound(found.point)}",
        "positive": found.labels[found.positive],
        "points": [
            {
                "key": key,
                "name": name,
                "threshold": bound(point["threshold"]),
                "in_sample": point["in_sample"],
            }
            for key, name, point in _points(found)
        ],
        "in_sample": any(point["in_sample"] for _, _, point in _points(found)),
        "split": summary["dataset_split"],
        "costs": {key: bound(value) for key, value in costs.items()},
        "cost": count(found.stored.cost(costs)),
    }


def thresholds_view(summary: Mapping[str, Any], paper: bool = False) -> dict[str, Any] | None:
    """What ``blocks/thresholds.j2`` shows: the recommended points, and the counts from threshold 0 to 1.

    On paper the points stand among thresholds on either side of the one in force.
    """
    found = thresholds(summary)
    if found is None:
        return None
    force = {"name": "In force", "threshold": "none" if found.point is None else bound(found.point)}
    rows = [force | {"key": "", "why": "", "in_sample": False} | _row(found, found.stored)]
    rows += [
        {
            "key": key,
            "name": name,
            "threshold": bound(point["threshold"]),
            "why": MEANINGS.get(key, ""),
            "in_sample": point["in_sample"],
            "chosen_on": point["chosen_on"],
        }
        | _row(found, found.of(point))
        for key, name, point in _points(found)
    ]
    places = range(0, len(found.true_positive), TABLE_STEP)
    return {
        "rows": rows,
        "in_sample": any(row["in_sample"] for row in rows),
        "split": summary["dataset_split"],
        "costs": found.costs and {key: bound(value) for key, value in found.costs.items()},
        "positive": found.labels[found.positive],
        "around": _around(found, rows) if paper else [],
        "table": [{"threshold": bound(place / 1000)} | _row(found, found.at(place)) for place in places],
    }


AROUND = (-0.1, -0.05, 0.05, 0.1)
"""What paper shows on either side of the threshold in force."""


def _around(found: Thresholds, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The points and the neighbours of the one in force, by their thresholds; first what has none."""
    middle = 0.5 if found.point is None else found.point
    places = sorted({round(1000 * (middle + step)) for step in AROUND if 0 <= middle + step <= 1})
    taken = {row["threshold"] for row in rows}
    near = [
        {"threshold": bound(at / 1000), "name": "", "in_sample": False} | _row(found, found.at(at))
        for at in places
        if bound(at / 1000) not in taken
    ]
    return sorted([*rows, *near], key=_threshold)


def _threshold(row: Mapping[str, Any]) -> float:
    return -1.0 if row["threshold"] == "none" else float(row["threshold"])


def _points(found: Thresholds) -> list[tuple[str, str, Mapping[str, Any]]]:
    named = ((key, POINTS.get(key, key.replace("_", " "))) for key in found.recommended)
    return [(key, name, found.recommended[key]) for key, name in named if found.recommended[key] is not None]


def _row(found: Thresholds, counts: Counts) -> dict[str, Any]:
    return {
        "precision": counts.precision.shown(),
        "recall": counts.recall.shown(),
        "f1": counts.f1.shown(),
        "false_positive_rate": counts.false_positive_rate.shown(),
        "true_positive": count(counts.true_positive),
        "false_positive": count(counts.false_positive),
        "true_negative": count(counts.true_negative),
        "false_negative": count(counts.false_negative),
        "cost": count(counts.cost(found.costs)) if found.costs else "",
    }


def script_data(summary: Mapping[str, Any]) -> str:
    """What the script must know beyond what the page shows, as JSON that may stand inside a page."""
    found = thresholds(summary)
    data: dict[str, Any] = {}
    if found is not None:
        data = {
            "labels": found.labels,
            "positive": found.positive,
            "point": found.point,
            "stored": found.matrix,
            "weighted": found.weighted,
            "true_positive": found.true_positive,
            "false_positive": found.false_positive,
            "costs": found.costs,
            "least_cost": (found.recommended.get("least_cost") or {}).get("threshold"),
            "split": summary["dataset_split"],
        }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Inside a script element no name may end it, begin a comment, or be a line end of its own.
    return "".join(f"\\u{ord(each):04x}" if each in _UNSAFE else each for each in text)


_UNSAFE = frozenset("<>&\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
