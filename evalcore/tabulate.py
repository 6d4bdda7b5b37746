"""From statistics to a table of JSON values: every registered metric, its interval, what is undefined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evalcore.accumulator import Kind
from evalcore.registry import Metric, metrics
from evalcore.values import Figure, Table, Undefined


def tabulate(views: Mapping[Kind, Any], labels: Sequence[str]) -> Table:
    """Every metric of every view: ``overall`` by name, ``per_label`` by label and name.

    An interval stands behind its figure as ``<name>_interval``, and where the figure is not exact between
    what it lies as ``<name>_bounds``; undefined is None, with its reason.
    """
    overall: dict[str, Any] = {}
    columns: dict[str, list[Any]] = {}
    undefined: list[Undefined] = []
    methods: dict[str, str] = {}
    for view, statistic in views.items():
        for metric in metrics(of=view):
            figure = metric.compute(statistic)
            if figure.interval is not None:
                methods[metric.name] = figure.interval.method
            if metric.per == "label":
                columns |= _columns(metric, figure)
                undefined += _undefined(metric, figure, labels)
            else:
                overall |= {name: values[0] for name, values in _columns(metric, figure).items()}
                undefined += _undefined(metric, figure, [None])
    per_label = {label: {name: columns[name][i] for name in columns} for i, label in enumerate(labels)}
    return Table(overall, per_label, tuple(undefined), methods)


def _columns(metric: Metric, figure: Figure) -> dict[str, list[Any]]:
    values: dict[str, list[Any]] = {metric.name: _plain(figure.values, metric.integer)}
    if figure.bounds is not None:
        values[f"{metric.name}_bounds"] = _pairs(*figure.bounds)
    if figure.interval is None:
        return values if metric.integer else values | {f"{metric.name}_interval": [None] * len(figure.values)}
    return values | {f"{metric.name}_interval": _pairs(figure.interval.low, figure.interval.high)}


def _pairs(low: Any, high: Any) -> list[Any]:
    ends = zip(_plain(low), _plain(high), strict=True)
    return [None if one is None else [one, other] for one, other in ends]


def _plain(values: Any, integer: bool = False) -> list[Any]:
    if integer:
        return list(np.asarray(values).tolist())  # sums of weights where the rows have weights
    found: list[Any] = np.asarray(values, dtype=np.float64).tolist()
    for place in np.flatnonzero(np.isnan(values)).tolist():
        found[place] = None
    return found


def _undefined(metric: Metric, figure: Figure, labels: Sequence[str | None]) -> list[Undefined]:
    if metric.integer:
        return []
    places = np.flatnonzero(np.isnan(figure.values))
    return [
        Undefined(metric.name, figure.undefined.replace("{label}", str(labels[place])), labels[place])
        for place in places.tolist()
    ]
