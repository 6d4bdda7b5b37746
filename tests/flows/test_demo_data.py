"""The demonstration's data are what they claim to be, and its store is a copy of them."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn import datasets
from sklearn.metrics import confusion_matrix, f1_score, recall_score

from flows.demo.store import build_store
from infra.storage import Store, open_store

MODELS = Path(str(resources.files("flows.demo") / "data" / "models"))
EVALUATIONS = [
    ("digits", "v1-naive-bayes"),
    ("digits", "v2-svm"),
    ("breast-cancer", "v1-two-features"),
    ("breast-cancer", "v2-all-features"),
    ("wine", "v1"),
    ("mdl-7f3a19bc92", "ver-001a1"),
]


def document(path: str) -> dict[str, object]:
    """A JSON document of the tree."""
    return json.loads((MODELS / path).read_text())


def rows(model_id: str, version_id: str, split: str = "test") -> pa.Table:
    """All rows of a version's split, its files in the order of their names."""
    folder = MODELS / model_id / "versions" / version_id / "predictions" / split
    return pa.concat_tables(pq.read_table(path) for path in sorted(folder.glob("*.parquet")))


def labels(table: pa.Table, column: str) -> np.ndarray:
    """A column of labels, as text."""
    return np.array(table[column].to_pylist()).astype(str)


def predicted(table: pa.Table) -> np.ndarray:
    """The predicted labels; of the binary scores, by the threshold 0.5."""
    if "y_pred" in table.column_names:
        return labels(table, "y_pred")
    return np.where(table["y_score"].to_numpy() >= 0.5, "malignant", "benign")


def test_every_version_lies_where_it_says_and_is_small_enough_to_commit() -> None:
    """Folders are named as the documents in them, promoted versions exist, and all is under 1 MB."""
    found = [
        (document(f"{path.relative_to(MODELS)}/model.json")["model_id"], version.name)
        for path in MODELS.iterdir()
        for version in (path / "versions").iterdir()
    ]
    assert sorted(found) == sorted(EVALUATIONS)
    for model_id, version_id in EVALUATIONS:
        version = document(f"{model_id}/versions/{version_id}/version.json")
        assert version["version_id"] == version_id
        assert (model_id, document(f"{model_id}/model.json")["promoted_version"]) in EVALUATIONS
    assert sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file()) < 1_000_000


@pytest.mark.parametrize(("model_id", "version_id"), EVALUATIONS)
def test_ids_name_each_row_once_and_labels_are_the_declared_ones(model_id: str, version_id: str) -> None:
    """No id occurs twice in any split, and actual and predicted labels are among the model's."""
    declared = set(document(f"{model_id}/model.json")["labels"])
    splits = (MODELS / model_id / "versions" / version_id / "predictions").iterdir()
    tables = [rows(model_id, version_id, split.name) for split in splits]
    ids = [name for table in tables for name in table["id"].to_pylist()]
    assert len(set(ids)) == len(ids)
    for table in tables:
        assert {*labels(table, "y_true"), *predicted(table)} <= declared


@pytest.mark.parametrize(
    ("model_id", "names", "target"),
    [
        ("digits", [str(digit) for digit in range(10)], datasets.load_digits().target),
        ("breast-cancer", ["malignant", "benign"], datasets.load_breast_cancer().target),
        ("wine", ["class_0", "class_1", "class_2"], datasets.load_wine().target),
    ],
)
def test_actual_labels_are_those_of_the_data_set(model_id: str, names: list[str], target: np.ndarray) -> None:
    """Each id's row has the data set's label, and rows not in a split are as many as were trained on."""
    for _, version_id in (pair for pair in EVALUATIONS if pair[0] == model_id):
        splits = MODELS / model_id / "versions" / version_id / "predictions"
        tables = [rows(model_id, version_id, split.name) for split in splits.iterdir()]
        for table in tables:
            numbers = [int(name.rpartition("-")[2]) for name in table["id"].to_pylist()]
            assert labels(table, "y_true").tolist() == [names[target[number]] for number in numbers]
        version = document(f"{model_id}/versions/{version_id}/version.json")
        held_out = np.concatenate([labels(table, "y_true") for table in tables])
        for label, trained in version["training_counts"].items():
            assert trained + (held_out == label).sum() == (np.array(names)[target] == label).sum()


@pytest.mark.parametrize(
    ("model_id", "version_id"), [("digits", "v1-naive-bayes"), ("digits", "v2-svm"), ("wine", "v1")]
)
def test_the_predicted_label_is_the_most_probable(model_id: str, version_id: str) -> None:
    """``y_pred`` follows from the probabilities of the row, which add up to 1 but for rounding."""
    table = rows(model_id, version_id)
    names = np.array(document(f"{model_id}/model.json")["labels"])
    probabilities = np.column_stack([table[f"proba_{name}"].to_numpy() for name in names])
    assert probabilities.dtype == np.float32
    assert abs(probabilities.sum(axis=1) - 1).max() < 1e-3
    assert labels(table, "y_pred").tolist() == names[probabilities.argmax(axis=1)].tolist()


@pytest.mark.parametrize(
    ("model_id", "version_id", "examples", "low", "high"),
    [
        ("digits", "v1-naive-bayes", 540, 0.80, 0.86),
        ("digits", "v2-svm", 540, 0.97, 0.985),
        ("breast-cancer", "v1-two-features", 171, 0.88, 0.92),
        ("breast-cancer", "v2-all-features", 171, 0.92, 0.95),
        ("wine", "v1", 72, 0.97, 1.0),
        ("mdl-7f3a19bc92", "ver-001a1", 14_000, 0.953, 0.955),
    ],
)
def test_models_are_as_good_as_they_should_be(
    model_id: str, version_id: str, examples: int, low: float, high: float
) -> None:
    """The weighted F1 on the test split lies in the range that the model's gates are set for."""
    table = rows(model_id, version_id)
    assert table.num_rows == examples
    assert low <= f1_score(labels(table, "y_true"), predicted(table), average="weighted") <= high


def test_of_the_breast_cancer_versions_only_one_finds_enough() -> None:
    """With two measurements fewer than 9 in 10 malignant samples are found, with all of them more."""
    recall = {
        version_id: recall_score(labels(table, "y_true"), predicted(table), pos_label="malignant")
        for version_id in ("v1-two-features", "v2-all-features")
        for table in [rows("breast-cancer", version_id)]
    }
    bound = document("breast-cancer/model.json")["gates"][1]
    assert bound == {"metric": "recall[malignant]", "min": 0.9}
    assert recall["v1-two-features"] < 0.9 < recall["v2-all-features"]


def test_every_wine_has_low_support() -> None:
    """Each of the three labels has fewer than 30 rows."""
    _, counts = np.unique(labels(rows("wine", "v1"), "y_true"), return_counts=True)
    assert len(counts) == 3
    assert counts.max() < 30


def test_churn_gives_the_reference_matrix() -> None:
    """The rows' confusion matrix is the published one, in an order that is not sorted by cell."""
    table = rows("mdl-7f3a19bc92", "ver-001a1")
    actual, chosen = labels(table, "y_true"), predicted(table)
    matrix = confusion_matrix(actual, chosen, labels=["not_churned", "churned"])
    assert matrix.tolist() == [[9120, 380], [270, 4230]]
    assert len(set(actual[:20])) == 2


@pytest.fixture
def store(store_url: str) -> Store:
    """An empty store of each kind."""
    return open_store(store_url)


def test_the_store_is_a_copy_of_the_tree(store: Store) -> None:
    """Every file is there under its own path with equal content, and nothing else is."""
    written = build_store(store)
    files = {
        f"models/{path.relative_to(MODELS).as_posix()}": path for path in MODELS.rglob("*") if path.is_file()
    }
    assert sorted(written) == sorted(files) == [entry.key for entry in store.list("")]
    for key, path in files.items():
        blob = store.read(key)
        assert blob is not None
        assert blob.data == path.read_bytes()


def test_what_makes_a_version_or_a_model_visible_is_written_after_what_it_names(store: Store) -> None:
    """Predictions come before any ``version.json``, and these before any ``model.json``."""
    names = [key.rpartition("/")[2].partition("-")[0] for key in build_store(store)]
    assert list(dict.fromkeys(names)) == ["part", "version.json", "model.json"]


def test_only_what_differs_is_written_again(store: Store) -> None:
    """A second call writes nothing; a changed and a lost file come back, and other files stay."""
    build_store(store)
    assert build_store(store) == []
    store.write("models/wine/model.json", b"{}", content_type="application/json")
    store.write("models/mine/model.json", b"{}", content_type="application/json")
    store.delete(["models/wine/versions/v1/version.json"])
    assert build_store(store) == ["models/wine/versions/v1/version.json", "models/wine/model.json"]
    assert store.read("models/mine/model.json") is not None


def test_content_is_compared_where_etags_say_nothing_of_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store whose ETags are not MD5 sums (encryption does that) is left alone too where it is equal."""
    build_store(store)
    plain = type(store).list

    def opaque(self: Store, prefix: str, *, etags: bool = True) -> list[object]:
        return [type(entry)(entry.key, entry.size, "opaque", entry.modified) for entry in plain(self, prefix)]

    monkeypatch.setattr(type(store), "list", opaque)
    assert build_store(store) == []
