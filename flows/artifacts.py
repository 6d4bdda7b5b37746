"""What a run leaves in Prefect for people to look at: the night's table, how far it is, each evaluation.

The store has all of it, too; so what cannot be left is logged, and no error.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from flows.notices import figures
from flows.outage import Outage, is_outage
from flows.outcome import Outcome
from flows.progress import warn
from flows.terminal import safe
from infra.layout import Target, evaluation_folder
from infra.storage import link

LONGEST_TABLE = 1000
"""Rows of the night's table; what failed comes first, then what is new."""

_ORDER = ("failed", "published", "up_to_date")
_COLUMNS = ("model_id", "version_id", "dataset_split", "status", "verdict", "seconds")
_BEAT = 5.0
_outage: ContextVar[Outage | None] = ContextVar("outage", default=None)


@contextmanager
def noticing_outages(meanwhile: str) -> Iterator[Outage]:
    """Within the block, and in its tasks, nothing more is left once Prefect's API was away."""
    outage = Outage(meanwhile)
    token = _outage.set(outage)
    try:
        yield outage
    finally:
        _outage.reset(token)


class Progress:
    """How far a night is, as a bar in Prefect that moves every few seconds."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._id: Any = None
        self._told = time.monotonic()
        if total:
            description = f"Evaluations: {total:,}"
            self._id = _left(
                "progress", lambda: create_progress_artifact(progress=0.0, description=description)
            )

    def advance(self) -> None:
        """One more evaluation is done."""
        self._done += 1
        ended = self._done == self._total
        if self._id is None or not (ended or time.monotonic() - self._told > _BEAT):
            return
        self._told = time.monotonic()
        _left(
            "progress", lambda: update_progress_artifact(self._id, progress=100.0 * self._done / self._total)
        )


def leave_table(store: str, record: Mapping[str, Any]) -> None:
    """The night as a table, a row an evaluation, with a link to its report."""
    lines = sorted(record["evaluations"], key=lambda line: _ORDER.index(line["status"]))
    more = len(lines) - LONGEST_TABLE
    left_out = f"; {more:,} more are in evaluations/nightly/{record['run']}.json" if more > 0 else ""
    table = [_row(store, line) for line in lines[:LONGEST_TABLE]]
    description = f"Run {record['run']} on {store}{left_out}"
    _left("table", lambda: create_table_artifact(key="nightly", table=table, description=description))


def leave_markdown(outcome: Outcome) -> None:
    """An evaluation that was published, or could not be made, in a few lines; others leave none."""
    if outcome.status in ("published", "failed"):
        key, markdown = key_of(outcome), markdown_of(outcome)
        _left("summary", lambda: create_markdown_artifact(key=key, markdown=markdown))


def key_of(outcome: Outcome) -> str:
    """An evaluation's key in Prefect, which takes lower-case letters, digits and dashes alone."""
    request = outcome.request
    version = outcome.target.version_id if outcome.target else request.version_id or "promoted"
    names = [request.model_id, version, request.dataset_split, request.checkpoint or ""]
    plain = re.sub(r"[^a-z0-9]+", "-", "-".join(names).lower()).strip("-")[:100]
    return f"{plain}-{hashlib.sha256('/'.join(names).encode()).hexdigest()[:8]}"


def markdown_of(outcome: Outcome) -> str:
    """The verdict, the headline figures, gates and warnings, and where the report is."""
    request, entry = outcome.request, outcome.change or {}
    version = outcome.target.version_id if outcome.target else request.version_id
    title = _plain(f"{request.model_id} {version or ''} {request.dataset_split}")
    if outcome.error or outcome.target is None:
        error = outcome.error
        return f"## {title}: not evaluated\n\n" + (f"`{error.code}`: {_plain(error)}\n" if error else "")
    report = link(request.store, evaluation_folder(outcome.target) + "report.html")
    gates = ", ".join(f"{count} {status}" for status, count in entry["gates"].items() if count)
    lines = [*figures(entry), f"gates: {gates or 'none'}", f"warnings: {entry['warnings']}"]
    return f"## {title}: {outcome.verdict}\n\n" + "".join(f"- {line}\n" for line in lines) + f"\n<{report}>\n"


def _row(store: str, line: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: line[name] for name in _COLUMNS}
    if line["error"]:
        return {**row, "error": f"{line['error']['code']}: {line['error']['message']}", "report": None}
    target = Target(line["model_id"], line["version_id"], line["dataset_split"], line["checkpoint"])
    return {**row, "error": None, "report": link(store, evaluation_folder(target) + "report.html")}


def _plain(text: object) -> str:
    """Text that is none of Markdown's signs."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", safe(text))


def _left(what: str, leave: Callable[[], Any]) -> Any:
    """What ``leave`` returns; None where Prefect does not take it, or was away before."""
    outage = _outage.get()
    if outage is not None and outage.lasts:
        return None
    try:
        return leave()
    except Exception as error:
        if outage is not None and is_outage(error):
            outage.began(error)
        else:
            warn(f"Prefect took no {what} ({type(error).__name__})")
        return None
