"""Columns of every type become labels and scores, and wrong ones are refused by row."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalcore.accumulator import Spec
from evalcore.arrow import label_column, score_column, slice_column
from evalcore.batch import LabelColumn, Source
from evalcore.columns import plan_reading
from evalcore.errors import InvalidParameter, InvalidPredictions, InvalidSettings
from evalcore.reading import read_batch
from evalcore.score_labels import needs_labels, with_occurring_labels
from evalcore.settings import resolve_settings
from evalcore.states.confusion import ConfusionCounts
from evalcore.states.slices import SliceCounts
from evalcore.states.thresholds import ThresholdCounts
from evalcore.texts import texts_at

HERE = Source("part-0.parquet", 100)
SLICED = resolve_settings({"slices": ["place"]}, {})


def texts(column: LabelColumn) -> list[str | None]:
    """The labels row by row."""
    return [[*column.vocabulary, None][code] for code in column.codes.tolist()]


def chunked(*parts: Any) -> pa.ChunkedArray:
    """A column of these pieces."""
    return pa.chunked_array(list(parts))


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array(["b", "a", None, "b"]), ["b", "a", None, "b"]),
        (pa.array(["b", None], pa.large_string()), ["b", None]),
        (pa.array(["b", None], pa.string_view()), ["b", None]),
        (pa.array([3, 1, None], pa.int64()), ["3", "1", None]),
        (pa.array([3, -1, 3], pa.int8()), ["3", "-1", "3"]),
        (pa.array([-128, 127], pa.int8()), ["-128", "127"]),
        (pa.array([2**40, 5], pa.int64()), [str(2**40), "5"]),
        (pa.array([2**63 + 5, 2**63 + 7], pa.uint64()), [str(2**63 + 5), str(2**63 + 7)]),
        (pa.array([3, 255, None], pa.uint8()), ["3", "255", None]),
        (pa.array([1.0, 2.5, float("nan"), None]), ["1", "2.5", None, None]),
        (pa.array([0.1, 2.0, None], pa.float32()), ["0.1", "2", None]),
        (pa.array([0.1, None], pa.float16()), ["0.1", None]),
        (pa.array([0.1, None], pa.float32()).dictionary_encode(), ["0.1", None]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array(["x", "y", None, "x"]).dictionary_encode(), ["x", "y", None, "x"]),
        (pa.array([7, None, 7], pa.int8()).dictionary_encode(), ["7", None, "7"]),
        (
            pa.DictionaryArray.from_arrays(pa.array([0, 1, None], pa.uint8()), pa.array(["u", None])),
            ["u", None, None],
        ),
        (pa.array([None, None], pa.null()), [None, None]),
        (pa.array([], pa.string()), []),
        (pa.array(["a", "b", "c", "d"]).slice(1, 2), ["b", "c"]),
        (pa.array([1, None, 3, 4]).slice(1, 2), [None, "3"]),
    ],
)
def test_labels_of_every_type(column: pa.Array, expected: list[str | None]) -> None:
    """Text, integers, floats, booleans, dictionaries of any index, nulls, slices."""
    assert expected == texts(label_column(chunked(column), "y", HERE))


def in_dictionary(indices: list[int], values: list[Any], kind: pa.DataType) -> pa.Array:
    """Values by their position in a dictionary that may hold a null."""
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int8()), pa.array(values, kind))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (pa.array([1.5, 2.0], pa.float16()), pa.array([2.0], pa.float16()), ["1.5", "2", "2"]),
        (
            in_dictionary([0, 1], [1.5, 2.0], pa.float16()),
            in_dictionary([0], [2.0], pa.float16()),
            ["1.5", "2", "2"],
        ),
        (
            in_dictionary([0, 1], ["a", None], pa.string()),
            in_dictionary([1, 0], [None, "b"], pa.string()),
            ["a", None, "b", None],
        ),
        (
            in_dictionary([0, 1], ["a", None], pa.string_view()),
            in_dictionary([0], ["b"], pa.string_view()),
            ["a", None, "b"],
        ),
        (in_dictionary([0, 1], [7, None], pa.int64()), in_dictionary([0], [9], pa.int64()), ["7", None, "9"]),
    ],
)
def test_chunks_whose_dictionaries_arrow_does_not_unite(one: Any, other: Any, expected: list[Any]) -> None:
    """Half precision and dictionaries with a null of their own are one column too."""
    assert expected == texts(label_column(chunked(one, other), "y", HERE))


def test_chunks_with_their_own_dictionaries_are_one_column() -> None:
    """Pieces that number their labels differently keep their labels."""
    parts = pa.array(["a", "b"]).dictionary_encode(), pa.array(["b", None, "c"]).dictionary_encode()

    assert texts(label_column(chunked(*parts), "y", HERE)) == ["a", "b", "b", None, "c"]


@pytest.mark.parametrize("labels", [3, 40])
@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_codes_of_every_width_are_counted(kind: str, labels: int) -> None:
    """Two bytes at a time where all pairs fit in one, else cell by cell; slices too."""
    codes = np.arange(500) % labels
    names = pa.array([f"{n:02}" for n in range(labels)])
    column = pa.DictionaryArray.from_arrays(pa.array(codes, getattr(pa, kind)()), names)
    table = pa.table({"y_true": column, "y_pred": column, "place": column})
    batch = read_batch(table, plan_reading(SLICED, table.column_names, "test"), HERE)

    expected = np.bincount(codes, minlength=labels)
    assert ConfusionCounts.of(Spec(), batch).rows.diagonal.tolist() == expected.tolist()
    assert list(SliceCounts.of(Spec(), batch).rows("place").values()) == expected.tolist()


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16"])
def test_dictionaries_together_may_outgrow_their_codes(kind: str) -> None:
    """Two chunks of 128 labels each have 256, as labels, as slices of lists, and as texts of examples."""
    names = [[f"{side}{n:03}" for n in range(128)] for side in "ab"]
    codes = pa.array(range(128), getattr(pa, kind)())
    column = chunked(*(pa.DictionaryArray.from_arrays(codes, pa.array(some)) for some in names))
    every = names[0] + names[1]

    assert texts(label_column(column, "y", HERE)) == every
    assert texts_at(pa.table({"y": column}), [200]) == [{"y": every[200]}]
    lists = pa.table({"y_true": [["a"]] * 256, "y_pred": [["a"]] * 256, "place": column})
    batch = read_batch(lists, plan_reading(SLICED, lists.column_names, "test"), HERE)
    assert texts(batch.slices["place"]) == every


def test_what_is_no_label_is_refused() -> None:
    """A column of structs or times names its type and its file."""
    with pytest.raises(InvalidPredictions, match=r"part-0.parquet.*timestamp"):
        label_column(chunked(pa.array([0], pa.timestamp("s"))), "y", HERE)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -0.1, 1.0000001])
def test_a_score_outside_is_refused_by_row(bad: float) -> None:
    """NaN, infinite and outside [0, 1] name the file and the row's position in it."""
    with pytest.raises(InvalidPredictions, match=r"part-0.parquet: row 102 ") as caught:
        score_column(chunked(pa.array([0.0, 1.0, bad])), "y_score", HERE)

    assert caught.value.details == {"file": "part-0.parquet", "row": 102}


def test_a_null_score_is_missing() -> None:
    """Null is no NaN: it becomes a missing prediction."""
    scores = score_column(chunked(pa.array([0.25, None], pa.float32())), "s", HERE)

    assert scores.dtype == np.float32
    assert np.array_equal(scores, [0.25, np.nan], equal_nan=True)


BINARY = {"labels": ["no", "yes"], "positive_label": "yes"}


def predicted(columns: dict[str, Any], **settings: Any) -> list[str | None]:
    """The predicted labels of a table under these settings."""
    table = pa.table({"y_true": ["no"] * len(next(iter(columns.values())))} | columns)
    reading = plan_reading(resolve_settings(settings, {}), table.column_names, "f")
    return texts(read_batch(table.select(list(reading.columns)), reading, HERE).y_pred)


def test_a_threshold_on_scores_comes_first() -> None:
    """With a threshold set and scores there, the scores decide and not y_pred."""
    rows = {"y_score": [0.2, 0.3, 0.9], "y_pred": ["no"] * 3}

    assert predicted(rows, threshold=0.3, **BINARY) == ["no", "yes", "yes"]


def test_then_the_prediction_column() -> None:
    """Without a threshold y_pred decides, whatever the scores say."""
    assert predicted({"y_score": [0.2, 0.9], "y_pred": ["no", "no"]}, **BINARY) == ["no", "no"]


def test_then_the_score_at_a_half() -> None:
    """Without either, a score of 0.5 is positive, and a null one no prediction."""
    assert predicted({"y_score": [0.4999, 0.5, None]}, **BINARY) == ["no", "yes", None]


def test_the_threshold_takes_the_scores_precision() -> None:
    """A stored float32 0.7 meets the threshold 0.7, which as float64 it does not reach."""
    column = pa.array([0.7], pa.float32())

    assert predicted({"y_score": column}, threshold=0.7, **BINARY) == ["yes"]
    assert float(np.float32(0.7)) < 0.7


def test_the_highest_probability_wins_and_the_first_of_equals() -> None:
    """Ties go to the label that comes first in labels, not in the file."""
    rows = {"proba_a": [0.5, 0.1, None], "proba_b": [0.5, 0.2, 0.5], "proba_c": [0.0, 0.7, 0.5]}

    assert predicted(rows, labels=["c", "b", "a"]) == ["b", "c", None]


def test_a_list_of_probabilities_is_in_the_order_of_labels() -> None:
    """Probs lists name no labels: the settings' order does."""
    assert predicted({"probs": [[0.1, 0.2, 0.7], None, [1, 0, 0]]}, labels=["x", "y", "z"]) == [
        "z",
        None,
        "x",
    ]


def test_a_list_of_another_length_is_refused() -> None:
    """A row with two probabilities for three labels names itself."""
    with pytest.raises(InvalidPredictions, match="row 101 has 2 probabilities"):
        predicted({"probs": [[0.1, 0.2, 0.7], [0.5, 0.5]]}, labels=["x", "y", "z"])


def test_two_labels_may_come_as_probabilities() -> None:
    """proba_<positive> alone is a score; with both it is divided by the row's sum."""
    assert predicted({"proba_yes": [0.5, 0.4]}, **BINARY) == ["yes", "no"]
    assert predicted({"proba_yes": [0.4], "proba_no": [0.3]}, **BINARY) == ["yes"]


def test_probabilities_that_add_up_to_nothing_are_refused() -> None:
    """A row of zeros has no share to divide."""
    with pytest.raises(InvalidPredictions, match="row 100 has probabilities that add up to 0"):
        predicted({"proba_a": [0.0], "proba_b": [0.0], "proba_c": [0.0]}, labels=["a", "b", "c"])


@pytest.mark.parametrize(
    ("names", "settings", "error", "said"),
    [
        (["y_pred"], {}, InvalidPredictions, "no column 'y_true'"),
        (["y_true", "other"], {}, InvalidPredictions, "no column 'y_pred'"),
        (["y_true", "y_score"], {"labels": ["no", "yes"]}, InvalidSettings, "positive_label"),
        (["y_true", "y_pred", "y_score"], {"labels": ["no", "yes"]}, InvalidSettings, "positive_label"),
        (["y_true", "probs"], {}, InvalidSettings, "labels"),
        (["y_true", "y_pred"], {"columns": {"ground_truth": "t"}}, InvalidPredictions, "no column 't'"),
        (
            ["y_true", "y_pred"],
            {"columns": {"weight": "w"}},
            InvalidPredictions,
            "no column 'w' for the weight",
        ),
        (
            ["y_true", "y_pred"],
            {"columns": {"score": "s"}},
            InvalidPredictions,
            "no column 's' for the score",
        ),
        (["y_true", "y_pred"], {"columns": {"id": "i"}}, InvalidPredictions, "no column 'i' for the id"),
        (["y_true", "probs"], {"columns": {"prediction": "p"}}, InvalidPredictions, "no column 'p'"),
    ],
)
def test_what_a_file_lacks_is_named(
    names: list[str], settings: dict[str, Any], error: type[Exception], said: str
) -> None:
    """A missing column names itself, the file and what is there; scores need their positive label."""
    with pytest.raises(error, match=said):
        plan_reading(resolve_settings(settings, {}), names, "part-0.parquet")


def test_columns_by_their_usual_names_may_be_absent() -> None:
    """Though the settings name them, as a model.json does that serves other versions too."""
    columns = {"prediction": "y_pred", "score": "y_score", "id": "id", "weight": "weight"}
    found = plan_reading(resolve_settings({"columns": columns}, {}), ["y_true", "y_pred"], "f")
    assert (found.prediction, found.score, found.id, found.weight) == ("y_pred", None, None, None)


def test_a_threshold_that_is_asked_for_needs_scores() -> None:
    """A what-if on predictions without scores is the caller's mistake."""
    with pytest.raises(InvalidParameter, match="scores"):
        plan_reading(resolve_settings(BINARY, {}, threshold=0.4), ["y_true", "y_pred"], "f")


def test_labels_of_scores_are_looked_up_only_where_needed() -> None:
    """Scores without given labels take the conventional pair that holds what occurs, else are refused."""
    settings = resolve_settings({}, {})

    assert needs_labels(settings, ["y_true", "y_score"])
    assert not needs_labels(settings, ["y_true", "y_pred"])
    assert with_occurring_labels(settings, ["1"]).labels == ("0", "1")
    assert with_occurring_labels(settings, ["false", "true"]).positive_label == "true"
    with pytest.raises(InvalidSettings, match="fraud, ok"):
        with_occurring_labels(settings, ["fraud", "ok"])


def test_reading_arrow_does_not_load_pandas(tmp_path: Path) -> None:
    """Buffers are taken as they are: pyarrow's own conversion would load pandas, half a second."""
    file = tmp_path / "part.parquet"
    pq.write_table(pa.table({"y_true": ["no", None], "n": [3, None], "y_score": [0.5, None]}), file)
    code = f"""if True:
        import sys, pyarrow.parquet as pq
        from evalcore.arrow import label_column, score_column, slice_column
        from evalcore.batch import Source
        table, here = pq.ParquetFile({str(file)!r}).read_row_group(0), Source("x")
        for name in ("y_true", "n"):
            label_column(table.column(name), name, here)
        score_column(table.column("y_score"), "y_score", here)
        sys.exit("pandas" in sys.modules)
        """

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_probability_columns_go_by_the_label_they_name() -> None:
    """proba_True is of the label true, proba_1.0 of 1, unless the settings list that very text."""
    boolean = {"proba_True": [0.9, 0.2], "proba_False": [0.1, 0.8], "proba_x": [0.0, 0.0]}

    assert predicted(boolean) == ["true", "false"]
    assert predicted({"proba_1.0": [0.9], "proba_2.0": [0.1], "proba_3.0": [0.0]}) == ["1"]
    assert predicted({"proba_1.0": [0.9], "proba_b": [0.1], "proba_c": [0.0]}, labels=["1.0", "b", "c"]) == [
        "1.0"
    ]


HALF = pa.array(np.array([0.7, 0.1, 0.9], np.float16))
SINGLE = pa.array([0.7, 0.1, 0.9], pa.float32())
REST = pa.array([0.3, 0.9, 0.1], pa.float32())


@pytest.mark.parametrize(
    "columns",
    [
        {"y_score": HALF},
        {"proba_yes": HALF},
        {"proba_yes": SINGLE, "proba_no": REST},
        {"probs": pa.array([[0.3, 0.7], [0.9, 0.1], [0.1, 0.9]], pa.list_(pa.float32()))},
    ],
)
@pytest.mark.parametrize("threshold", [0.7, 0.1, 0.9])
def test_a_threshold_takes_the_precision_of_the_column(columns: dict[str, Any], threshold: float) -> None:
    """A stored 0.7 meets the threshold 0.7 in half precision too, and where two columns are divided by their sum."""
    given = {"labels": ["no", "yes"], "positive_label": "yes", "threshold": threshold}
    resolved = resolve_settings(given, {})
    table = pa.table({"y_true": ["yes", "no", "yes"], **columns})
    batch = read_batch(table, plan_reading(resolved, table.column_names, "x"), HERE)

    assert texts(batch.y_pred) == ["yes" if value >= threshold else "no" for value in (0.7, 0.1, 0.9)]
    counts = ThresholdCounts.of(Spec(("no", "yes"), False, ("no", "yes"), "yes", True), batch).four()
    assert counts["true_positive"][round(threshold * 1000)] == sum(v >= threshold for v in (0.7, 0.9))


def test_half_precision_loses_nothing() -> None:
    """Scores are widened as they are, and figures are those of the values stored."""
    scores = score_column(chunked(HALF), "s", HERE)

    assert scores.dtype == np.float32
    assert scores.tolist() == np.array([0.7, 0.1, 0.9], np.float16).astype(float).tolist()


def test_labels_in_half_precision_are_told_apart() -> None:
    """Chunks whose dictionaries differ are one column: 0.5 stays 0.5."""
    chunks = [pa.array(np.array(values, np.float16)) for values in ([0.5, 1.0], [1.0, 2.0, 0.5])]

    found = label_column(pa.chunked_array(chunks), "y", HERE)

    assert [found.vocabulary[code] for code in found.codes] == ["0.5", "1", "1", "2", "0.5"]


@pytest.mark.parametrize("kind", [pa.timestamp("us", "Mars/X"), pa.month_day_nano_interval()])
def test_a_slice_without_texts_is_named(kind: pa.DataType) -> None:
    """Values that cannot be written down cannot part the rows."""
    column = pa.chunked_array([pa.array([1 if pa.types.is_timestamp(kind) else (1, 2, 3)], kind)])
    with pytest.raises(InvalidPredictions, match=r"the column 'seen' holds .*, of which no text can be made"):
        slice_column(column, "seen", Source("f"))
