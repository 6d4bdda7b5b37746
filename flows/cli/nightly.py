"""``assay nightly``: every evaluation that is due."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from flows import engine as engines
from flows import progress
from flows import runner as runners
from flows.cli.app import command
from flows.cli.arguments import EngineOption, ForceOption, RunnerOption, SplitOption, VersionsOption
from flows.cli.session import Session
from flows.cli.text import table, verdict
from flows.engine import LOCAL
from flows.terminal import safe

Models = Annotated[str, typer.Option(metavar="GLOB", help="Models, as a pattern: 'churn-*'.")]
Workers = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Evaluations at a time; with dask also its processes.")
]


@command("nightly")
def nightly(
    session: Session,
    models: Models = "*",
    versions: VersionsOption = "promoted",
    split: SplitOption = "test",
    force: ForceOption = False,
    engine: EngineOption = LOCAL,
    workers: Workers = None,
    runner: RunnerOption = "auto",
) -> int:
    """Evaluate every model version that is due.

    Unchanged inputs and settings are skipped as up to date. Ends with 7 where an evaluation errored, else
    with 1 where a gate failed, in an evaluation that was up to date included.
    """
    from flows.night import exit_status, new_run
    from flows.plan import WORKERS, Order
    from infra.layout import check_split

    check_split(split)
    engines.check(engine, workers, at_a_time=True)
    url = session.store().url
    order = Order(url, new_run(), models, versions, split, force, workers or WORKERS, engine)
    with session.progress(progress.EVALUATIONS):
        record = runners.run_night(order, runner, debug=session.debug)
    if session.json:
        session.document(record)
    else:
        _print_record(session, order, record)
    if session.quiet and not session.json:
        _print_errors(record)
    return exit_status(record)


def _print_record(session: Session, order: Any, record: dict[str, Any]) -> None:
    from flows.night import summed_up

    rows = [
        (line["model_id"], line["version_id"] or "–", line["status"], _result(line))
        for line in record["evaluations"]
    ]
    if rows:
        session.say(table(("model", "version", "status", "verdict"), rows))
    for skipped in record["skipped"]:
        session.say(f"skipped {skipped['model_id']}: {skipped['reason']}")
    if not (rows or record["skipped"]):
        session.say(f"no model in {order.store} has an id that fits {safe(order.models)!r}")
    session.say(summed_up(record))
    session.say(f"{order.store}/evaluations/index.html")


def _print_errors(record: dict[str, Any]) -> None:
    """What errored, a line each, for who does without the table that tells of it."""
    for line in record["evaluations"]:
        if error := line["error"]:
            names = " ".join(filter(None, (line["model_id"], line["version_id"])))
            sys.stderr.write(f"error[{error['code']}]: {safe(names)}: {safe(error['message'])}\n")


def _result(line: dict[str, Any]) -> str:
    if line["error"]:
        return f"error[{line['error']['code']}]: {line['error']['message']}"
    return verdict(line["verdict"], line["failed_gate"])
