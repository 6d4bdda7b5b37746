"""Warnings about the input: rows left out, odd probabilities, settings that are not known."""

from __future__ import annotations

from evalcore.evaluation import Findings, Measured
from evalcore.registry import check
from evalcore.states.losses import BinaryLosses, LabelLosses
from evalcore.states.rows import RowCounts
from evalcore.values import ReportWarning

LOSSES = (BinaryLosses, LabelLosses)


@check("input")
def check_input(findings: Findings) -> list[ReportWarning]:
    """Rows and ground truth left out, ``unnormalised_probabilities`` and ``unknown_setting``."""
    rows = findings.measured.rows
    found = [
        _repeated(rows),
        _left_out("missing_ground_truth", rows.missing_ground_truth, rows.rows, "no ground truth"),
        _left_out("missing_predictions", rows.missing_predictions, rows.rows, "no prediction"),
        _unscored(findings.measured),
        _unmatched(rows.unmatched_ground_truth),
        _unnormalised(rows.unnormalised_probabilities, rows.rows),
    ]
    return [warning for warning in found if warning is not None] + findings.settings.warnings()


def _left_out(code: str, count: int, rows: int, what: str) -> ReportWarning | None:
    if not count:
        return None
    return ReportWarning(
        code,
        "warning",
        f"{count:,} of {rows:,} rows ({count / rows:.1%}) have {what} and were left out",
        "find out why they are missing: rows are seldom missing by chance, and the figures are of the rest",
    )


def _unscored(measured: Measured) -> ReportWarning | None:
    """Entries of the matrix that figures from scores leave out."""
    scored = next((measured.states[kind].sums["rows"] for kind in LOSSES if kind in measured.states), None)
    if scored is None or scored == measured.elements:
        return None
    missing = measured.elements - int(scored)
    unit = "rows" if measured.elements == measured.examples else "entries"
    return ReportWarning(
        "missing_predictions",
        "warning",
        f"{missing:,} of {measured.elements:,} {unit} ({missing / measured.elements:.1%}) have a predicted "
        "label but no score, or none of their actual label: they count in the matrix, not in figures from "
        "scores",
        "find out why the scores are missing: the figures from scores are of the rest alone",
    )


def _repeated(rows: RowCounts) -> ReportWarning | None:
    if not rows.duplicate_ids:
        return None
    found = []
    if rows.repeated_ids:
        found.append(f"{rows.repeated_ids:,} of {rows.rows:,} rows ({rows.repeated_ids / rows.rows:.1%})")
    if rows.repeated_ground_truth:
        found.append(f"{rows.repeated_ground_truth:,} entries of ground truth")
    return ReportWarning(
        "duplicate_ids",
        "warning",
        f"{' and '.join(found)} have an id that occurred before and were left out",
        "each id counts once, by its first row; if rows were stored twice, store them once",
    )


def _unmatched(count: int) -> ReportWarning | None:
    if not count:
        return None
    return ReportWarning(
        "unmatched_ground_truth",
        "warning",
        f"{count:,} entries of ground truth have no row among the predictions and were left out",
        "find out why these were not predicted: the figures say nothing of them",
    )


def _unnormalised(count: int, rows: int) -> ReportWarning | None:
    if not count:
        return None
    return ReportWarning(
        "unnormalised_probabilities",
        "warning",
        f"the probabilities of {count:,} of {rows:,} rows do not add up to 1 within 0.001",
        "each row was divided by its sum; check that the columns are probabilities of one model, all labels",
    )
