"""The first screen: what was evaluated and at which threshold, the verdict with its gates, main figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from templates import charts
from templates.comparison import changed
from templates.labels import Reasons, reasons
from templates.numbers import bound, count, digits_at, figure, moment, raw, span
from templates.words import VERDICTS, listing, metric, names_in, plural, requirement, shorten, visible

MAIN = ("weighted_f1", "accuracy", "macro_f1", "balanced_accuracy", "majority_share")
_JUDGED = frozenset(MAIN) - {"majority_share"}  # what the model can change
_LONGEST_NAME = 500
"""Letters of a model's name in its title; all of them are in summary.json."""
_BAD_FIRST = ("fail", "inconclusive", "pass")


def head_view(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What ``blocks/head.j2`` shows."""
    name = summary.get("model_name") or summary["model_id"]
    what_if = _what_if(summary)
    title = f"{shorten(visible(name), 80)} · {summary['version_id']} · {summary['dataset_split']}"
    return {
        "name": shorten(visible(name), _LONGEST_NAME),
        "model_id": summary["model_id"],
        "version": summary["version_id"],
        "split": summary["dataset_split"],
        "checkpoint": summary.get("checkpoint"),
        "threshold": _threshold(summary),
        "what_if": what_if,
        "examples": count(summary["examples"]),
        "example_noun": plural(summary["examples"], "row"),
        "elements": None
        if summary.get("elements") in (None, summary["examples"])
        else count(summary["elements"]),
        "labels": count(len(summary["labels"])),
        "label_noun": plural(len(summary["labels"]), "label"),
        "created": moment(summary.get("created_at")),
        "created_at": summary.get("created_at"),
        "short": shorten(visible(name), 60),
        "title": f"{what_if} · {title}" if what_if else title,
        "baseline": (summary.get("comparison") or {}).get("baseline_version"),
        "splits": _splits(summary),
        "checkpoints": _checkpoints(summary),
    }


def _threshold(summary: Mapping[str, Any]) -> str | None:
    """The operating point; nothing for a model without scores."""
    if "thresholds" not in summary:
        return None
    point = summary["thresholds"].get("operating_point")
    return "none, labels as predicted" if point is None else bound(point)


def _what_if(summary: Mapping[str, Any]) -> str | None:
    """What an evaluation supposes that is not in the settings; nothing for one that is in force."""
    supposed = summary.get("what_if")
    if not supposed:
        return None
    parts = [_SUPPOSED.get(key, key + " {}").format(_plainly(each)) for key, each in supposed.items()]
    return f"What-if {listing(parts)}"


_SUPPOSED = {"threshold": "at threshold {}", "baseline": "with baseline {}"}


def _plainly(value: Any) -> str:
    if isinstance(value, int | float):
        return bound(value)
    return "none" if value is None else shorten(visible(value), 60)


def _splits(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A link for each split: to the same checkpoint where the split has it, else to the split's first."""
    here, checkpoint = summary["dataset_split"], summary.get("checkpoint")
    found: dict[str, list[str | None]] = {here: [checkpoint]}
    for each in summary.get("splits", ()):
        found.setdefault(each["dataset_split"], []).append(each.get("checkpoint"))
    return [
        {
            "text": split,
            "here": split == here,
            "link": _link(summary, split, checkpoint if checkpoint in names else sorted(names, key=str)[0]),
        }
        for split, names in sorted(found.items())
    ]


def _checkpoints(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    here, checkpoint = summary["dataset_split"], summary.get("checkpoint")
    found = {each.get("checkpoint") for each in summary.get("splits", ()) if each["dataset_split"] == here}
    return [
        {"text": name or "default", "here": name == checkpoint, "link": _link(summary, here, name)}
        for name in sorted(found | {checkpoint}, key=lambda name: name or "")
    ]


def _link(summary: Mapping[str, Any], split: str, checkpoint: str | None) -> str:
    # Wherever the report was put, it stands beside itself.
    if (split, checkpoint) == (summary["dataset_split"], summary.get("checkpoint")):
        return "report.html"
    up = "../../" if summary.get("checkpoint") else "../"
    below = f"checkpoint={quote(checkpoint, safe='')}/" if checkpoint else ""
    return f"{up}{quote(split, safe='')}/{below}report.html"


def verdict_view(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What ``blocks/verdict.j2`` shows; gates that stand in the way come first."""
    gates = sorted(summary.get("gates", ()), key=lambda gate: _BAD_FIRST.index(gate["status"]))
    word, sign = VERDICTS[summary["verdict"]]
    return {
        "verdict": summary["verdict"],
        "word": word,
        "sign": sign,
        "sentence": _sentence([gate["status"] for gate in gates]),
        "gates": [_gate(gate) for gate in gates],
    }


def _sentence(statuses: list[str]) -> str:
    if not statuses:
        return "Nothing decides about this evaluation: the model’s settings name no gate."
    if len(statuses) == 1:
        return f"The gate {_STATUS_VERBS[statuses[0]][0]}."
    if len(set(statuses)) == 1:
        return f"All {len(statuses)} gates {_STATUS_VERBS[statuses[0]][1]}."
    parts = [
        f"{statuses.count(status)} {plural(statuses.count(status), *forms)}"
        for status, forms in _STATUS_VERBS.items()
        if status in statuses
    ]
    return f"Of {len(statuses)} gates, {listing(parts)}."


_STATUS_VERBS = {
    "fail": ("fails", "fail"),
    "inconclusive": ("is inconclusive", "are inconclusive"),
    "pass": ("is met", "are met"),
}


def _gate(gate: Mapping[str, Any]) -> dict[str, Any]:
    word, sign = VERDICTS[gate["status"]]
    value, interval = gate.get("value"), gate.get("interval")
    counted = gate["metric"] == "warnings"
    side = gate["min"] if gate.get("min") is not None else gate.get("max")
    decimals = None if side is None else digits_at(side, value, interval)
    # What passes a bound of its own is explained by its figure, its interval and the bound.
    plain = gate["status"] == "pass" and side is not None and "slice_value" not in gate
    return {
        "metric": requirement(visible(gate["metric"])),
        "bound": _bound(gate),
        "value": raw(value) if counted and value is not None else figure(value, interval, decimals),
        "interval": span(interval, decimals),
        "status": gate["status"],
        "word": word,
        "sign": sign,
        "reason": "" if plain else gate.get("reason") or "",
        "names": [*names_in(gate["metric"]), gate.get("slice_value")],
    }


def _bound(gate: Mapping[str, Any]) -> str:
    for key, text in (("min", "at least"), ("max", "at most"), ("max_drop", "drop of at most")):
        if gate.get(key) is not None:
            return f"{text} {bound(gate[key])}"
    return ""


def figures_view(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The main figures, each with its interval and a bar."""
    overall, why = summary["overall"], reasons(summary)
    deltas = (summary.get("comparison") or {}).get("overall") or {}
    return [
        {
            **_overall(name, overall, why),
            "note": _NOTES.get(name, ""),
            "change": changed(name, deltas.get(name)) if name in _JUDGED else None,
        }
        for name in MAIN
        if name in overall
    ]


_NOTES = {
    "majority_share": "the baseline to beat: always answer the most frequent label",
    "weighted_f1": "labels weighted by support",
    "accuracy": "share of all that is right",
    "macro_f1": "every label counts alike",
    "balanced_accuracy": "mean recall of the labels",
}


def overall_view(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every overall figure."""
    overall, why = summary["overall"], reasons(summary)
    names = [name for name in overall if not name.endswith("_interval")]
    return [_overall(name, overall, why) for name in names if not isinstance(overall[name], list)]


def _overall(name: str, overall: Mapping[str, Any], why: Reasons) -> dict[str, Any]:
    value, interval = overall[name], overall.get(f"{name}_interval")
    return {
        "key": name,
        "name": metric(name),
        "value": figure(value, interval),
        "interval": span(interval),
        "bar": charts.bar(value, interval),
        "reason": why.get((name, None), "not defined") if value is None else "",
    }
