"""What is told of evaluations: a line for the log, and events on Prefect's API for whoever wants notice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from evalcore.errors import AssayError
from flows import events
from flows.cli.text import figure, verdict
from flows.events import Event
from flows.prefect_api import api_url
from flows.progress import warn
from flows.terminal import safe
from infra.layout import evaluation_folder
from infra.storage import link

if TYPE_CHECKING:
    from flows.outcome import Outcome

_FIGURES = 2


def said(outcome: Outcome) -> str:
    """An outcome as a line of the log."""
    request = outcome.request
    name = " ".join(part for part in (request.model_id, request.version_id, request.dataset_split) if part)
    if outcome.error:
        return f"{name}: error[{outcome.error.code}]: {outcome.error}"
    said = verdict(outcome.verdict, outcome.failed_gate)
    return f"{name}: {outcome.status}, verdict {said} ({outcome.seconds:.1f} s)"


def facts(outcome: Outcome) -> dict[str, Any]:
    """An outcome as facts of a log record."""
    return {
        **_names(outcome),
        "status": outcome.status,
        "verdict": outcome.verdict,
        "error": _error(outcome),
        "seconds": round(outcome.seconds, 3),
    }


def give_notice(url: str, outcomes: Iterable[Outcome]) -> None:
    """Send the events of some outcomes to Prefect's API, where one is named.

    That they cannot be sent is logged and no error: the evaluations are what they are.
    """
    happened = [event for outcome in outcomes for event in events_of(url, outcome)]
    if not happened or api_url() is None:
        return
    try:
        events.send(happened)
    except AssayError as error:
        names = ", ".join(sorted({event.resource["prefect.resource.name"] for event in happened})[:5])
        warn(f"no notice could be given of {names}: {error}")


def events_of(url: str, outcome: Outcome) -> list[Event]:
    """The events of one outcome in the store at ``url``."""
    names = []
    if outcome.status == "failed":
        names.append(events.FAILED)
    if outcome.status == "published":
        names.append(events.PUBLISHED)
    if outcome.recovered:
        names.append(events.RECOVERED)
    payload = _payload(url, outcome) if names else {}
    return [Event(name, _resource(outcome), payload) for name in names]


def _names(outcome: Outcome) -> dict[str, str | None]:
    """With the version where it was found out only on the way."""
    found = {"version_id": outcome.target.version_id} if outcome.target else {}
    return {**outcome.request.names(), **found}


def _error(outcome: Outcome) -> dict[str, str] | None:
    error = outcome.error
    return {"code": error.code, "message": str(error)} if error else None


def _resource(outcome: Outcome) -> dict[str, str]:
    """What an event is of. Automations can be limited to its labels, but not to what the payload says."""
    names = _names(outcome)
    parts = [
        str(names[name] or "promoted") for name in ("model_id", "version_id", "dataset_split", "checkpoint")
    ]
    parts = parts if outcome.request.checkpoint else parts[:3]
    labels = {
        "model_id": names["model_id"],
        "version_id": names["version_id"],
        "dataset_split": names["dataset_split"],
        "verdict": outcome.verdict,
        "error": outcome.error.code if outcome.error else None,
    }
    return {
        "prefect.resource.id": ".".join(["assay.evaluation", *parts]),
        "prefect.resource.name": " ".join(parts),
        **{f"assay.{name}": value for name, value in labels.items() if value is not None},
    }


def _payload(url: str, outcome: Outcome) -> dict[str, Any]:
    """What an event says: names, verdict, headline figures, the report's key, and all that as one text."""
    entry: Mapping[str, Any] = (outcome.change if outcome.status != "failed" else None) or {}
    known = ("model_name", "headline", "examples", "gates", "warnings", "evaluation")
    report = f"{evaluation_folder(outcome.target)}report.html" if entry and outcome.target else None
    return {
        **_names(outcome),
        "verdict": outcome.verdict,
        **{name: entry.get(name) for name in known},
        "report": report,
        "report_url": link(url, report) if report else None,
        "store": url,
        "error": _error(outcome),
        "text": _text(outcome, entry),
    }


def _text(outcome: Outcome, entry: Mapping[str, Any]) -> str:
    """``Customer churn, churn v7 test: fail, weighted F1 0.871 [0.864, 0.878], …, 14,000 rows``."""
    name = _resource(outcome)["prefect.resource.name"]
    if outcome.error:
        return safe(f"{name}: error[{outcome.error.code}]: {outcome.error}")
    title = entry.get("model_name") or outcome.request.model_id
    name = name if title == outcome.request.model_id else f"{title}, {name}"
    return safe(f"{name}: {outcome.verdict}, {', '.join(figures(entry))}")


def figures(entry: Mapping[str, Any]) -> list[str]:
    """The headline of an entry of the index in words: its first figures with intervals, and the rows."""
    headline = entry.get("headline") or {}
    names = [name for name in headline if not name.endswith("_interval")][:_FIGURES]
    told = [f"{_words(name)} {figure(headline[name], headline.get(f'{name}_interval'))}" for name in names]
    return [*told, f"{entry.get('examples') or 0:,} rows"]


def _words(name: str) -> str:
    return name.replace("_", " ").replace(" f1", " F1")
