"""Warnings about labels that have too few rows, none at all, or no predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evalcore.evaluation import Findings
from evalcore.limits import Limits
from evalcore.registry import check
from evalcore.values import ReportWarning


@check("support")
def check_support(findings: Findings) -> list[ReportWarning]:
    """``absent_class``, ``never_predicted_class``, ``low_support``, ``perfect_on_few``."""
    found: list[ReportWarning] = []
    measured = findings.measured
    for label, support, predicted in measured.label_rows():
        found += _of_label(label, support, predicted, measured.per_label[label], findings.limits)
    return found


def _of_label(
    label: str, support: int, predicted: int, figures: Mapping[str, Any], limits: Limits
) -> Iterator[ReportWarning]:
    if support == 0:
        yield _absent(label, predicted)
    elif support < limits["low_support"]["rows"]:
        yield _low(label, support, figures)
    if predicted == 0:
        yield _never_predicted(label, support)
    for metric, rows in (("precision", predicted), ("recall", support)):
        if figures[metric] == 1 and rows < limits["perfect_on_few"]["rows"]:
            yield _perfect(label, metric, rows, figures[f"{metric}_interval"])


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def _absent(label: str, predicted: int) -> ReportWarning:
    return ReportWarning(
        "absent_class",
        "warning",
        f"no row is actually {label!r}; {predicted:,} are predicted as it",
        "add rows of this label to the split: nothing is known about how well it is recognised",
        label,
    )


def _never_predicted(label: str, support: int) -> ReportWarning:
    return ReportWarning(
        "never_predicted_class",
        "critical" if support else "info",
        f"no row is predicted {label!r}, though {support:,} are"
        if support
        else f"no row is predicted {label!r}, and none is",
        "check that the model knows this label, and train it on more rows of it"
        if support
        else "take it out of the labels, or add rows of it to the split",
        label,
    )


def _low(label: str, support: int, figures: Mapping[str, Any]) -> ReportWarning:
    if figures["recall"] is None:  # rows that weigh nothing
        found, advice = ", none with a weight above 0", "give rows of it a weight, or leave the label out"
    else:
        low, high = figures["recall_interval"]
        found = f": its recall, {figures['recall']:.3f}, may be anywhere from {low:.3f} to {high:.3f}"
        needed = figures["needed_support"]
        advice = f"have about {needed:,} rows of it in all to know its recall to ± 5 points"
    return ReportWarning("low_support", "warning", f"{label!r} has {_rows(support)}{found}", advice, label)


def _perfect(label: str, metric: str, rows: int, interval: list[float]) -> ReportWarning:
    of = "predicted as it" if metric == "precision" else "of it"
    return ReportWarning(
        "perfect_on_few",
        "warning",
        f"the {metric} of {label!r} is 1 on {_rows(rows)} {of} only: it may be as low as {interval[0]:.3f}",
        "do not report it as perfect; collect more rows first",
        label,
    )
