"""What a threshold does, as it is shown: the four counts of a binary model, and their rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from templates.numbers import figure, span

FOUR = ("true_positive", "false_positive", "true_negative", "false_negative")

Ends = list[float] | None


@dataclass(frozen=True)
class Rate:
    """A share of counts with its Wilson interval; without a value where the whole is 0."""

    value: float | None
    interval: Ends

    def shown(self) -> dict[str, str]:
        """The value and its interval as texts."""
        return {"value": figure(self.value, self.interval), "interval": span(self.interval)}


@dataclass(frozen=True)
class Counts:
    """The rows of a binary model at one threshold. Of weighted rows no interval follows from the counts."""

    true_positive: float
    false_positive: float
    true_negative: float
    false_negative: float
    weighted: bool = False

    @property
    def recall(self) -> Rate:
        """TP / (TP + FN), the true positive rate."""
        return self._rate(self.true_positive, self.true_positive + self.false_negative)

    @property
    def precision(self) -> Rate:
        """TP / (TP + FP)."""
        return self._rate(self.true_positive, self.true_positive + self.false_positive)

    @property
    def false_positive_rate(self) -> Rate:
        """FP / (FP + TN)."""
        return self._rate(self.false_positive, self.false_positive + self.true_negative)

    @property
    def f1(self) -> Rate:
        """2TP / (2TP + FP + FN)."""
        from evalcore.intervals import f1_interval

        either = self.true_positive + self.false_positive + self.false_negative
        if not either:
            return Rate(None, None)
        ends = None if self.weighted else f1_interval(self.true_positive, either)
        value = 2 * self.true_positive / (self.true_positive + either)
        return Rate(value, ends and [float(ends.low), float(ends.high)])

    def cost(self, costs: Mapping[str, float]) -> float:
        """What the errors cost together."""
        return costs["false_positive"] * self.false_positive + costs["false_negative"] * self.false_negative

    def _rate(self, part: float, whole: float) -> Rate:
        from evalcore.intervals import wilson

        if not whole:
            return Rate(None, None)
        ends = None if self.weighted else wilson(part, whole)
        return Rate(part / whole, ends and [float(ends.low), float(ends.high)])


class Thresholds:
    """The counts of a summary at its 1,001 thresholds, and those of the matrix in force."""

    def __init__(self, summary: Mapping[str, Any]) -> None:
        document = summary["thresholds"]
        self.labels: list[str] = summary["labels"]
        self.positive = positive_place(summary)
        self.point: float | None = document["operating_point"]
        self.true_positive: Sequence[float] = document["true_positive"]
        self.false_positive: Sequence[float] = document["false_positive"]
        self.recommended: Mapping[str, Any] = document.get("recommended") or {}
        self.matrix: list[list[float]] = summary["confusion_matrix"]["matrix"]
        self.weighted = sum(map(sum, self.matrix)) != summary.get("elements")
        self.costs: Mapping[str, float] | None = (summary.get("settings") or {}).get("costs")

    @property
    def stored(self) -> Counts:
        """The matrix in force."""
        one, other, m = self.positive, 1 - self.positive, self.matrix
        return Counts(m[one][one], m[other][one], m[other][other], m[one][other], self.weighted)

    def at(self, place: int) -> Counts:
        """The counts at the threshold ``place`` / 1000."""
        hits, false = self.true_positive[place], self.false_positive[place]
        positive, negative = self.true_positive[0], self.false_positive[0]
        return Counts(hits, false, negative - false, positive - hits, self.weighted)

    def of(self, point: Mapping[str, Any]) -> Counts:
        """The counts of a recommended point."""
        return Counts(*(point[name] for name in FOUR), weighted=self.weighted)


def thresholds(summary: Mapping[str, Any]) -> Thresholds | None:
    """The thresholds of a binary model with scores; nothing for any other."""
    found = summary.get("thresholds") or {}
    whole = isinstance(found.get("true_positive"), list) and len(summary["labels"]) == 2
    return Thresholds(summary) if whole and "matrix" in summary["confusion_matrix"] else None


def positive_place(summary: Mapping[str, Any]) -> int:
    """Which of the two labels is the positive one."""
    labels = summary["labels"]
    positive = (summary.get("settings") or {}).get("positive_label")
    return labels.index(positive) if positive in labels else 1
