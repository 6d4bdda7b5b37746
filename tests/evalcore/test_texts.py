"""Values of any type as short texts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from evalcore.errors import InvalidPredictions
from evalcore.texts import LONGEST, text, texts_at

CASES: list[tuple[Any, pa.DataType | None, str | None]] = [
    (1, pa.int64(), "1"),
    (1.0, pa.float32(), "1"),
    (0.5, pa.float64(), "0.5"),
    (float("nan"), pa.float64(), None),
    (None, pa.string(), None),
    (True, pa.bool_(), "true"),
    ("a\x00‮\n", pa.string(), "a\x00‮\n"),
    ("x", pa.dictionary(pa.int8(), pa.string()), "x"),
    (b"\xff", pa.binary(), "�"),
    ([1, 2], pa.list_(pa.int64()), "[1, 2]"),
    ({"a": "ä"}, pa.struct([("a", pa.string())]), '{"a": "ä"}'),
    (Decimal("1.50"), pa.decimal128(5, 2), "1.50"),
    (datetime(2026, 11, 20, 2, tzinfo=UTC), pa.timestamp("ns", "UTC"), "2026-11-20 02:00:00.000000000Z"),
    (None, pa.null(), None),
]


@pytest.mark.parametrize(("value", "kind", "expected"), CASES, ids=lambda value: str(value)[:20])
def test_every_type_has_a_text(value: Any, kind: pa.DataType, expected: str | None) -> None:
    """As labels have it, and nothing is lost or raised on the way."""
    table = pa.table({"x": pa.array([None, value], kind)})

    assert texts_at(table, [1, 0]) == [{"x": expected}, {"x": None}]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["x", None], pa.string_view()),
        pa.RunEndEncodedArray.from_arrays([1, 2], pa.array(["x", None])),
    ],
    ids=["view", "run-end encoded"],
)
def test_types_that_arrow_cannot_take_from_have_texts(column: pa.Array) -> None:
    """Some of Arrow's types lack most of its functions."""
    assert texts_at(pa.table({"x": column}), [1, 0]) == [{"x": None}, {"x": "x"}]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1], pa.timestamp("us", "Mars/X")),
        pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
        pa.array([[2**62]], pa.list_(pa.timestamp("us"))),
    ],
    ids=["unknown zone", "interval", "outside the calendar"],
)
def test_a_column_without_texts_is_named(column: pa.Array) -> None:
    """Neither Arrow nor Python can write them down."""
    with pytest.raises(InvalidPredictions, match=r"the column 'seen' holds .*, of which no text can be made"):
        texts_at(pa.table({"seen": column}), [0])


def test_text_that_is_not_utf8_is_shown_as_far_as_it_goes() -> None:
    """Bytes that are no UTF-8 are replaced, not raised."""
    broken = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"a\xff")]
    )

    assert texts_at(pa.table({"x": broken}), [0]) == [{"x": "a�"}]


def test_long_texts_are_cut() -> None:
    """200 characters stay; of more, 199 and an ellipsis."""
    assert text("x" * LONGEST) == "x" * LONGEST
    assert text("x" * 201) == "x" * 199 + "…"
