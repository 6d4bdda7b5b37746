"""Values of any Arrow type as short texts, for people to read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from evalcore.dictionaries import widened
from evalcore.errors import InvalidPredictions
from evalcore.labels import canonical

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 200
"""Characters that are kept of a text; the last one is … where there were more."""


def texts_at(table: pa.Table, rows: Sequence[int]) -> list[dict[str, str | None]]:
    """The texts of some rows of a table, by column; what is missing is None.

    Raises InvalidPredictions for a column whose values have no text.
    """
    columns = {name: _texts(table.column(name), rows, name) for name in table.column_names}
    return [{name: texts[i] for name, texts in columns.items()} for i in range(len(rows))]


def _texts(column: pa.ChunkedArray, rows: Sequence[int], name: str) -> list[str | None]:
    import pyarrow as pa

    try:
        return [text(value) for value in _values(_picked(column, rows))]
    except (pa.ArrowException, OverflowError, ValueError) as error:
        raise no_text(name, column.type, error) from error


def _picked(column: pa.ChunkedArray, rows: Sequence[int]) -> pa.ChunkedArray:
    import pyarrow as pa

    try:
        return widened(column).take(pa.array(rows, pa.int64()))
    except pa.ArrowNotImplementedError:  # run-end encoded, and views
        values = [column[row].as_py() for row in rows]
        return pa.chunked_array([pa.array(values)])


def no_text(name: str, kind: pa.DataType, error: Exception) -> InvalidPredictions:
    """A column was to be shown or to part the rows, but its values cannot be written down."""
    return InvalidPredictions(
        f"the column {name!r} holds {kind}, of which no text can be made: {error}",
        "store it as text, or leave it out of slices and example_columns",
        column=name,
    )


def _values(column: pa.ChunkedArray) -> list[Any]:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_temporal(column.type):  # as Python values, nanoseconds would be lost
        column = column.cast(pa.string())
    try:
        values = column.to_pylist()
    except UnicodeDecodeError:
        values = column.cast(pa.binary()).to_pylist()
    return list(values)


def text(value: Any) -> str | None:
    """A value's text, as labels have it, cut at 200 characters; control characters stay."""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, (list, dict)):
        value = json.dumps(value, ensure_ascii=False, default=str)
    found = canonical(value)
    return found if found is None or len(found) <= LONGEST else found[: LONGEST - 1] + "…"
