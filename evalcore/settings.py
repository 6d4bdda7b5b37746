"""What to compute: the settings of ``model.json`` and ``version.json``, checked and frozen."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import NoneType
from typing import Any

from evalcore.errors import InvalidParameter, InvalidSettings, UnsupportedTask
from evalcore.gate_settings import gates_value, unknown_keys
from evalcore.labels import DEFAULT_POSITIVE, canonical
from evalcore.limits import DEFAULTS, Limits, limits_value, unknown_limits
from evalcore.setting_values import flag_value, list_value, number_value, object_value, text_value, wrong
from evalcore.values import ReportWarning

TASK_TYPES = ("classification", "multilabel", "regression", "object_detection")
ELSEWHERE = {"model_id", "organization", "promoted_version", "version_id", "created_at"}
"""Keys of the two files that say who and where, not what to compute."""


@dataclass(frozen=True)
class Columns:
    """The names of the columns that mean something; None where a meaning is switched off.

    ``one_hot`` has a column of 0 and 1 for every label in place of ``ground_truth``; ``probabilities`` a
    column of probabilities for every label.
    """

    ground_truth: str = "y_true"
    prediction: str | None = "y_pred"
    score: str | None = "y_score"
    id: str | None = "id"
    weight: str | None = "weight"
    one_hot: tuple[tuple[str, str], ...] = ()
    probabilities: tuple[tuple[str, str], ...] = ()

    def document(self) -> dict[str, Any]:
        """The mapping as model.json has it."""
        found = dataclasses.asdict(self)
        one_hot, probabilities = dict(found.pop("one_hot")), dict(found.pop("probabilities"))
        actual = {"ground_truth": one_hot} if one_hot else {}
        return found | actual | ({"probabilities": probabilities} if probabilities else {})


@dataclass(frozen=True)
class Settings:
    """The resolved settings of one evaluation; ``document()`` is how they stand in the summary.

    ``examples`` says whether the report may show rows. ``asked_threshold`` says that the threshold was asked
    for by the caller, so that scores must be there; ``asked_baseline`` is the version to compare with, or
    ``none``, where the caller asked for one.
    """

    task_type: str = "classification"
    name: str | None = None
    labels: tuple[str, ...] | None = None
    positive_label: str | None = None
    threshold: float | None = None
    costs: Mapping[str, float] | None = None
    slices: tuple[str, ...] = ()
    examples: bool = True
    example_columns: tuple[str, ...] = ()
    gates: tuple[Mapping[str, Any], ...] = ()
    limits: Limits = field(default_factory=lambda: DEFAULTS)
    columns: Columns = field(default_factory=Columns)
    baseline: str | None = None
    training_counts: Mapping[str, int] | None = None
    unknown: tuple[str, ...] = ()
    asked_threshold: bool = False
    asked_baseline: str | None = None

    def document(self) -> dict[str, Any]:
        """The settings as a JSON object, training counts and what was not understood apart."""
        hidden = {"training_counts", "unknown", "asked_threshold", "asked_baseline"}
        values = dataclasses.asdict(self) | {"columns": self.columns.document()}
        return {_key(name): _plain(value) for name, value in values.items() if name not in hidden}

    def warnings(self) -> list[ReportWarning]:
        """One ``unknown_setting`` for each key that is not known."""
        return [
            ReportWarning(
                "unknown_setting",
                "info",
                f"the setting {key!r} is not known and was ignored",
                "remove it, or correct its name, in model.json or version.json",
            )
            for key in self.unknown
        ]

    def with_labels(self, labels: tuple[str, ...]) -> Settings:
        """The same with a label list, and the positive label that it has by convention."""
        positive = self.positive_label or DEFAULT_POSITIVE.get(frozenset(labels))
        return dataclasses.replace(self, labels=labels, positive_label=positive)


def resolve_settings(
    model: Mapping[str, Any],
    version: Mapping[str, Any],
    *,
    threshold: float | None = None,
    baseline: str | None = None,
    files: tuple[str, str] = ("model.json", "version.json"),
) -> Settings:
    """The settings of one version: the model's, overruled key by key by the version's.

    ``threshold``, where given, overrules both; ``baseline`` is noted as what was asked for; ``files`` are the
    names of the two. Raises InvalidSettings for a value of the wrong type, naming the key and its file;
    UnsupportedTask for a task type that cannot be evaluated; InvalidParameter for a threshold outside [0, 1].
    """
    try:
        return _resolved({**model, **version}, threshold, baseline)
    except InvalidSettings as error:
        key = re.split(r"[.\[]", error.details["setting"])[0]
        file = files[1] if key in version else files[0]
        details = {**error.details, "key": file}
        raise InvalidSettings(error.message, f"correct it in {file}", **details) from error


def _resolved(given: Mapping[str, Any], threshold: float | None, baseline: str | None) -> Settings:
    read = {
        _FIELDS.get(key, key): _READERS[key](key, value)
        for key, value in given.items()
        if key in _READERS and value is not None
    }
    for key in sorted(ELSEWHERE & given.keys()):
        if not isinstance(given[key], (str, NoneType)):
            raise wrong(key, f"a text, not {given[key]!r}")
    unknown = tuple(sorted(key for key in given if key not in _READERS and key not in ELSEWHERE))
    unknown += _unknown_parts(given)
    settings = dataclasses.replace(Settings(), **read, unknown=unknown, asked_baseline=baseline)
    if threshold is not None:
        settings = _asked(settings, threshold)
    return _consistent(settings)


def _asked(settings: Settings, threshold: float) -> Settings:
    if not 0 <= threshold <= 1:
        raise InvalidParameter(f"the threshold {threshold} is outside [0, 1]", "give one from 0 to 1")
    return dataclasses.replace(settings, threshold=float(threshold), asked_threshold=True)


def _consistent(settings: Settings) -> Settings:
    labels, positive = settings.labels, settings.positive_label
    if labels is None:
        return settings
    if positive is not None and positive not in labels:
        raise wrong("positive_label", f"one of labels, not {positive!r}")
    return settings.with_labels(labels) if len(labels) == 2 else settings


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _task_type(key: str, value: Any) -> str:
    if value not in TASK_TYPES:
        raise wrong(key, f"one of {', '.join(TASK_TYPES)}, not {value!r}")
    if value != "classification":
        raise UnsupportedTask(
            f"the task type {value!r} is not one that is evaluated", "only classification is"
        )
    return str(value)


def _label(key: str, value: Any) -> str:
    if not isinstance(value, (str, int, float, bool)):
        raise wrong(key, f"a label (text, number or boolean), not {value!r}")
    text = canonical(value)
    if not text:
        raise wrong(key, "a label that is not empty")
    return text


def _labels(key: str, value: Any) -> tuple[str, ...]:
    labels = tuple(_label(key, item) for item in list_value(key, value, "labels"))
    if not labels or len(set(labels)) < len(labels):
        raise wrong(key, "a list of different labels that is not empty")
    return labels


def _texts(key: str, value: Any) -> tuple[str, ...]:
    return tuple(text_value(key, item) for item in list_value(key, value, "column names"))


def _threshold(key: str, value: Any) -> float:
    number = number_value(key, value)
    if not 0 <= number <= 1:
        raise wrong(key, f"a number from 0 to 1, not {value!r}")
    return number


def _costs(key: str, value: Any) -> dict[str, float]:
    costs = {name: number_value(f"{key}.{name}", cost) for name, cost in object_value(key, value).items()}
    if set(costs) != {"false_positive", "false_negative"} or min(costs.values()) < 0:
        raise wrong(key, 'an object {"false_positive": cost, "false_negative": cost}, neither below 0')
    return costs


COLUMN_KEYS = {"ground_truth", "prediction", "score", "id", "weight", "probabilities"}


def _columns(key: str, value: Any) -> Columns:
    given = {name: column for name, column in object_value(key, value).items() if name in COLUMN_KEYS}
    by_label: dict[str, Any] = {}
    for name, meaning in (("ground_truth", "one_hot"), ("probabilities", "probabilities")):
        if isinstance(given.get(name), dict):
            by_label[meaning] = _by_label(f"{key}.{name}", given.pop(name))
    if given.pop("probabilities", None) is not None:
        raise wrong(f"{key}.probabilities", "an object of column names by label")
    for name, column in given.items():
        if column is not None or name == "ground_truth":
            text_value(f"{key}.{name}", column)
    return Columns(**given, **by_label)


def _by_label(key: str, value: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    if not value:
        raise wrong(key, "an object of column names by label that is not empty")
    return tuple((label, text_value(f"{key}[{label}]", column)) for label, column in value.items())


def _counts(key: str, value: Any) -> dict[str, int]:
    counts = object_value(key, value)
    for label, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise wrong(f"{key}[{label}]", f"a count, not {count!r}")
    return dict(counts)


def _unknown_parts(given: Mapping[str, Any]) -> tuple[str, ...]:
    columns = [f"columns.{name}" for name in given.get("columns") or {} if name not in COLUMN_KEYS]
    return (*sorted(columns), *unknown_keys(given.get("gates")), *unknown_limits(given.get("warnings")))


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "task_type": _task_type,
    "name": text_value,
    "labels": _labels,
    "positive_label": _label,
    "threshold": _threshold,
    "costs": _costs,
    "slices": _texts,
    "examples": flag_value,
    "example_columns": _texts,
    "gates": gates_value,
    "warnings": limits_value,
    "columns": _columns,
    "baseline": text_value,
    "training_counts": _counts,
}

_FIELDS = {"warnings": "limits"}
"""The fields of ``Settings`` that are called otherwise than their key."""


def _key(field_name: str) -> str:
    return next((key for key, name in _FIELDS.items() if name == field_name), field_name)
