"""``assay demo``: a store with real predictions, evaluated as every night."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from evalcore.errors import InvalidParameter
from flows import progress
from flows import runner as runners
from flows.cli.app import command
from flows.cli.arguments import RunnerOption
from flows.cli.session import Session
from flows.cli.text import figure, table

Folder = Annotated[
    Path | None, typer.Argument(metavar="[FOLDER]", help="Where to make the store [./assay-demo].")
]


@command("demo")
def demo(session: Session, folder: Folder = None, runner: RunnerOption = "auto") -> int:
    """Evaluate real predictions in a new store.

    The store is FOLDER, or what --store names; the nightly flow runs on it, and the paths of the reports are
    printed. Ends with 0 where everything was published.
    """
    from flows.demo.store import build_store
    from flows.night import new_run
    from flows.plan import WORKERS, Order
    from infra.storage import open_store

    if folder is not None and session.named is not None:
        raise InvalidParameter("demo takes FOLDER or --store, not both", "leave one of them out")
    # Not ASSAY_STORE: nobody wants the demonstration's models among their own unasked.
    store = open_store(folder or session.named or "assay-demo", create=True)
    build_store(store)
    order = Order(store.url, new_run(), versions="all", workers=WORKERS)
    with session.progress(progress.EVALUATIONS):
        record = runners.run_night(order, runner, debug=session.debug)
    if session.json:
        session.document(record)
    else:
        _print(session, store, record)
    return 7 if any(line["status"] == "failed" for line in record["evaluations"]) else 0


def _print(session: Session, store: Any, record: dict[str, Any]) -> None:
    from infra.index import read_index

    index = read_index(store) or {"evaluations": []}
    done = {(line["model_id"], line["version_id"]) for line in record["evaluations"]}
    entries = [entry for entry in index["evaluations"] if (entry["model_id"], entry["version_id"]) in done]
    headings = ("model", "version", "rows", "weighted F1 [95 %]", "verdict", "warnings")
    session.say(table(headings, [_row(entry) for entry in entries], right=(2, 5)))
    session.say()
    session.say(f"{store.url}/evaluations/index.html")
    for entry in entries:
        session.say(f"{store.url}/{entry['key']}report.html")


def _row(entry: dict[str, Any]) -> tuple[Any, ...]:
    verdict = f"error[{entry['failure']['code']}]" if entry["failure"] else entry["verdict"]
    headline = entry["headline"]
    score = figure(headline["weighted_f1"], headline["weighted_f1_interval"])
    rows = "–" if entry["examples"] is None else f"{entry['examples']:,}"
    return (
        entry["model_name"] or entry["model_id"],
        entry["version_id"],
        rows,
        score,
        verdict,
        entry["warnings"],
    )
