"""From batches to an evaluation: fold, measure, check, hold against the gates."""

from __future__ import annotations

from collections.abc import Iterable

from evalcore.accumulator import fold
from evalcore.batch import Batch
from evalcore.evaluation import Evaluation, Findings
from evalcore.gates import hold, verdict_of
from evalcore.registry import checks, tasks
from evalcore.settings import Settings
from evalcore.values import ReportWarning

SEVERITIES = ("critical", "warning", "info")


def evaluate_batches(
    batches: Iterable[Batch], settings: Settings, operating_point: float | None
) -> Evaluation:
    """Evaluate one version on one split, its batches in key order, read once.

    ``operating_point`` is the threshold that made the predicted labels, None where they came as labels.
    Raises InvalidPredictions where the rows break a rule or none is left.
    """
    task = tasks()[settings.task_type]
    states = fold(task.kinds, task.spec(settings), batches)
    measured = task.measure(states, settings)
    warnings = _warnings(Findings(measured, settings, operating_point))
    gates = tuple(hold(gate, measured, warnings) for gate in settings.gates)
    return Evaluation(measured, settings, operating_point, warnings, gates, verdict_of(gates))


def _warnings(findings: Findings) -> tuple[ReportWarning, ...]:
    """The findings of every family, the gravest first."""
    found = [warning for family in checks().values() for warning in family(findings)]
    return tuple(sorted(found, key=lambda warning: SEVERITIES.index(warning.severity)))
