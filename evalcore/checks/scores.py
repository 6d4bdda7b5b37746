"""Warnings that only scores allow: rows that may be labelled wrongly."""

from __future__ import annotations

from evalcore.evaluation import Findings
from evalcore.registry import check
from evalcore.states.losses import BinaryLosses, LabelLosses
from evalcore.values import ReportWarning


@check("scores")
def check_scores(findings: Findings) -> list[ReportWarning]:
    """``suspect_labels``."""
    states = findings.measured.states
    found = [states[kind].sums for kind in (BinaryLosses, LabelLosses) if kind in states]
    counts = [(sums["suspects"].item(), sums["rows"].item()) for sums in found]
    return [_suspects(count, rows, findings) for count, rows in counts if count]


def _suspects(count: int, rows: int, findings: Findings) -> ReportWarning:
    limits = findings.limits["suspect_labels"]
    return ReportWarning(
        "suspect_labels",
        "warning",
        f"{count:,} of {rows:,} rows ({count / rows:.1%}) have an actual label that the model gives a "
        f"probability below {limits['actual']:g}, and another above {limits['other']:g}",
        "look at these rows among the examples: they may be labelled wrongly, or the model is sure and wrong",
    )
