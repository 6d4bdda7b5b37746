"""Models, their versions and what an evaluation of them reads."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from evalcore.errors import (
    InvalidParameter,
    InvalidSettings,
    ModelNotFound,
    PredictionsNotFound,
    VersionNotFound,
)
from infra.layout import Target
from infra.registry import Inputs, Model, Registry
from infra.storage import InputChanged, Store, open_store
from tests.infra.doubles import Wrapped, put, put_model, put_version


@pytest.fixture
def store(folder_store: str) -> Store:
    """An empty store."""
    return open_store(folder_store)


def model(store: Any) -> Model:
    """The model as it is now."""
    return Registry(store).model("m")


def keys(entries: Any) -> list[str]:
    """The keys below the model's folder."""
    return [entry.key.removeprefix("models/m/") for entry in entries]


def test_models_are_the_folders_with_an_id(store: Store) -> None:
    """Sorted; a folder whose name is no id is not seen, nor are files."""
    for key in ("b/model.json", "a/model.json", "index.x/model.json", "a b/model.json", "note.txt"):
        put(store, f"models/{key}")
    assert Registry(store).models() == ["a", "b"]


def test_a_model_that_is_not_there(store: Store) -> None:
    """The error names up to five that are."""
    for name in "abcdefg":
        put_model(store, name)
    with pytest.raises(ModelNotFound, match="the store has a, b, c, d, e and 2 more"):
        Registry(store).model("x")
    with pytest.raises(InvalidParameter):
        Registry(store).model("../x")


def test_a_folder_without_model_json_is_no_model(store: Store) -> None:
    """The error says which file is missing."""
    put_version(store, "v1", "test")
    with pytest.raises(ModelNotFound, match=r"but no models/m/model\.json"):
        model(store)


def test_an_empty_store_says_so(store: Store) -> None:
    """A first user learns how a model comes to be."""
    with pytest.raises(ModelNotFound, match="the store has no models; `assay add` makes one"):
        model(store)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "line 1"),
        ("[]", "not a JSON object"),
        ('{"threshold": NaN}', "NaN"),
        ('{"threshold": 1e999}', "too large"),
        ('{"name": "a", "name": "b"}', "'name' stands there twice"),
        ('{"name": "\\ud800"}', "not UTF-8"),
        (b'{"name": "\xff"}', "not UTF-8"),
        ("[" * 100_000, "nested"),
        ('{"model_id": "other"}', "its folder says 'm'"),
        ('{"model_id": 5}', "its folder says 'm'"),
        ("", "line 1"),
    ],
)
def test_a_broken_model_json_is_named(store: Store, content: str | bytes, reason: str) -> None:
    """The error names the file and what is wrong in it, in one short line."""
    put(store, "models/m/model.json", content)
    with pytest.raises(InvalidSettings, match=r"models/m/model\.json") as error:
        model(store)
    assert reason in str(error.value)
    assert len(str(error.value)) < 300


def test_a_byte_order_mark_is_no_harm(store: Store) -> None:
    """Some editors put one before the text."""
    put(store, "models/m/model.json", b'\xef\xbb\xbf{"name": "Churn"}')
    assert model(store).document == {"name": "Churn"}


def test_a_version_exists_once_its_json_does(store: Store) -> None:
    """Predictions alone are an upload under way."""
    put_model(store)
    put_version(store, "v1", "test")
    put(store, "models/m/versions/v2/predictions/test/a.parquet")
    assert model(store).versions() == ["v1"]
    with pytest.raises(VersionNotFound, match="it has v1; a version exists once"):
        model(store).resolve("v2")
    with pytest.raises(VersionNotFound):
        model(store).inputs(Target("m", "v2"))


def test_a_version_needs_no_facts_of_its_own(store: Store) -> None:
    """An empty object is a version.json."""
    put_model(store)
    put_version(store, "v1", "test")
    put(store, "models/m/versions/v1/version.json", b"{}")
    assert model(store).version("v1") == {}
    assert model(store).resolve("v1") == "v1"


def test_the_promoted_version_is_the_default(store: Store) -> None:
    """Else the one named; without either, the error says how to promote one."""
    put_model(store, promoted_version="v1")
    put_version(store, "v1")
    put_version(store, "v2")
    assert (model(store).resolve(None), model(store).resolve("v2"), model(store).promoted) == (
        "v1",
        "v2",
        "v1",
    )
    put_model(store)
    with pytest.raises(VersionNotFound, match="assay promote m VERSION"):
        model(store).resolve(None)


@pytest.mark.parametrize("value", [5, ["v1"], "", "../v1"])
def test_a_promoted_version_that_is_no_id(store: Store, value: object) -> None:
    """The error names the key and the file."""
    put_model(store, promoted_version=value)
    with pytest.raises(InvalidSettings, match=r"promoted_version in models/m/model\.json"):
        model(store).resolve(None)


def test_a_promoted_version_that_is_gone(store: Store) -> None:
    """It is a version that is not there, not a version that is not named."""
    put_model(store, promoted_version="v9")
    with pytest.raises(VersionNotFound, match="model m has no version v9"):
        model(store).resolve(None)


@pytest.mark.parametrize(
    "value", [5, "yesterday", "2026-11-20", "2026-11-20T02:00:00", "2026-13-20T02:00:00Z"]
)
def test_a_time_that_is_none(store: Store, value: object) -> None:
    """`created_at` without a day, a time and an offset is refused, naming the file."""
    put_model(store)
    put_version(store, "v1", created_at=value)
    with pytest.raises(InvalidSettings, match=r"created_at in models/m/versions/v1/version\.json"):
        model(store).version("v1")


def test_the_latest_version_goes_by_time_then_by_id(store: Store) -> None:
    """Offsets count, a missing time is oldest, and equal times go by the id."""
    put_model(store)
    put_version(store, "a", created_at="2026-11-20T02:00:00Z")
    put_version(store, "z")
    assert model(store).latest() == "a"
    put_version(store, "b", created_at="2026-11-20T03:00:00+01:00")
    assert model(store).latest() == "b"
    put_version(store, "0", created_at="2026-11-20T01:30:00.5-01:00")
    assert model(store).latest() == "0"
    put_version(store, "c", created_at="not a time")
    with pytest.raises(InvalidSettings):
        model(store).latest()


def test_splits_and_checkpoints_that_have_predictions(store: Store) -> None:
    """In the order of training, the default checkpoint first; empty and foreign folders are left out."""
    put_model(store)
    put_version(store, "v1", "test", "test/checkpoint=b", "test/checkpoint=a", "train", "dev", "test/deep")
    put(store, "models/m/versions/v1/predictions/validation/_SUCCESS")
    assert model(store).splits("v1") == (("train", None), ("test", None), ("test", "a"), ("test", "b"))


def full(store: Store, **settings: Any) -> None:
    """Three versions with test and validation predictions, the second promoted."""
    put_model(store, promoted_version="v2", **settings)
    for number in (1, 2, 3):
        put_version(store, f"v{number}", "test", "validation", created_at=f"2026-11-2{number}T00:00:00Z")
    put(store, "models/m/ground_truth/test/g.parquet")
    put(store, "models/m/ground_truth/validation/g.parquet")


def inputs(
    store: Store, version: str, split: str = "test", checkpoint: str | None = None, **options: Any
) -> Inputs:
    """The inputs of one evaluation."""
    return model(store).inputs(Target("m", version, split, checkpoint), **options)


def test_the_inputs_of_an_evaluation(store: Store) -> None:
    """Its own files, the ground truth, the validation predictions and the promoted version's."""
    full(store)
    found = inputs(store, "v3")
    assert keys(found.predictions) == ["versions/v3/predictions/test/part-0.parquet"]
    assert keys(found.ground_truth) == ["ground_truth/test/g.parquet"]
    assert keys(found.validation) == ["versions/v3/predictions/validation/part-0.parquet"]
    assert keys(found.validation_ground_truth) == ["ground_truth/validation/g.parquet"]
    assert keys(found.baseline) == ["versions/v2/predictions/test/part-0.parquet"]
    assert found.baseline_version == "v2"
    assert found.splits == (("validation", None), ("test", None))
    assert all(entry.etag for _, entry in found.entries())
    assert [role for role, _ in found.entries()] == [
        "predictions",
        "ground_truth",
        "validation",
        "validation_ground_truth",
        "baseline",
    ]
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301


def test_the_validation_split_has_no_validation_predictions_beside_it(store: Store) -> None:
    """They are its own."""
    full(store)
    found = inputs(store, "v3", "validation")
    assert (found.validation, found.validation_ground_truth) == ((), ())
    assert keys(found.ground_truth) == ["ground_truth/validation/g.parquet"]


def test_a_checkpoint_has_its_own_files(store: Store) -> None:
    """Test and validation of the same checkpoint; the baseline is the other version's default one."""
    full(store)
    put_version(store, "v3", "test/checkpoint=7", created_at="2026-11-23T00:00:00Z")
    put(store, "models/m/versions/v3/predictions/test/a.parquet")
    assert len(inputs(store, "v3").predictions) == 2
    found = inputs(store, "v3", checkpoint="7")
    assert keys(found.predictions) == ["versions/v3/predictions/test/checkpoint=7/part-0.parquet"]
    assert found.validation == ()
    assert keys(found.baseline) == ["versions/v2/predictions/test/part-0.parquet"]


def test_the_promoted_version_is_compared_with_the_one_before(store: Store) -> None:
    """The one before by time; the first has none."""
    full(store)
    assert inputs(store, "v2").baseline_version == "v1"
    put_model(store, promoted_version="v1")
    assert (inputs(store, "v1").baseline_version, inputs(store, "v1").baseline) == (None, ())


def test_a_broken_neighbour_does_not_stop_an_evaluation(store: Store) -> None:
    """A version that cannot be placed in time is not the one before."""
    full(store)
    put(store, "models/m/versions/v1/version.json", "{")
    assert inputs(store, "v2").baseline_version is None


@pytest.mark.parametrize(
    ("in_model", "in_version", "expected"),
    [("v1", "v3", "v3"), ("v1", None, "v1"), ("none", "v1", "v1"), ("v1", "none", None), ("v9", None, "v9")],
)
def test_the_settings_choose_a_baseline(
    store: Store, in_model: str, in_version: str | None, expected: str | None
) -> None:
    """The version's setting wins; "none" is none; one that is not there is named but has no files."""
    full(store, baseline=in_model)
    extra = {"baseline": in_version} if in_version else {}
    put_version(store, "v2", "test", created_at="2026-11-22T00:00:00Z", **extra)
    found = inputs(store, "v2")
    assert found.baseline_version == expected
    assert bool(found.baseline) == (expected in ("v1", "v3"))


def test_the_baselines_settings_are_among_the_inputs(store: Store) -> None:
    """Its version.json as it is; None where it is broken or not there, for that is no fault of this version."""
    full(store)
    put_version(store, "v2", "test", created_at="2026-11-22T00:00:00Z", threshold=0.25)
    assert (inputs(store, "v3").baseline_settings or {})["threshold"] == 0.25
    assert inputs(store, "v3", baseline="none").baseline_settings is None
    put(store, "models/m/versions/v2/version.json", "{")
    found = inputs(store, "v3")
    assert (found.baseline_version, found.baseline_settings) == ("v2", None)
    put_model(store, promoted_version="v2", baseline="v9")
    assert inputs(store, "v3").baseline_settings is None


def test_a_baseline_to_try(store: Store) -> None:
    """It overrules the settings, and must be there."""
    full(store, baseline="v1")
    assert inputs(store, "v3", baseline="v2").baseline_version == "v2"
    assert inputs(store, "v3", baseline="none").baseline_version is None
    with pytest.raises(VersionNotFound):
        inputs(store, "v3", baseline="v9")


def test_a_baseline_of_the_wrong_type(store: Store) -> None:
    """The error names the key and the file."""
    full(store, baseline=5)
    with pytest.raises(InvalidSettings, match=r"baseline in models/m/model\.json"):
        inputs(store, "v3")


def test_predictions_that_are_not_there(store: Store) -> None:
    """The error says what there is."""
    put_model(store)
    put_version(store, "v1", "test", "test/checkpoint=7")
    with pytest.raises(PredictionsNotFound, match="the version has some for test, test checkpoint 7"):
        inputs(store, "v1", "train")
    put_version(store, "v2")
    with pytest.raises(PredictionsNotFound, match="none for any split"):
        inputs(store, "v2")


def test_a_model_costs_one_listing_and_two_small_files(store_url: str) -> None:
    """With one version; a folder is listed again for the ETags of each kind of input alone."""
    store = open_store(store_url)
    put_model(store, promoted_version="v1")
    put_version(store, "v1", "test")
    counted = Wrapped(store)
    Registry(counted).model("m").inputs(Target("m", "v1"))
    again = [("list", "models/m/versions/v1/predictions/test/part-0.parquet")]
    assert counted.calls == [
        ("list", "models/m/"),
        ("read", "models/m/model.json"),
        ("read", "models/m/versions/v1/version.json"),
        *([] if store_url.startswith("s3:") else again),
    ]


def test_settings_that_change_meanwhile_are_read_once_more(store_url: str) -> None:
    """The second reading counts; a file that keeps changing is an error."""
    store = open_store(store_url)
    put_model(store)
    changes = []

    def change(number: int, name: str, args: Any) -> None:
        if name == "read" and len(changes) < limit:
            changes.append(put(store, "models/m/model.json", {"name": f"{limit} {number}"}))

    limit = 1
    document = Registry(Wrapped(store, before=change)).model("m").document
    assert document == {"name": "1 1"}
    if store_url.startswith("s3:"):
        changes, limit = [], 2
        with pytest.raises(InputChanged):
            Registry(Wrapped(store, before=change)).model("m")
