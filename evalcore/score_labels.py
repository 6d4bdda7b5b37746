"""Which labels the scores of a file are of, where no setting names them."""

from __future__ import annotations

from collections.abc import Sequence

from evalcore.errors import InvalidSettings
from evalcore.labels import DEFAULT_POSITIVE, from_text, in_order
from evalcore.settings import Settings

PROBABILITY_PREFIX = "proba_"


def needs_labels(settings: Settings, names: Sequence[str]) -> bool:
    """Whether scores are there that may be a binary model's, and no setting names its labels."""
    few = len(probability_labels(settings, names)) in (1, 2)
    return settings.labels is None and (settings.columns.score in names or few)


def named_labels(settings: Settings, names: Sequence[str]) -> tuple[str, ...]:
    """The labels that one-hot columns, or two probability columns, stand for; empty where none do."""
    if settings.columns.one_hot:
        return tuple(label for label, _ in settings.columns.one_hot)
    pair = in_order(probability_labels(settings, names))
    return pair if len(pair) == 2 else ()


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
        "set both in model.json (or in the file that --settings names)",
    )


def probability_labels(settings: Settings, names: Sequence[str]) -> dict[str, str]:
    """The labels that have a probability column, each with its column."""
    return dict(settings.columns.probabilities) or {
        _label_of(name, settings): name for name in names if name.startswith(PROBABILITY_PREFIX)
    }


def _label_of(column: str, settings: Settings) -> str:
    """The label that a probability column names: ``proba_1.0`` is of label 1, ``proba_True`` of true.

    Unless the settings list that very text as a label.
    """
    text = column.removeprefix(PROBABILITY_PREFIX)
    return text if text in (settings.labels or ()) else from_text(text)
