"""Warnings about models that decide nothing: no better than one answer for all, or giving just that."""

from __future__ import annotations

from evalcore.evaluation import Findings, Measured
from evalcore.registry import check
from evalcore.values import ReportWarning


@check("baseline")
def check_baseline(findings: Findings) -> list[ReportWarning]:
    """``no_better_than_majority``, ``extreme_threshold``."""
    found = [_majority(findings.measured), _extreme(findings.measured, findings.operating_point)]
    return [warning for warning in found if warning is not None]


def _majority(measured: Measured) -> ReportWarning | None:
    accuracy, share = measured.overall["accuracy"], measured.overall["majority_share"]
    if accuracy > share:
        return None
    return ReportWarning(
        "no_better_than_majority",
        "critical",
        f"accuracy is {accuracy:.3f}; always answering the commonest label would reach {share:.3f}",
        "do not use the model for its accuracy; look at its recall of the labels that matter",
    )


def _extreme(measured: Measured, threshold: float | None) -> ReportWarning | None:
    if threshold is None:
        return None
    one_side = [k for k, figures in measured.per_label.items() if figures["predicted"] == measured.elements]
    if threshold not in (0, 1) and not one_side:
        return None
    effect = f"; every row is predicted {one_side[0]!r}" if one_side else ""
    return ReportWarning(
        "extreme_threshold",
        "critical",
        f"the threshold in force is {threshold:g}{effect}",
        "choose a threshold that both labels can be predicted at",
    )
