"""Everything that a report shows, put together from a summary once, for the screen or for paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from templates.head import attention_view, figures_view, head_view, overall_view, verdict_view, warnings_view
from templates.labels import balance_view, labels_view
from templates.matrix import Matrix, confusions_view, matrix_view
from templates.method import method_view


def report_view(summary: Mapping[str, Any], *, paper: bool = False) -> dict[str, Any]:
    """The context of ``report.html.j2``: a part for each block, None where the summary has nothing for it."""
    matrix = Matrix(summary)
    return {
        "paper": paper,
        "head": head_view(summary),
        "verdict": verdict_view(summary),
        "figures": figures_view(summary),
        "attention": attention_view(summary),
        "matrix": matrix_view(matrix, paper),
        "confusions": confusions_view(matrix),
        "labels": labels_view(summary, paper),
        "overall": overall_view(summary),
        "warnings": warnings_view(summary),
        "balance": balance_view(summary, paper),
        "method": method_view(summary),
    }
