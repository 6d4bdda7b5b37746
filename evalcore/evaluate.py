"""From batches to an evaluation: fold, measure, check, hold against the gates."""

from __future__ import annotations

from collections.abc import Iterable

from evalcore.accumulator import fold
from evalcore.batch import Batch
from evalcore.columns import Reading
from evalcore.evaluation import Evaluation, Findings
from evalcore.gates import hold, verdict_of
from evalcore.registry import checks, tasks
from evalcore.settings import Settings
from evalcore.values import ReportWarning

SEVERITIES = ("critical", "warning", "info")


def evaluate_batches(batches: Iterable[Batch], settings: Settings, reading: Reading) -> Evaluation:
    """Evaluate one version on one split, its batches in key order, read once.

    Raises InvalidPredictions where the rows break a rule or none is left.
    """
    task = tasks()[settings.task_type]
    states = fold(task.kinds(reading), task.spec(settings, reading), batches)
    measured = task.measure(states, settings, reading)
    warnings = _warnings(Findings(measured))
    gates = tuple(hold(gate, measured, warnings) for gate in settings.gates)
    return Evaluation(measured, warnings, gates, verdict_of(gates))


def _warnings(findings: Findings) -> tuple[ReportWarning, ...]:
    """The findings of every family, the gravest first."""
    found = [warning for family in checks().values() for warning in family(findings)]
    return tuple(sorted(found, key=lambda warning: SEVERITIES.index(warning.severity)))
