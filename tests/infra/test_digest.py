"""The digest of what an evaluation depends on."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from evalcore.errors import InternalError
from infra.digest import digest
from infra.layout import Target
from infra.registry import Inputs
from infra.storage import Entry

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def entry(key: str = "a", size: int = 1, etag: str | None = "e", modified: datetime = NOW) -> Entry:
    """A listed object."""
    return Entry(key, size, etag, modified)


BASE = Inputs(
    target=Target("m", "v"),
    model={"name": "Model"},
    version={"created_at": "2026-11-20T02:00:00Z", "training_counts": {"a": 1}},
    predictions=(entry("p"),),
    ground_truth=(entry("g"),),
    validation=(entry("w"),),
    validation_ground_truth=(),
    baseline=(entry("b"),),
    baseline_version="u",
    baseline_settings={"threshold": 0.5, "training_counts": {"a": 2}},
    splits=(("test", None),),
)


def of(settings: dict[str, Any] | None = None, figures: str = "1", reports: str = "1", **changes: Any) -> str:
    """The digest of the inputs above with some changes."""
    return digest(dataclasses.replace(BASE, **changes), settings or {"threshold": 0.5}, figures, reports)


def test_it_is_a_fixed_function() -> None:
    """Equal inputs have had this digest on every machine: stored evaluations stand by it."""
    assert of() == "48087cf040506af7a26ad75d2c6eb994bd2bd67a3003c607db72c6e68c2edba3"
    assert re.fullmatch("[0-9a-f]{64}", of())


CHANGES: list[dict[str, Any]] = [
    {"settings": {"threshold": 0.6}},
    {"figures": "2"},
    {"reports": "2"},
    {"target": Target("m", "v", "test", "7")},
    {"version": {**BASE.version, "created_at": None}},
    {"version": {**BASE.version, "training_counts": {"a": 2}}},
    {"version": {"created_at": BASE.version["created_at"]}},
    {"predictions": (entry("p", etag="f"),)},
    {"predictions": (entry("p", size=2),)},
    {"predictions": (entry("q"),)},
    {"predictions": (entry("p"), entry("q"))},
    {"ground_truth": ()},
    {"validation": ()},
    {"validation_ground_truth": (entry("h"),)},
    {"baseline": ()},
    {"baseline_version": "t"},
    {"baseline_settings": {**(BASE.baseline_settings or {}), "threshold": 0.6}},
    {"model": {**BASE.model, "positive_label": "a"}},
    {"baseline_settings": None},
    {"splits": (("test", None), ("test", "7"))},
    {"ground_truth": BASE.validation, "validation": BASE.ground_truth},
]


def test_whatever_the_result_depends_on_changes_it() -> None:
    """Each input, the role it plays, the settings and both versions: all digests differ."""
    digests = [of(), *(of(**change) for change in CHANGES)]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize(
    "change",
    [
        {"predictions": (entry("p", modified=datetime(2027, 1, 1, tzinfo=UTC)),)},
        {"model": {"name": "Model", "promoted_version": "z", "organization": "o"}},
        {"baseline_settings": {**(BASE.baseline_settings or {}), "version_id": "u", "gates": []}},
        {"version": dict(reversed(BASE.version.items()))},
    ],
)
def test_nothing_else_does(change: dict[str, Any]) -> None:
    """Not when a file was written, nor what is promoted, nor the order of names in a file."""
    assert of(**change) == of()


def test_the_model_may_give_the_training_counts() -> None:
    """They count from where they come, and the version's win."""
    version = {"created_at": BASE.version["created_at"]}
    assert of(model={"training_counts": {"a": 1}}, version=version) == of()


def test_an_input_without_its_etag_has_no_digest() -> None:
    """Two contents of one size would look the same."""
    with pytest.raises(InternalError):
        of(predictions=(entry("p", etag=None),))
