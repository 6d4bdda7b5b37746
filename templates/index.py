"""``index.html``: every evaluation of a store on one page, what needs a person first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from templates.numbers import count, figure, moment, span
from templates.trend import trend_view
from templates.words import VERDICTS, plural, shorten, visible

_ROOT = "evaluations/"
_FIRST = ("failed", "fail")
"""What comes before the newest within a model."""
_URGENCY = ("failed", "fail", "inconclusive", "pass", "none")
MOST_ROWS = 6
"""The newest evaluations of a model, shown at once beside what is in force and what did not run."""
_STATUSES = {"failed": "did not run", "published": "published", "up_to_date": "up to date"}
_LONGEST_NAME, _LONGEST_TITLE = 60, 500
_WORDS = {**VERDICTS, "failed": ("Did not run", "!"), "none": ("No gate", "–")}


def render_page(index: Mapping[str, Any]) -> bytes:
    """The page as UTF-8 HTML; its links are relative to the folder ``evaluations/``."""
    from templates.page import page

    return page("index.html.j2", index_view(index), "tokens.css", "report.css", "index.css").encode("utf-8")


def index_view(index: Mapping[str, Any]) -> dict[str, Any]:
    """The context of ``index.html.j2``: models with their evaluations, the most urgent model first."""
    by_model: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in index.get("evaluations", ()):
        by_model[entry["model_id"]].append(entry)
    models = [_model(model_id, entries) for model_id, entries in by_model.items()]
    models.sort(key=lambda model: (_URGENCY.index(model["urgency"]), model["name"].casefold(), model["id"]))
    return {
        "models": models,
        "evaluations": sum(map(len, by_model.values())),
        "tally": _tally([model["state"] for model in models]),
        "others": _others(sum(model["others"] for model in models)),
        "night": _night(index.get("night")),
    }


def _others(failed: int) -> str:
    """What the count of models leaves out: attempts that failed at what is not in force."""
    words = f"{plural(failed, 'evaluation')} of other versions or splits did not run"
    return f"{count(failed)} {words}" if failed else ""


def _night(night: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The night that the index tells of, in words; None where it tells of none."""
    if not night:
        return None
    counts = night["counts"]
    return {
        "run": night["run"],
        "started": moment(night["started_at"]),
        "started_at": night["started_at"],
        "record": f"nightly/{quote(night['run'], safe='')}.json",
        "ended": _ended(night, sum(counts.values())),
        "failed": counts.get("failed", 0),
        "counts": [
            f"{count(counts[status])} {word}" for status, word in _STATUSES.items() if counts.get(status)
        ],
    }


def _ended(night: Mapping[str, Any], done: int) -> str:
    planned = night.get("planned")
    if night["finished_at"] is None:
        return "not finished when this page was made"
    if planned is not None and done < planned:
        return f"ended early, after {count(done)} of {count(planned)}"
    return "finished"


def _tally(states: list[str]) -> list[dict[str, Any]]:
    """How many models stand how, as their lines show it."""
    return [
        {"state": state, "word": _WORDS[state][0], "sign": _WORDS[state][1], "count": states.count(state)}
        for state in _URGENCY
        if state in states
    ]


def _model(model_id: str, entries: list[Mapping[str, Any]]) -> dict[str, Any]:
    newest = sorted(entries, key=_newest_first)
    every = [_row(entry) for entry in newest]
    # What stands now decides how urgent a model is: the promoted version, or else the newest one.
    in_force = [row for row in every if row["promoted"]] or every[:1]
    failed = [row for row in every if row["state"] == "failed"]
    recent = [row for row in every if row in (*every[:MOST_ROWS], *in_force, *failed)]
    name = next((entry["model_name"] for entry in newest if entry.get("model_name")), model_id)
    return {
        "id": model_id,
        "name": shorten(visible(name), _LONGEST_TITLE),
        "short": shorten(visible(name), _LONGEST_NAME),
        "rows": sorted(recent, key=_failures_first),
        "older": [row for row in every if row not in recent],
        "state": in_force[0]["state"],
        "urgency": min((row["state"] for row in in_force + failed), key=_URGENCY.index),
        "noun": plural(len(every), "evaluation"),
        "now": in_force[0],
        "others": sum(row is not in_force[0] for row in failed),
        "failed": next((row for row in failed if row is not in_force[0]), None),
        "trend": _trend(newest, in_force[0]["key"]),
    }


def _trend(newest: list[Mapping[str, Any]], key: str) -> dict[str, Any]:
    """The figure in force, over the versions that were evaluated on the same split and checkpoint."""
    now = next(entry for entry in newest if entry["key"] == key)
    alike = [entry for entry in newest if _place(entry) == _place(now) and entry.get("evaluation")]
    return trend_view(alike[::-1], now)


def _place(entry: Mapping[str, Any]) -> tuple[str, str | None]:
    return entry["dataset_split"], entry.get("checkpoint")


def _failures_first(row: Mapping[str, Any]) -> int:
    return _FIRST.index(row["state"]) if row["state"] in _FIRST else len(_FIRST)


def _newest_first(entry: Mapping[str, Any]) -> tuple[float, str]:
    return (-_time(entry.get("created_at")), entry["key"])


def _time(text: str | None) -> float:
    try:
        time = datetime.fromisoformat(text) if text else None
    except ValueError:
        time = None
    if time is None:
        return 0.0
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    failure = entry.get("failure")
    # An attempt that failed may leave an older evaluation in force, or none at all.
    published = bool(entry.get("evaluation"))
    state = "failed" if failure else entry.get("verdict") or "none"
    headline = entry.get("headline") or {}
    gates = entry.get("gates") or {}
    folder = quote(entry["key"].removeprefix(_ROOT), safe="/=")
    return {
        "key": entry["key"],
        "version": entry["version_id"],
        "promoted": bool(entry.get("promoted")),
        "split": entry["dataset_split"],
        "checkpoint": entry.get("checkpoint"),
        "created": moment(entry.get("created_at")),
        "created_at": entry.get("created_at"),
        "state": state,
        "word": _WORDS[state][0],
        "sign": _WORDS[state][1],
        "gates": _gates(gates),
        "verdict_word": _WORDS[entry.get("verdict") or "none"][0] if published else "",
        "report": f"{folder}report.html" if published else None,
        "pdf": f"{folder}report.pdf" if published else None,
        "weighted_f1": _figure(headline, "weighted_f1"),
        "accuracy": _figure(headline, "accuracy"),
        "examples": count(entry.get("examples") if published else None),
        "warnings": count(entry.get("warnings") if published else None),
        "failure": failure,
        "failed_at": (failure or {}).get("at"),
        "failed_on": moment((failure or {}).get("at")),
    }


def _gates(gates: Mapping[str, int]) -> str:
    total = sum(gates.values())
    return f"{gates.get('pass', 0)} of {total} {plural(total, 'gate')} met" if total else ""


def _figure(headline: Mapping[str, Any], name: str) -> dict[str, str]:
    interval = headline.get(f"{name}_interval")
    return {"value": figure(headline.get(name), interval), "interval": span(interval)}
