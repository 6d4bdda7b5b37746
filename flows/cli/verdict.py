"""An evaluation's result as a few lines of text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.cli.session import Session
from flows.cli.text import figure, table
from flows.local import LOCAL
from flows.terminal import safe

_FIGURES = ("weighted_f1", "accuracy", "balanced_accuracy", "macro_f1")
_SAID = {
    "published": "published",
    "up_to_date": "up to date",
    "what_if": "a what-if, the store is as it was",
}


def print_verdict(
    session: Session, document: Mapping[str, Any], status: str | None = None, output: str | None = None
) -> None:
    """The verdict with its gates, the main figures, the warnings, and where the reports are."""
    said = f" ({_SAID[status]})" if status in _SAID else ""
    session.say(f"{safe(_name(document))}{said}")
    session.say(f"verdict: {document['verdict']}, {document['examples']:,} rows")
    session.say()
    overall = document["overall"]
    rows = [(name, figure(overall.get(name), overall.get(f"{name}_interval"))) for name in _FIGURES]
    session.say(table(("metric", "value [95 %]"), rows))
    _print_gates(session, document["gates"])
    _print_warnings(session, document["warnings"])
    session.say()
    for place in _places(session, document, status, output):
        session.say(place)


def _name(document: Mapping[str, Any]) -> str:
    """``Customer churn: mdl-7f v1 test``; ids that files have for want of others are not said."""
    checkpoint = f" checkpoint {document['checkpoint']}" if document["checkpoint"] else ""
    title = document["model_name"]
    names = " ".join(each for each in (document["model_id"], document["version_id"]) if each != LOCAL)
    if names:
        title = names if title == document["model_id"] else f"{title}: {names}"
    return f"{title} {document['dataset_split']}{checkpoint}"


def _print_gates(session: Session, gates: list[Mapping[str, Any]]) -> None:
    if gates:
        session.say()
        rows = [(gate["status"], gate["metric"], gate["reason"]) for gate in gates]
        session.say(table(("gate", "metric", "why"), rows))


def _print_warnings(session: Session, warnings: list[Mapping[str, Any]]) -> None:
    if warnings:
        session.say()
        rows = [(each["severity"], each["code"], each["message"]) for each in warnings]
        session.say(table(("severity", "warning", "what"), rows))


def _places(
    session: Session, document: Mapping[str, Any], status: str | None, output: str | None
) -> list[str]:
    from infra.entries import target_of
    from infra.layout import evaluation_folder

    names = sorted(document.get("artifacts", {}))
    places = []
    if status in ("published", "up_to_date", None):
        folder = evaluation_folder(target_of(dict(document)))
        places = [f"{session.store().url}/{folder}{name}" for name in names if name.startswith("report.")]
    return [*places, *([f"{output}/report.html", f"{output}/report.pdf"] if output else [])]
