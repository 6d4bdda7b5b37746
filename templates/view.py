"""Everything that a report shows, put together from a summary once, for the screen or for paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from templates.comparison import comparison_view
from templates.confusions import confusions_view
from templates.examples import examples_view
from templates.findings import MOST_FOLDED, attention_view, warnings_view
from templates.head import figures_view, head_view, overall_view, verdict_view
from templates.labels import balance_view, labels_view
from templates.matrix import Matrix, matrix_view
from templates.method import method_view
from templates.operating import operating_view, thresholds_view
from templates.scores import calibration_view, curves_view, histogram_view
from templates.slices import slices_view

BLOCKS = (
    *("head", "verdict", "figures", "attention", "operating", "matrix", "confusions", "labels"),
    *("thresholds", "curves", "histogram", "calibration", "slices", "comparison", "examples"),
    *("overall", "warnings", "balance", "method"),
)
"""The blocks of a report in their order: each a file in ``blocks/`` and a key of the context."""


def report_view(summary: Mapping[str, Any], *, paper: bool = False) -> dict[str, Any]:
    """The context of ``report.html.j2``: a part for each block, None where the summary has nothing for it."""
    matrix = Matrix(summary)
    confusions = confusions_view(matrix, summary, paper)
    view: dict[str, Any] = {
        "paper": paper,
        "head": head_view(summary),
        "verdict": verdict_view(summary),
        "figures": figures_view(summary),
        "attention": attention_view(summary, confusions),
        "operating": operating_view(summary, paper),
        "matrix": matrix_view(matrix, summary, paper),
        "confusions": confusions,
        "labels": labels_view(summary, paper),
        "thresholds": thresholds_view(summary, paper),
        "curves": curves_view(summary, paper),
        "histogram": histogram_view(summary),
        "calibration": calibration_view(summary),
        "slices": slices_view(summary, paper),
        "comparison": comparison_view(summary),
        "examples": examples_view(summary, paper),
        "overall": overall_view(summary),
        "warnings": warnings_view(summary) if paper else warnings_view(summary, MOST_FOLDED),
        "balance": balance_view(summary, paper),
        "method": method_view(summary),
    }
    return view | {"blocks": [block for block in BLOCKS if view[block] is not None]}
