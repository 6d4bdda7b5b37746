"""From batches to an evaluation: fold, measure, check, hold against the gates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from evalcore.accumulator import States, fold
from evalcore.batch import Batch
from evalcore.columns import Reading
from evalcore.evaluation import Baseline, Evaluation, Findings
from evalcore.gates import hold, verdict_of
from evalcore.registry import checks, tasks
from evalcore.scores import with_rankings
from evalcore.settings import Settings
from evalcore.slice_scores import with_slice_scores
from evalcore.states.ranking import RankedScores
from evalcore.values import ReportWarning

SEVERITIES = ("critical", "warning", "info")


def evaluate_batches(
    batches: Iterable[Batch], settings: Settings, reading: Reading, baseline: Baseline | None = None
) -> Evaluation:
    """Evaluate one version on one split, its batches in key order, read once.

    ``baseline`` is the version to compare with.
    A list of batches is read again for rankings that do not fit the memory budget at once, and for the
    figures from scores of slices; without, these are left out.
    Raises InvalidPredictions where the rows break a rule or none is left.
    """
    task = tasks()[settings.task_type]
    spec = task.spec(settings, reading)
    states = fold(task.kinds(settings, reading), spec, batches)
    if isinstance(batches, Sequence):
        states = with_rankings(states, lambda other: fold([RankedScores], other, batches)[RankedScores])
        states = with_slice_scores(states, spec, lambda kind, other: fold([kind], other, batches)[kind])
    return evaluate_states(states, settings, reading, baseline)


def evaluate_states(
    states: States,
    settings: Settings,
    reading: Reading,
    baseline: Baseline | None = None,
    *,
    split: str = "test",
    validation: States | None = None,
) -> Evaluation:
    """Evaluate what was accumulated elsewhere. Raises as ``evaluate_batches``.

    ``validation`` are the states of the validation split, on which operating points are then chosen.
    """
    task = tasks()[settings.task_type]
    measured = task.measure(states, settings, reading)
    measured = replace(measured, baseline=baseline, split=split, validation=validation)
    warnings = _warnings(Findings(measured))
    gates = tuple(hold(gate, measured, warnings) for gate in settings.gates)
    return Evaluation(measured, warnings, gates, verdict_of(gates))


def _warnings(findings: Findings) -> tuple[ReportWarning, ...]:
    """The findings of every family, the gravest first."""
    found = [warning for family in checks().values() for warning in family(findings)]
    return tuple(sorted(found, key=lambda warning: SEVERITIES.index(warning.severity)))
