"""Work that takes a while, run with its progress on standard error."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows import progress
from flows import runner as runners
from flows.cli.session import Session
from flows.runner import Runner

if TYPE_CHECKING:
    from flows.night import Order
    from flows.steps import Request


def run_night(session: Session, order: Order, runner: Runner) -> dict[str, Any]:
    """Run a night and show how far it is; its record."""
    with _progress(session, progress.EVALUATIONS):
        return runners.run_night(order, runner, debug=session.debug)


def run_evaluation(session: Session, request: Request, runner: Runner) -> tuple[dict[str, Any], str]:
    """Run one evaluation; its summary, and what became of it."""
    with _progress(session, progress.STEPS):
        outcome = runners.run_evaluation(request, runner, debug=session.debug)
    if outcome.document is not None:
        return dict(outcome.document), outcome.status
    from flows.steps import connect
    from flows.stored import summary_of

    return summary_of(connect(request.store), outcome.target), outcome.status


def run_files(
    session: Session,
    paths: list[Path],
    settings: Path | None,
    threshold: float | None,
    split: str,
    output: str,
) -> dict[str, Any]:
    """Evaluate files; the summary."""
    from flows.local import evaluate_files

    with _progress(session, progress.STEPS):
        return evaluate_files(paths, settings, threshold=threshold, dataset_split=split, output=output)


def _progress(session: Session, level: int) -> AbstractContextManager[None]:
    level = progress.TRACES if session.debug else level
    return progress.shown(sys.stderr, level, wanted=not session.quiet)
