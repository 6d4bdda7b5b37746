"""Warnings about where the errors are: in one pair of labels, with one label, or everywhere."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from evalcore.evaluation import Findings
from evalcore.limits import Limits
from evalcore.registry import check
from evalcore.states.confusion import ConfusionCounts
from evalcore.values import Integers, ReportWarning

Limit = Mapping[str, float]


@check("errors")
def check_errors(findings: Findings) -> list[ReportWarning]:
    """``confused_pair``, ``bias_towards_label``, ``bias_away_from_label``, ``diffuse_errors``."""
    counts, limits = findings.measured.confusion, findings.limits
    accuracy = findings.measured.overall["accuracy"]
    return [
        *_pairs(counts, limits["confused_pair"]),
        *_biases(counts, limits),
        *_diffuse(counts, accuracy, limits["diffuse_errors"]),
    ]


def _pairs(counts: ConfusionCounts, limit: Limit) -> list[ReportWarning]:
    actual, predicted, n = counts.rows.beside_diagonal(max(limit["rows"], 1))
    support = counts.rows.row_totals
    large = np.flatnonzero(n >= limit["share"] * support[actual])
    by_count = sorted(large.tolist(), key=lambda k: (-n[k], actual[k], predicted[k]))
    return [
        _pair(counts.labels[actual[k]], counts.labels[predicted[k]], int(n[k]), int(support[actual[k]]))
        for k in by_count
    ]


def _pair(actual: str, predicted: str, n: int, support: int) -> ReportWarning:
    return ReportWarning(
        "confused_pair",
        "warning",
        f"{n:,} of the {support:,} rows of {actual!r} ({n / support:.1%}) are predicted {predicted!r}",
        "look at these rows together: the labels may overlap, or some rows may be labelled wrongly",
        actual,
    )


def _biases(counts: ConfusionCounts, limits: Limits) -> list[ReportWarning]:
    rows = counts.rows
    errors = int(rows.total() - rows.diagonal.sum())
    towards = rows.column_totals - rows.diagonal
    away = rows.row_totals - rows.diagonal
    there = len(counts.labels)
    dominant = _dominant(towards, errors, there, limits["bias_towards_label"])
    missed = _dominant(away, errors, there, limits["bias_away_from_label"])
    return [
        *(_towards(counts.labels[k], int(towards[k]), errors) for k in dominant),
        *(_away(counts.labels[k], int(away[k]), errors) for k in missed),
    ]


def _dominant(parts: Integers, errors: int, labels: int, limit: Limit) -> list[int]:
    if labels < limit["labels"] or errors < limit["errors"]:
        return []
    return [int(k) for k in np.flatnonzero((parts > 0) & (parts >= limit["share"] * errors))]


def _towards(label: str, n: int, errors: int) -> ReportWarning:
    return ReportWarning(
        "bias_towards_label",
        "warning",
        f"{n:,} of {errors:,} errors ({n / errors:.1%}) are rows of other labels predicted {label!r}",
        "look for what these rows share with the label: a flaw of the data set, the split or the model",
        label,
    )


def _away(label: str, n: int, errors: int) -> ReportWarning:
    return ReportWarning(
        "bias_away_from_label",
        "warning",
        f"{n:,} of {errors:,} errors ({n / errors:.1%}) are rows of {label!r} predicted as another label",
        "add training rows of this label like the ones that are missed, or check how it is labelled",
        label,
    )


def _diffuse(counts: ConfusionCounts, accuracy: float, limit: Limit) -> list[ReportWarning]:
    """An even share is the errors over all off-diagonal cells of the labels that occur."""
    occurring = int(np.count_nonzero(counts.rows.row_totals + counts.rows.column_totals))
    cells = occurring * (occurring - 1)
    if accuracy >= limit["accuracy"] or occurring < max(limit["labels"], 2):
        return []
    _, _, n = counts.rows.beside_diagonal(1)
    if not len(n):
        return []
    largest, errors = int(n.max()), int(n.sum())
    if largest > limit["times"] * errors / cells:
        return []
    return [
        ReportWarning(
            "diffuse_errors",
            "warning",
            f"accuracy is {accuracy:.3f} and the {errors:,} errors lie evenly: the largest of {cells:,} "
            f"cells has {largest:,}",
            "the model tells the labels apart poorly throughout: try a larger one or better features",
        )
    ]
