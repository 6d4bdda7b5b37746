"""Warnings about the input: rows left out, odd probabilities, settings that are not known."""

from __future__ import annotations

from evalcore.evaluation import Findings
from evalcore.registry import check
from evalcore.values import ReportWarning


@check("input")
def check_input(findings: Findings) -> list[ReportWarning]:
    """Rows left out, ``unnormalised_probabilities`` and ``unknown_setting``."""
    rows = findings.measured.rows
    found = [
        _left_out("missing_ground_truth", rows.missing_ground_truth, rows.rows, "no ground truth"),
        _left_out("missing_predictions", rows.missing_predictions, rows.rows, "no prediction"),
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


def _unnormalised(count: int, rows: int) -> ReportWarning | None:
    if not count:
        return None
    return ReportWarning(
        "unnormalised_probabilities",
        "warning",
        f"the probabilities of {count:,} of {rows:,} rows do not add up to 1 within 0.001",
        "each row was divided by its sum; check that the columns are probabilities of one model, all labels",
    )
