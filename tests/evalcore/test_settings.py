"""Settings: what is read, what is refused, who wins."""

from __future__ import annotations

from typing import Any

import pytest

from evalcore.errors import InvalidParameter, InvalidSettings, UnsupportedTask
from evalcore.limits import DEFAULTS
from evalcore.settings import resolve_settings


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"labels": "a"}, "labels"),
        ({"labels": []}, "labels"),
        ({"labels": ["a", "a"]}, "labels"),
        ({"labels": ["a", {}]}, "labels"),
        ({"labels": [1, "1"]}, "labels"),
        ({"labels": ["a", "b"], "positive_label": "c"}, "positive_label"),
        ({"threshold": "0.5"}, "threshold"),
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": 10**400}, "threshold"),
        ({"threshold": True}, "threshold"),
        ({"costs": {"false_positive": 1}}, "costs"),
        ({"costs": {"false_positive": 1, "false_negative": -1}}, "costs"),
        ({"gates": {"metric": "accuracy", "min": 1}}, "gates"),
        ({"gates": [{"metric": "accuracy"}]}, "gates[0]"),
        ({"gates": [{"metric": "accuracy", "min": 0, "max": 1}]}, "gates[0]"),
        ({"gates": [{"metric": "accuracy", "min": "x"}]}, "gates[0].min"),
        ({"gates": [{"metric": "accuracy", "max_drop": "0.1"}]}, "gates[0].max_drop"),
        ({"gates": [{"metric": "accuracy", "max_drop": 0.1, "min": 0}]}, "gates[0]"),
        ({"gates": [{"metric": "accuracy", "max_drop": 0.1, "optional": 1}]}, "gates[0].optional"),
        ({"gates": [{"metric": "accuracy", "min": 0.1, "optional": True}]}, "gates[0].optional"),
        ({"warnings": []}, "warnings"),
        ({"warnings": {"low_support": 50}}, "warnings.low_support"),
        ({"warnings": {"low_support": {"rows": "50"}}}, "warnings.low_support.rows"),
        ({"warnings": {"low_support": {"rows": -1}}}, "warnings.low_support.rows"),
        ({"warnings": {"confused_pair": {"share": 1.1}}}, "warnings.confused_pair.share"),
        ({"gates": [{"min": 0.1}]}, "gates[0].metric"),
        ({"gates": ["accuracy"]}, "gates[0]"),
        ({"gates": [{"metric": "accuracy", "min": 1, "confident": 1}]}, "gates[0].confident"),
        ({"columns": ["y"]}, "columns"),
        ({"columns": {"prediction": 1}}, "columns.prediction"),
        ({"columns": {"ground_truth": None}}, "columns.ground_truth"),
        ({"training_counts": {"a": -1}}, "training_counts[a]"),
        ({"training_counts": [1]}, "training_counts"),
        ({"task_type": "clustering"}, "task_type"),
        ({"name": 7}, "name"),
        ({"slices": "region"}, "slices"),
        ({"organization": 4}, "organization"),
        ({"model_id": ["m"]}, "model_id"),
        ({"created_at": 20261120}, "created_at"),
        ({"promoted_version": 4}, "promoted_version"),
    ],
)
def test_a_wrong_value_names_its_key(settings: dict[str, Any], named: str) -> None:
    """A value of the wrong type or range is invalid_settings, with the key in message and details."""
    with pytest.raises(InvalidSettings) as caught:
        resolve_settings(settings, {})

    assert named == caught.value.details["setting"]
    assert repr(named) in caught.value.message


@pytest.mark.parametrize(
    ("model", "version", "file"),
    [
        ({"threshold": "high"}, {"name": "N"}, "m/model.json"),
        ({"threshold": 0.5}, {"threshold": "high"}, "m/v/version.json"),
        ({"threshold": "high"}, {"threshold": None}, None),
        ({"gates": [{"min": 1}]}, {}, "m/model.json"),
        ({}, {"columns": {"score": 1}}, "m/v/version.json"),
        ({"labels": ["a", "b"]}, {"positive_label": "c"}, "m/v/version.json"),
    ],
)
def test_a_wrong_value_names_its_file(
    model: dict[str, Any], version: dict[str, Any], file: str | None
) -> None:
    """The one that the value is read from, as the caller calls it."""
    names = ("m/model.json", "m/v/version.json")
    if file is None:
        assert resolve_settings(model, version, files=names).threshold is None
        return
    with pytest.raises(InvalidSettings) as caught:
        resolve_settings(model, version, files=names)

    assert caught.value.remedy == f"correct it in {file}"
    assert caught.value.details["key"] == file


def test_the_version_wins() -> None:
    """version.json overrules model.json key by key."""
    settings = resolve_settings({"threshold": 0.3, "name": "N"}, {"threshold": 0.4})

    assert (settings.threshold, settings.name) == (0.4, "N")


def test_an_unknown_key_is_a_warning() -> None:
    """A key that is not known is named in a warning, in columns and gates too, and nothing fails."""
    given = {"tresh": 1, "columns": {"truth": "t"}, "gates": [{"metric": "accuracy", "min": 0, "mn": 1}]}
    settings = resolve_settings(given, {"version_id": "v", "created_at": "x"})

    assert [warning.code for warning in settings.warnings()] == ["unknown_setting"] * 3
    assert settings.unknown == ("tresh", "columns.truth", "gates[0].mn")


def test_an_unknown_limit_is_a_warning() -> None:
    """A warning or a number of it that is not known is named, and the rest holds."""
    given = {"low_support": {"rows": 50, "columns": 1}, "low_suport": {"rows": 1}, "confused_pair": None}
    settings = resolve_settings({"warnings": given}, {})

    assert settings.unknown == ("warnings.low_support.columns", "warnings.low_suport")
    assert settings.limits == {**DEFAULTS, "low_support": {"rows": 50}}
    assert settings.document()["warnings"]["low_support"] == {"rows": 50}
    assert resolve_settings({}, {}).document()["warnings"] == DEFAULTS


@pytest.mark.parametrize("task", ["regression", "multilabel", "object_detection"])
def test_other_tasks_are_unsupported(task: str) -> None:
    """A task that cannot be evaluated is unsupported_task, not an empty result."""
    with pytest.raises(UnsupportedTask, match=task):
        resolve_settings({"task_type": task}, {})


@pytest.mark.parametrize(
    ("labels", "positive"), [([0, 1], "1"), ([1, -1], "1"), ([False, True], "true"), (["no", "yes"], None)]
)
def test_only_conventional_pairs_have_a_positive_label(labels: list[Any], positive: str | None) -> None:
    """{0, 1}, {-1, 1} and {false, true} have one; others need it said."""
    assert positive == resolve_settings({"labels": labels}, {}).positive_label


def test_an_asked_threshold_wins_and_is_checked() -> None:
    """The caller's threshold overrules the files', and one outside [0, 1] is invalid_parameter."""
    assert resolve_settings({"threshold": 0.3}, {}, threshold=0.9).threshold == 0.9
    with pytest.raises(InvalidParameter, match=r"1\.1"):
        resolve_settings({}, {}, threshold=1.1)
    with pytest.raises(InvalidParameter):
        resolve_settings({}, {}, threshold=float("nan"))


def test_null_is_as_if_left_out() -> None:
    """A key that is null has its default."""
    assert (
        resolve_settings({}, {}).document()
        == resolve_settings({"labels": None, "gates": None}, {}).document()
    )
