"""Makes the demonstration's data: ``python -m flows.demo.make_predictions [FOLDER]``.

A development script, run by hand when the data should change; it needs scikit-learn, and the demonstration
itself does not. It writes the tree of a store, ``models/<model_id>/…``, so that making the store is copying.

Three of the four models are real. They are trained on data sets that come with scikit-learn, on half or so of
the rows, and every prediction is of a row that the model has never seen:

- ``digits``: handwritten digits, 10 labels; naive Bayes, and a support vector machine whose probabilities are
  calibrated by cross-validation within the training rows;
- ``breast-cancer``: malignant or benign; logistic regression on two measurements, and on all thirty;
- ``wine``: three cultivars; logistic regression, few rows.

**The fourth is not a trained model.** ``mdl-7f3a19bc92`` ("Customer churn") reproduces a published reference
example: its rows are made up so that they give exactly the confusion matrix [[9120, 380], [270, 4230]].

A row's id is its number within the data set. Probabilities are rounded to four places: the files stay small,
and the last bits of another machine's linear algebra do not show. The same lock file gives the same bytes.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.base import ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

DATA = Path(__file__).parent / "data"
ORGANIZATION = "org-acme"
SEED = 0


class Rows(NamedTuple):
    """Row numbers of the three splits of a data set."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def main(arguments: Sequence[str] | None = None) -> None:
    """Write everything to the folder that is named, by default where the package keeps it."""
    arguments = sys.argv[1:] if arguments is None else arguments
    folder = Path(arguments[0]) if arguments else DATA
    shutil.rmtree(folder / "models", ignore_errors=True)
    for make in (digits, breast_cancer, wine, churn):
        make(folder)
    files = [path for path in folder.rglob("*") if path.is_file()]
    sys.stdout.write(
        f"{len(files)} files, {sum(path.stat().st_size for path in files):,} bytes in {folder}\n"
    )


def digits(folder: Path) -> None:
    """Ten labels with a probability each, as integers in the files; two versions, the better one promoted."""
    data = load_digits()
    rows = split(data.target, test=0.3, validation=0.2)
    labels = [str(name) for name in data.target_names]
    model = {
        "name": "Handwritten digits",
        "promoted_version": "v2-svm",
        "labels": labels,
        "gates": [{"metric": "weighted_f1", "min": 0.95}],
    }
    write_model(folder, "digits", model)
    support_vectors = make_pipeline(StandardScaler(), SVC())
    versions = {
        "v1-naive-bayes": ("2026-10-12T09:30:00Z", GaussianNB()),
        "v2-svm": ("2026-11-16T14:05:00Z", CalibratedClassifierCV(support_vectors, ensemble=False)),
    }
    for version_id, (created_at, classifier) in versions.items():
        classifier.fit(data.data[rows.train], data.target[rows.train])
        version = {"created_at": created_at, "training_counts": counts(data.target[rows.train], labels)}
        write_version(folder, "digits", version_id, version)
        for name in ("validation", "test"):
            chosen = getattr(rows, name)
            columns = several_labels(classifier, data.data[chosen], data.target_names)
            table = {"id": ids("digits", chosen), "y_true": data.target[chosen], **columns}
            write_predictions(folder, "digits", version_id, name, table)


def breast_cancer(folder: Path) -> None:
    """Two labels with the score of the positive one; the version on two measurements misses too many."""
    data = load_breast_cancer()
    names = np.array(["benign", "malignant"])
    actual = 1 - data.target  # the data set has malignant as 0
    rows = split(actual, test=0.3, validation=0.2)
    model = {
        "name": "Breast cancer, benign or malignant",
        "promoted_version": "v2-all-features",
        "labels": names.tolist(),
        "positive_label": "malignant",
        "threshold": 0.5,
        "costs": {"false_positive": 1, "false_negative": 5},
        "gates": [{"metric": "weighted_f1", "min": 0.9}, {"metric": "recall[malignant]", "min": 0.9}],
    }
    write_model(folder, "breast-cancer", model)
    versions = {
        "v1-two-features": ("2026-10-20T08:00:00Z", ["mean radius", "mean texture"]),
        "v2-all-features": ("2026-11-18T16:45:00Z", list(data.feature_names)),
    }
    for version_id, (created_at, features) in versions.items():
        measured = data.data[:, np.isin(data.feature_names, features)]
        classifier = logistic_regression().fit(measured[rows.train], actual[rows.train])
        version = {"created_at": created_at, "training_counts": counts(names[actual[rows.train]], names)}
        write_version(folder, "breast-cancer", version_id, version)
        for name in ("validation", "test"):
            chosen = getattr(rows, name)
            score = rounded(classifier.predict_proba(measured[chosen])[:, 1])
            table = {"id": ids("breast-cancer", chosen), "y_true": names[actual[chosen]], "y_score": score}
            write_predictions(folder, "breast-cancer", version_id, name, table)


def wine(folder: Path) -> None:
    """Three labels with fewer than 30 rows each, and no gate."""
    data = load_wine()
    names = np.array([str(name) for name in data.target_names])
    rows = split(data.target, test=0.4)
    write_model(
        folder, "wine", {"name": "Wine cultivars", "promoted_version": "v1", "labels": names.tolist()}
    )
    classifier = logistic_regression().fit(data.data[rows.train], names[data.target[rows.train]])
    training = counts(names[data.target[rows.train]], names)
    write_version(folder, "wine", "v1", {"created_at": "2026-11-03T11:20:00Z", "training_counts": training})
    columns = several_labels(classifier, data.data[rows.test], names)
    table = {"id": ids("wine", rows.test), "y_true": names[data.target[rows.test]], **columns}
    write_predictions(folder, "wine", "v1", "test", table)


def churn(folder: Path) -> None:
    """Rows made up to give a published matrix exactly, in an order that is shuffled but always the same."""
    matrix = [[9120, 380], [270, 4230]]
    names = np.array(["not_churned", "churned"])
    model_id, version_id = "mdl-7f3a19bc92", "ver-001a1"
    model = {
        "name": "Customer churn",
        "promoted_version": version_id,
        "labels": names.tolist(),
        "positive_label": "churned",
        "gates": [{"metric": "weighted_f1", "min": 0.9}],
    }
    training_counts = {"not_churned": 38000, "churned": 18000}
    version = {"created_at": "2026-11-20T02:00:00Z", "training_counts": training_counts}
    write_model(folder, model_id, model)
    write_version(folder, model_id, version_id, version)
    cells = np.repeat(np.arange(4), np.ravel(matrix))
    cells = cells[np.random.default_rng(SEED).permutation(len(cells))]
    for part, chosen in enumerate(np.array_split(np.arange(len(cells)), 2)):
        actual, predicted = names[cells[chosen] // 2], names[cells[chosen] % 2]
        table = {"id": ids("customer", chosen, digits=5), "y_true": actual, "y_pred": predicted}
        write_predictions(folder, model_id, version_id, "test", table, part)


def split(target: np.ndarray, *, test: float, validation: float = 0.0) -> Rows:
    """Sorted row numbers of the splits, stratified; the shares are of all rows."""
    rows = np.arange(len(target))
    train, tested = train_test_split(rows, test_size=test, stratify=target, random_state=SEED)
    validated = rows[:0]
    if validation:
        share = validation / (1 - test)
        train, validated = train_test_split(train, test_size=share, stratify=target[train], random_state=SEED)
    return Rows(np.sort(train), np.sort(validated), np.sort(tested))


def logistic_regression() -> ClassifierMixin:
    """Logistic regression on standardised columns."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def several_labels(classifier: Any, measured: np.ndarray, names: np.ndarray) -> dict[str, np.ndarray]:
    """``y_pred`` and a column of probabilities per label; what is predicted follows the rounded ones."""
    probabilities = rounded(classifier.predict_proba(measured))
    columns = {f"proba_{name}": probabilities[:, k] for k, name in enumerate(names)}
    return {"y_pred": names[probabilities.argmax(axis=1)], **columns}


def rounded(probabilities: np.ndarray) -> np.ndarray:
    """Four decimal places, as float32."""
    return probabilities.round(4).astype(np.float32)


def ids(prefix: str, rows: np.ndarray, digits: int = 4) -> list[str]:
    """Names of rows, such as ``digits-0042``."""
    return [f"{prefix}-{row:0{digits}d}" for row in rows]


def counts(values: np.ndarray, labels: Sequence[str] | np.ndarray) -> dict[str, int]:
    """How often each label occurs, in the order of the labels."""
    text = values.astype(str)
    return {str(label): int((text == str(label)).sum()) for label in labels}


def write_model(folder: Path, model_id: str, document: Mapping[str, Any]) -> None:
    """Write ``model.json``."""
    head = {"model_id": model_id, "task_type": "classification", "organization": ORGANIZATION}
    write_json(folder / "models" / model_id / "model.json", {**head, **document})


def write_version(folder: Path, model_id: str, version_id: str, document: Mapping[str, Any]) -> None:
    """Write ``version.json``."""
    path = folder / "models" / model_id / "versions" / version_id / "version.json"
    write_json(path, {"version_id": version_id, **document})


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document that reads well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_predictions(
    folder: Path, model_id: str, version_id: str, name: str, columns: Mapping[str, Any], part: int = 0
) -> None:
    """Write one Parquet file of predictions of the split ``name``."""
    place = folder / "models" / model_id / "versions" / version_id / "predictions" / name
    place.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(dict(columns)), place / f"part-{part}.parquet", compression="zstd")


if __name__ == "__main__":
    main()
