"""Which columns of a file mean what, and what makes a row's prediction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evalcore.errors import InvalidParameter, InvalidPredictions, InvalidSettings
from evalcore.labels import DEFAULT_POSITIVE, in_order
from evalcore.settings import Settings

PROBABILITY_PREFIX = "proba_"
PROBABILITY_LIST = "probs"
DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class Reading:
    """Which columns are read, and what makes a prediction of them.

    Exactly one of these predicts: ``prediction`` (a column of labels), or ``threshold`` on the positive
    label's score, or the highest of ``probabilities``. ``score`` is a column of positive scores;
    ``probabilities`` are (label, column) pairs in the order of the labels; ``probability_list`` is a column
    of lists in that order.
    """

    ground_truth: str
    prediction: str | None
    score: str | None
    probabilities: tuple[tuple[str, str], ...]
    probability_list: str | None
    labels: tuple[str, ...] | None
    positive_label: str | None
    threshold: float | None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to read, each once."""
        wanted = [self.ground_truth]
        if self.prediction is not None:
            wanted.append(self.prediction)
        else:
            wanted += [name for name in (self.score, self.probability_list) if name is not None]
            wanted += [column for _, column in self.probabilities]
        return tuple(dict.fromkeys(wanted))

    @property
    def pair(self) -> tuple[str, str]:
        """The negative and the positive label."""
        assert self.labels is not None and self.positive_label is not None
        negative = next(label for label in self.labels if label != self.positive_label)
        return negative, self.positive_label


def meaningful(settings: Settings, names: Iterable[str]) -> frozenset[str]:
    """Those of a file's columns that decide how it is read: files of one folder must agree on them."""
    columns = settings.columns
    own = {columns.ground_truth, columns.prediction, columns.score, columns.weight, PROBABILITY_LIST}
    return frozenset(name for name in names if name in own or name.startswith(PROBABILITY_PREFIX))


def needs_labels(settings: Settings, names: Iterable[str]) -> bool:
    """Whether scores are there whose labels no setting names: then the labels must be looked up first."""
    return settings.labels is None and settings.columns.score in set(names)


def with_occurring_labels(settings: Settings, occurring: Sequence[str]) -> Settings:
    """The settings of a model with scores whose labels are those that occur.

    Raises InvalidSettings where they are two that have no positive one by convention. With more than two
    labels a single score means nothing, and the settings stay.
    """
    if len(occurring) > 2:
        return settings
    for pair in DEFAULT_POSITIVE:
        if set(occurring) <= pair:
            return settings.with_labels(in_order(pair))
    found = ", ".join(occurring)
    raise InvalidSettings(
        f"a binary model with scores needs labels and positive_label; its labels are {found}",
        "set both in model.json",
    )


def plan_reading(settings: Settings, names: Sequence[str], where: str) -> Reading:
    """Decide how rows are read from a file with these columns; ``where`` is its key, for messages.

    The predicted label is, in this order: by the threshold where one is set and scores are there; the
    prediction column; by the score at 0.5, or the highest probability.
    Raises InvalidPredictions where a column is missing, InvalidSettings where scores lack a positive label,
    InvalidParameter where a threshold was asked for and no scores are there.
    """
    columns, present = settings.columns, set(names)
    _require(columns.ground_truth, "the actual labels", names, where)
    if columns.weight in present:
        raise InvalidPredictions(
            f"{where} has the weight column {columns.weight!r}, and weights are not supported yet",
            'set "columns": {"weight": null} in model.json to count every row once',
        )
    scored = _scored(settings, names)
    prediction = columns.prediction if columns.prediction in present else None
    threshold = _threshold_in_force(settings, scored, prediction, where)
    if threshold is None and prediction is None and not scored.probabilities and not scored.probability_list:
        _require(columns.prediction or "y_pred", "the predicted labels", names, where)
    by_label = threshold is None and prediction is not None
    return Reading(
        ground_truth=columns.ground_truth,
        prediction=prediction if by_label else None,
        score=scored.score,
        probabilities=scored.probabilities,
        probability_list=scored.probability_list,
        labels=scored.labels,
        positive_label=settings.positive_label,
        threshold=threshold,
    )


@dataclass(frozen=True)
class _Scored:
    """The scores that a file has; ``binary`` where they are the positive label's."""

    score: str | None
    probabilities: tuple[tuple[str, str], ...]
    probability_list: str | None
    labels: tuple[str, ...] | None
    binary: bool


def _scored(settings: Settings, names: Sequence[str]) -> _Scored:
    labels, two = settings.labels, settings.labels is not None and len(settings.labels) == 2
    score = settings.columns.score if two and settings.columns.score in names else None
    probabilities = () if score else _probability_columns(settings, names)
    listed = PROBABILITY_LIST if not score and not probabilities and PROBABILITY_LIST in names else None
    if listed and labels is None:
        raise InvalidSettings(
            "a list of probabilities needs to know its labels",
            "set labels in model.json, in the list's order",
        )
    binary = two and bool(score or probabilities or listed)
    if binary and settings.positive_label is None:
        raise InvalidSettings(
            "a binary model with scores needs a positive_label", "set positive_label in model.json"
        )
    order = labels or tuple(label for label, _ in probabilities) or None
    return _Scored(score, probabilities, listed, order, binary)


def _probability_columns(settings: Settings, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    found = {
        name.removeprefix(PROBABILITY_PREFIX): name for name in names if name.startswith(PROBABILITY_PREFIX)
    }
    if settings.labels is None:
        return tuple((label, found[label]) for label in in_order(found))
    columns = tuple((label, found[label]) for label in settings.labels if label in found)
    whole = len(columns) == len(settings.labels)
    positive = len(settings.labels) == 2 and settings.positive_label in found
    return columns if whole or positive else ()


def _threshold_in_force(
    settings: Settings, scored: _Scored, prediction: str | None, where: str
) -> float | None:
    if not scored.binary:
        if settings.asked_threshold:
            raise InvalidParameter(
                f"a threshold needs the positive label's scores, and {where} has none",
                "leave the threshold out, or store a score column",
            )
        return None
    if settings.threshold is not None:
        return settings.threshold
    return None if prediction is not None else DEFAULT_THRESHOLD


def _require(column: str, what: str, names: Sequence[str], where: str) -> None:
    if column in names:
        return
    listed = ", ".join(names[:20]) or "none"
    raise InvalidPredictions(
        f"{where} has no column {column!r} for {what}; its columns are {listed}",
        'name the right one under "columns" in model.json, or store the column',
        column=column,
        file=where,
    )
