"""Odd labels, from Arrow columns to the summary, against scikit-learn on their texts."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from evalcore.batch import Source
from evalcore.columns import plan_reading
from evalcore.evaluate import evaluate_batches
from evalcore.labels import canonical
from evalcore.reading import read_batch
from evalcore.settings import resolve_settings
from evalcore.summary import Identity, dump, summary_document

ODD = (
    "",
    " ",
    "a",
    "A",
    "\u00e9",
    "e\u0301",  # the same to the eye, another text
    "ярлык",
    "标签",
    "שלום",
    "‮cba‬",
    "👩‍🔬",
    "x" * 300,
    "x" * 299 + "y",
    "tab\there",
    "line\nbreak",
    "\x00\x1f",
    "null",
    "NaN",
    "true",
    "True",
    "1",
    "1.0",
    "01",
    "-0",
    "1e3",
    "inf",
    "<script>alert(1)</script>",
    "a[b].c",
    "__proto__",
)
texts = st.sampled_from(ODD) | st.text(st.characters(codec="utf-8"), max_size=12)
numbers = st.sampled_from([0, 1, -1, 7, 10, 2**53, -(2**40)])
columns = st.one_of(
    st.lists(st.tuples(texts, texts), min_size=1, max_size=40),
    st.lists(st.tuples(numbers, numbers), min_size=1, max_size=40),
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40),
    st.lists(st.tuples(numbers.map(float), numbers), min_size=1, max_size=40),
    st.lists(st.tuples(numbers, numbers.map(str)), min_size=1, max_size=40),
)


def summary(actual: Any, predicted: Any, cut: int = 0, **given: Any) -> dict[str, Any]:
    """What the summary of these columns says, read back from its JSON."""
    resolved = resolve_settings(given, {})
    table = pa.table({"y_true": actual, "y_pred": predicted})
    reading = plan_reading(resolved, table.column_names, "f")
    parts = [table.slice(0, cut), table.slice(cut)]
    batches = [read_batch(part, reading, Source("f")) for part in parts]
    identity = Identity("m", "m", "v", None, "0", "test", None)
    document = summary_document(evaluate_batches(batches, resolved, reading), identity, [], [], {})
    found: dict[str, Any] = json.loads(dump(document))
    return found


@settings(max_examples=60)
@given(rows=columns, cut=st.integers(0, 40))
def test_figures_of_odd_labels_are_scikit_learns(rows: list[tuple[Any, Any]], cut: int) -> None:
    """Matrix, per-label figures and averages, whatever the labels are made of and however rows are cut."""
    actual, predicted = ([canonical(row[side]) for row in rows] for side in (0, 1))

    found = summary([row[0] for row in rows], [row[1] for row in rows], cut)

    labels = found["labels"]
    assert set(labels) == {*actual, *predicted}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matrix = sk.confusion_matrix(actual, predicted, labels=labels).tolist()
        f1 = sk.f1_score(actual, predicted, labels=labels, average=None, zero_division=0)
        weighted = sk.f1_score(actual, predicted, average="weighted", zero_division=0)
    assert found["confusion_matrix"]["matrix"] == matrix
    mine = [found["per_class_metrics"][label]["f1_score"] for label in labels]
    np.testing.assert_allclose(mine, f1, rtol=1e-12)
    assert found["overall"]["accuracy"] == pytest.approx(sk.accuracy_score(actual, predicted), rel=1e-12)
    assert found["overall"]["weighted_f1"] == pytest.approx(weighted, rel=1e-12)


def test_every_odd_label_is_one_of_its_own() -> None:
    """Each of them, predicted as the next one, keeps its row and its column, also where labels are given."""
    given = [label for label in ODD if label]
    for settings_ in ({}, {"labels": given}):
        kept = list(ODD) if not settings_ else given
        found = summary(kept, [*kept[1:], kept[0]], **settings_)

        matrix = np.array(found["confusion_matrix"]["matrix"])
        assert matrix.sum(axis=0).tolist() == matrix.sum(axis=1).tolist() == [1] * len(kept)
        place = {label: k for k, label in enumerate(found["labels"])}
        assert all(matrix[place[a], place[b]] == 1 for a, b in zip(kept, [*kept[1:], kept[0]], strict=True))
        assert not settings_ or found["labels"] == given
