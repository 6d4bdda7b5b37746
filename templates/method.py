"""How the figures were computed: settings, inputs, interval methods, what was left out."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from templates.head import MAIN
from templates.labels import COLUMNS
from templates.numbers import bound, count, moment, size
from templates.words import listing, meaning, method, metric, shorten

MOST_INPUTS = 20
LONGEST_SETTING = 400

_SKIPPED = {
    "duplicate_ids": "rows after the first of their id",
    "missing_ground_truth": "rows without an actual label",
    "missing_predictions": "rows without a prediction",
    "unmatched_ground_truth": "actual labels without a row",
}


def method_view(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What ``blocks/method.j2`` shows."""
    inputs = summary.get("inputs") or []
    return {
        "definitions": _definitions(summary["overall"]),
        "methods": _methods(summary.get("interval_methods") or {}),
        "settings": _settings(summary),
        "inputs": [_input(each) for each in inputs[:MOST_INPUTS]],
        "more_inputs": max(0, len(inputs) - MOST_INPUTS),
        "input_files": len(inputs),
        "input_bytes": size(sum(each.get("bytes") or 0 for each in inputs)),
        "skipped": _skipped(summary.get("skipped") or {}),
        "digest": summary.get("evaluation") or "",
        "created": moment(summary["created_at"]) if summary.get("created_at") else "",
    }


def _definitions(overall: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the figures of the first screen and of the table of labels say."""
    names = [*COLUMNS, "support", *(name for name in MAIN if name in overall)]
    return [*((metric(name), meaning(name)) for name in names if meaning(name)), _UNDEFINED]


_UNDEFINED = ("Undefined", "A figure of the form 0/0. It is shown as a dash with its reason and never as 0.")


def _methods(methods: Mapping[str, str]) -> list[tuple[str, str]]:
    """Each method with the figures that it serves."""
    served: dict[str, list[str]] = defaultdict(list)
    for name, how in methods.items():
        served[how].append(metric(name))
    return [(_title(method(name)), _title(listing(figures))) for name, figures in served.items()]


def _settings(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    settings = dict(summary.get("settings") or {})
    labels = settings.pop("labels", None)
    # The gates stand at the top of the report, and the name is its title.
    for key in ("gates", "name"):
        settings.pop(key, None)
    settings["labels"] = "those that occur" if labels is None else f"{len(labels):,} given"
    settings["operating_point"] = (summary.get("thresholds") or {}).get("operating_point")
    unset = [_title(key).lower() for key, value in settings.items() if value in (None, [], {})]
    shown = [(_title(key), _value(value)) for key, value in settings.items() if value not in (None, [], {})]
    if unset:
        shown.append(("Not set", ", ".join(unset)))
    return [(key, shorten(value, LONGEST_SETTING)) for key, value in shown]


def _title(key: str) -> str:
    plain = key.replace("_", " ")
    return plain[:1].upper() + plain[1:]


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_value(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    if isinstance(value, float):
        return bound(value)
    return value if isinstance(value, str) else json.dumps(value)


def _input(found: Mapping[str, Any]) -> dict[str, str]:
    return {
        "key": found["key"],
        "role": found.get("role", "").replace("_", " "),
        "rows": count(found.get("rows")),
        "size": size(found.get("bytes")),
        "etag": str(found.get("etag") or "").strip('"'),
    }


def _skipped(skipped: Mapping[str, int]) -> str:
    parts = [f"{count(number)} {_SKIPPED.get(key, key)}" for key, number in skipped.items() if number]
    if not parts:
        return "No row was left out."
    return f"Left out: {listing(parts)}."
