"""The values that figures and findings are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def ratio(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Floats:
    """``numerator / denominator``, NaN where the denominator is 0: the only division of counts there is."""
    above = np.asarray(numerator, dtype=np.float64)
    below = np.asarray(denominator, dtype=np.float64)
    result: Floats = np.full(np.broadcast(above, below).shape, np.nan)
    np.divide(above, below, out=result, where=below != 0)
    return result


def others(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """For each value the sum of all others: a difference would be rounded to the whole's last digit."""
    before, after = (_passed(values[::step])[::step] for step in (1, -1))
    return np.asarray(before + after)


def _passed(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The sum of the values before each."""
    return np.concatenate([values[:1] * 0, values[:-1].cumsum()])


@dataclass(frozen=True)
class Interval:
    """The 95 % intervals of a figure, an array of low and one of high ends, and the method they come from."""

    low: Floats
    high: Floats
    method: str


@dataclass(frozen=True)
class Figure:
    """One metric, for every label (shape ``(labels,)``) or overall (shape ``(1,)``).

    NaN is undefined; ``undefined`` says why, with ``{label}`` for the label's name. Counts have no interval.
    ``bounds`` are between what each value is known to lie, None where all are exact.
    """

    values: npt.NDArray[Any]
    interval: Interval | None = None
    undefined: str = ""
    bounds: tuple[Floats, Floats] | None = None


Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True)
class ReportWarning:
    """A finding about an evaluation, shown to its readers; the message has the figures in it."""

    code: str
    severity: Severity
    message: str
    advice: str
    label: str | None = None

    def document(self) -> dict[str, Any]:
        """The warning as it stands in the summary; ``label`` only where it has one."""
        named = {} if self.label is None else {"label": self.label}
        return {"code": self.code, "severity": self.severity} | named | self._texts()

    def _texts(self) -> dict[str, Any]:
        return {"message": self.message, "advice": self.advice}


@dataclass(frozen=True)
class Undefined:
    """A figure that has no value here, with the reason."""

    metric: str
    reason: str
    label: str | None = None

    def document(self) -> dict[str, Any]:
        """The entry of ``undefined`` in the summary; ``label`` only where it has one."""
        named = {} if self.label is None else {"label": self.label}
        return {"metric": self.metric} | named | {"reason": self.reason}


@dataclass(frozen=True)
class Table:
    """Every figure of a set of rows: overall and by label, as JSON values."""

    overall: Mapping[str, Any]
    per_label: Mapping[str, Mapping[str, Any]]
    undefined: tuple[Undefined, ...]
    methods: Mapping[str, str] = field(default_factory=dict)
