"""Warnings about how the labels are distributed, in this split and in training."""

from __future__ import annotations

from collections.abc import Mapping

from evalcore.evaluation import Findings
from evalcore.limits import Limits
from evalcore.registry import check
from evalcore.values import ReportWarning

Counts = Mapping[str, float]


@check("balance")
def check_balance(findings: Findings) -> list[ReportWarning]:
    """``imbalanced_classes``, ``imbalanced_training``, ``split_mismatch``."""
    limits = findings.limits
    support = {label: rows for label, rows, _ in findings.measured.label_rows()}
    training = findings.settings.training_counts
    found = [_imbalance("imbalanced_classes", "this split", support, limits)]
    if training and sum(training.values()):
        found += [
            _imbalance("imbalanced_training", "the training data", training, limits),
            _mismatch(training, support, limits["split_mismatch"]["distance"]),
        ]
    return [warning for warning in found if warning is not None]


def _imbalance(code: str, where: str, counts: Counts, limits: Limits) -> ReportWarning | None:
    """A label without rows in this split has a warning of its own and is not compared here."""
    present = {label: n for label, n in counts.items() if n > 0 or code == "imbalanced_training"}
    if len(present) < 2:
        return None
    largest, smallest = max(present, key=present.__getitem__), min(present, key=present.__getitem__)
    if present[smallest] and present[largest] / present[smallest] < limits[code]["times"]:
        return None
    return ReportWarning(
        code, "warning", f"in {where} {_compared(present, largest, smallest)}", _ADVICE[code]
    )


def _compared(counts: Counts, largest: str, smallest: str) -> str:
    most, least = counts[largest], counts[smallest]
    if not least:
        return f"{largest!r} has {most:,} rows and {smallest!r} has none"
    return f"{largest!r} has {most:,} rows, {most / least:.1f} times as many as {smallest!r} with {least:,}"


_ADVICE = {
    "imbalanced_classes": "read balanced accuracy and the smaller labels' recall beside accuracy, which the "
    "largest label dominates",
    "imbalanced_training": "collect more rows of the smaller label, or weigh the labels in training, and "
    "watch its recall",
}


def _mismatch(training: Counts, support: Counts, limit: float) -> ReportWarning | None:
    """Total variation: half the sum of the differences of the labels' shares."""
    labels = {*training, *support}
    trained, here = sum(training.values()), sum(support.values())
    differences = {k: support.get(k, 0) / here - training.get(k, 0) / trained for k in labels}
    distance = sum(abs(difference) for difference in differences.values()) / 2
    if distance <= limit:
        return None
    widest = max(sorted(labels), key=lambda label: abs(differences[label]))
    return ReportWarning(
        "split_mismatch",
        "warning",
        f"the labels' shares in training and in this split differ by {distance:.3f} (total variation): "
        f"{widest!r} has {training.get(widest, 0) / trained:.1%} of the training rows and "
        f"{support.get(widest, 0) / here:.1%} of these",
        "find out which of the two is like the data the model will meet, and evaluate on such a split",
        label=widest,
    )
