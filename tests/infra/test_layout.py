"""Keys and ids."""

from __future__ import annotations

import pickle

import pytest

from evalcore.errors import InvalidParameter
from infra import layout
from infra.layout import Place, Target

GOOD = ["m", "0", "mdl-7f3a19bc92", "a.b_c-d", "A" * 128, "indexes", "nightly-churn", "Index", "none"]
BAD = [
    "",
    "a" * 129,
    "-a",
    ".a",
    "_a",
    "a/b",
    "..",
    "a b",
    "a\n",
    "é",
    "٣",
    "a\0",
    "index",
    "index.html",
    "index.a.b",
    "nightly",
    "nightly.",
    "nightly.x",
    None,
    7,
]


@pytest.mark.parametrize("value", GOOD)
def test_an_id_is_letters_digits_and_three_signs(value: str) -> None:
    """What is an id comes back as it was, and may be a model, a version and a checkpoint."""
    assert layout.check_id("model", value) == value
    assert Target(value, value, "test", value).model_id == value


@pytest.mark.parametrize("value", BAD)
def test_anything_else_is_refused(value: object) -> None:
    """It is refused wherever an id is wanted, in one line that says what is allowed."""
    assert not layout.is_id(value)
    for make in (
        lambda: layout.model_key(value),
        lambda: layout.version_key("m", value),
        lambda: layout.record_key(value),
        lambda: Target(value, "v"),
        lambda: Target("m", value),
    ):
        with pytest.raises(InvalidParameter, match="1 to 128 letters") as error:
            make()
        assert "\n" not in str(error.value)
        assert len(str(error.value)) < 400


def test_a_reserved_name_is_told_apart() -> None:
    """Who names a model `index.html` learns that the name is taken, not that its letters are wrong."""
    with pytest.raises(InvalidParameter, match=r"'index\.html' is a name that Assay keeps for itself"):
        layout.check_id("model", "index.html")


def test_a_checkpoint_may_be_left_out_but_not_empty() -> None:
    """None is the default checkpoint; the empty name is none."""
    assert Target("m", "v").checkpoint is None
    with pytest.raises(InvalidParameter):
        Target("m", "v", "test", "")


@pytest.mark.parametrize("value", ["", "Test", "testing", "dev", "../test", None])
def test_there_are_three_splits(value: object) -> None:
    """A split other than train, validation and test is refused with their names."""
    with pytest.raises(InvalidParameter, match="train, validation, test"):
        Target("m", "v", value)


def test_the_keys_are_those_users_rely_on() -> None:
    """Each key, letter by letter."""
    default, named = Target("m", "v", "test"), Target("m", "v", "test", "7")
    assert layout.model_key("m") == "models/m/model.json"
    assert layout.version_key("m", "v") == "models/m/versions/v/version.json"
    assert layout.predictions_prefix(default) == "models/m/versions/v/predictions/test/"
    assert layout.predictions_prefix(named) == "models/m/versions/v/predictions/test/checkpoint=7/"
    assert layout.summary_key(default) == "evaluations/m/v/test/summary.json"
    assert layout.failure_key(named) == "evaluations/m/v/test/checkpoint=7/failure.json"
    assert layout.artifact_folder("0123456789abcdef" * 4) == "0123456789abcdef/"
    assert layout.record_key("r") == "evaluations/nightly/r.json"


V = "models/m/versions/v/"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("models/m/model.json", Place("model")),
        (f"{V}version.json", Place("version", "v")),
        (f"{V}predictions/test/a.parquet", Place("predictions", "v", "test")),
        (f"{V}predictions/test/checkpoint=7/a.parquet", Place("predictions", "v", "test", "7")),
        ("models/m/ground_truth/train/a.parquet", Place("ground_truth", None, "train")),
        (f"{V}predictions/test/_SUCCESS", None),
        (f"{V}predictions/test/.crc", None),
        (f"{V}predictions/test/", None),
        (f"{V}predictions/test/2026/a.parquet", None),
        (f"{V}predictions/test/checkpoint=7/deep/a.parquet", None),
        (f"{V}predictions/test/checkpoint=/a.parquet", None),
        (f"{V}predictions/test/checkpoint=a b/a.parquet", None),
        (f"{V}predictions/dev/a.parquet", None),
        (f"{V}notes.txt", None),
        ("models/m/versions/index.x/version.json", None),
        ("models/m/versions/a b/version.json", None),
        ("models/m/ground_truth/test/deep/a.parquet", None),
        ("models/m/README.md", None),
    ],
)
def test_what_lies_where(key: str, expected: Place | None) -> None:
    """What is Assay's to read is recognised by its place, and nothing else is."""
    assert layout.place("m", key) == expected


def test_evaluations_are_recognised_by_their_keys() -> None:
    """The target and the file's name; None for artifacts, records and the index."""
    for target in (Target("m", "v", "train"), Target("m", "v", "test", "7")):
        assert layout.evaluated(layout.summary_key(target)) == (target, "summary.json")
    for key in (
        "evaluations/index.json",
        "evaluations/nightly/r.json",
        "evaluations/m/v/test/0123456789abcdef/report.html",
        "evaluations/nightly/v/test/summary.json",
        "evaluations/m/v/dev/summary.json",
    ):
        assert layout.evaluated(key) is None


def test_only_sixteen_hex_digits_are_an_artifact_folder() -> None:
    """A checkpoint's folder or a user's own is never taken for one."""
    target = Target("m", "v")
    folder = layout.evaluation_folder(target)
    assert layout.artifact_folder_of(target, f"{folder}0123456789abcdef/a/b") == "0123456789abcdef/"
    for rest in (
        "0123456789abcdef",
        "0123456789ABCDEF/a",
        "0123456789abcdef0/a",
        "checkpoint=7/0123456789abcdef/a",
    ):
        assert layout.artifact_folder_of(target, folder + rest) is None
    with pytest.raises(ValueError, match="not an evaluation's digest"):
        layout.artifact_folder("../../x")


def test_a_target_travels() -> None:
    """It is equal after pickling, and reads as words."""
    target = Target("m", "v", "test", "7")
    assert pickle.loads(pickle.dumps(target)) == target  # noqa: S301
    assert str(target) == "m v test checkpoint 7"
