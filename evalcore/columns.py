"""Which columns of a file mean what, and what makes a row's prediction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from evalcore.errors import InvalidParameter, InvalidPredictions, InvalidSettings
from evalcore.labels import in_order
from evalcore.score_labels import PROBABILITY_PREFIX, probability_labels
from evalcore.settings import Columns, Settings

PROBABILITY_LIST = "probs"
DEFAULT_THRESHOLD = 0.5

ByLabel = tuple[tuple[str, str], ...]
"""Pairs of a label and the column that is its own."""


@dataclass(frozen=True)
class Reading:
    """Which columns are read, and which of them predicts.

    ``predicts`` is "label" (the column ``prediction``), "score" (at ``threshold``, the positive label's), or
    "probability" (the highest). Scores that are there are read whatever predicts. ``one_hot`` takes the place
    of ``ground_truth``, and both are empty where the ground truth is joined from files of its own.
    """

    predicts: Literal["label", "score", "probability"]
    ground_truth: str | None
    one_hot: ByLabel
    prediction: str | None
    score: str | None
    probabilities: ByLabel
    probability_list: str | None
    labels: tuple[str, ...] | None
    positive_label: str | None
    threshold: float | None
    id: str | None
    weight: str | None
    slices: tuple[str, ...]
    shown: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to read for figures, each once; what only examples show is read apart."""
        named = (self.ground_truth, self.prediction, self.score, self.probability_list, self.weight)
        wanted = [name for name in named if name is not None]
        wanted += [column for _, column in (*self.one_hot, *self.probabilities)]
        return tuple(dict.fromkeys((*wanted, *self.slices)))

    @property
    def binary(self) -> bool:
        """Whether there are scores of one positive label."""
        return self.positive_label is not None and self.scored

    @property
    def scored(self) -> bool:
        """Whether there are scores at all."""
        return bool(self.score or self.probabilities or self.probability_list)

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
    own |= {column for _, column in (*columns.one_hot, *columns.probabilities)}
    own |= {columns.id, *settings.slices, *settings.example_columns}
    return frozenset(name for name in names if name in own or name.startswith(PROBABILITY_PREFIX))


def plan_reading(settings: Settings, names: Sequence[str], where: str, joined: bool = False) -> Reading:
    """Decide how rows are read from a file with these columns; ``where`` is its key, for messages.

    The predicted label is, in this order: by the threshold where one is set and scores are there; the
    prediction column; by the score at 0.5, or the highest probability. ``joined`` says that the ground truth
    comes from files of its own.
    Raises InvalidPredictions where a column is missing, InvalidSettings where scores lack a positive label,
    InvalidParameter where a threshold was asked for and no scores are there.
    """
    columns = settings.columns
    _require_all(settings, names, where, joined)
    scored = _scored(settings, names)
    prediction = columns.prediction if columns.prediction in names else None
    threshold = _threshold_in_force(settings, scored, prediction, where)
    if threshold is None and prediction is None and not scored.any:
        raise _nothing_predicts(settings, names, where)
    predicts: Literal["label", "score", "probability"]
    predicts = "score" if threshold is not None else "label" if prediction is not None else "probability"
    return Reading(
        predicts=predicts,
        ground_truth=None if joined or columns.one_hot else columns.ground_truth,
        one_hot=() if joined else columns.one_hot,
        prediction=prediction if predicts == "label" else None,
        score=scored.score,
        probabilities=scored.probabilities,
        probability_list=scored.probability_list,
        labels=scored.labels,
        positive_label=settings.positive_label if scored.binary else None,
        threshold=threshold,
        id=columns.id if columns.id in names else None,
        weight=columns.weight if columns.weight in names else None,
        slices=settings.slices,
        shown=settings.example_columns,
    )


def plan_truth(settings: Settings, names: Sequence[str], where: str) -> Reading:
    """How actual labels are read from a file of ground truth of its own.

    Raises InvalidPredictions where the id or a column of actual labels is missing.
    """
    columns = settings.columns
    identity = _joining(settings, names, where)
    if columns.one_hot:
        for label, column in columns.one_hot:
            _require(column, f"the actual label {label!r}", names, where)
    else:
        _require(columns.ground_truth, "the actual labels", names, where)
    return Reading(
        predicts="label",
        ground_truth=None if columns.one_hot else columns.ground_truth,
        one_hot=columns.one_hot,
        prediction=None,
        score=None,
        probabilities=(),
        probability_list=None,
        labels=settings.labels,
        positive_label=None,
        threshold=None,
        id=identity,
        weight=None,
        slices=(),
        shown=(),
    )


def _joining(settings: Settings, names: Sequence[str], where: str) -> str:
    """The column of ids, which ground truth of its own needs."""
    column = settings.columns.id
    if column is None:
        raise InvalidSettings(
            "ground truth in files of its own is joined by id, and the settings name no column of ids",
            'name it as "id" under "columns" in model.json',
        )
    _require(column, "the ids that join ground truth", names, where)
    return column


def _require_all(settings: Settings, names: Sequence[str], where: str, joined: bool) -> None:
    columns = settings.columns
    if joined:
        _joining(settings, names, where)
    if columns.one_hot and not joined:
        for label, column in columns.one_hot:
            _require(column, f"the actual label {label!r}", names, where)
    elif not joined:
        _require(columns.ground_truth, "the actual labels", names, where)
    for label, column in columns.probabilities:
        _require(column, f"the probability of {label!r}", names, where)
    for meaning, column in _renamed(settings):
        _require(column, f"the {meaning}", names, where)
    for column in settings.slices:
        _require(column, "slices", names, where)
    for column in settings.example_columns:
        _require(column, "the examples", names, where)


def _renamed(settings: Settings) -> Iterator[tuple[str, str]]:
    """Columns that may be absent under their usual names, and were given others: a slip would go unseen."""
    usual = Columns()
    for meaning in ("prediction", "score", "id", "weight"):
        name = getattr(settings.columns, meaning)
        if name not in (None, getattr(usual, meaning)):
            yield meaning, name


@dataclass(frozen=True)
class _Scored:
    """The scores that a file has; ``binary`` where they are the positive label's."""

    score: str | None
    probabilities: ByLabel
    probability_list: str | None
    labels: tuple[str, ...] | None
    binary: bool

    @property
    def any(self) -> bool:
        return bool(self.score or self.probabilities or self.probability_list)


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


def _probability_columns(settings: Settings, names: Sequence[str]) -> ByLabel:
    """A probability column for every label, or for the positive one of two; else none."""
    found = probability_labels(settings, names)
    if settings.labels is None:
        return tuple((label, found[label]) for label in in_order(found)) if len(found) > 1 else ()
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


def _nothing_predicts(settings: Settings, names: Sequence[str], where: str) -> InvalidPredictions:
    columns = [settings.columns.prediction, settings.columns.score, f"{PROBABILITY_PREFIX}<label>"]
    wanted = " or ".join(repr(column) for column in columns if column is not None)
    return InvalidPredictions(
        f"{where} has no column {wanted} that predicts; its columns are {', '.join(names[:20])}",
        'name the right one under "columns" in model.json, or store the column',
        column=settings.columns.prediction,
        file=where,
    )


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
