"""Values of any Arrow type as short texts, for people to read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from evalcore.labels import canonical

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 200
"""Characters that are kept of a text; the last one is … where there were more."""


def texts_at(table: pa.Table, rows: Sequence[int]) -> list[dict[str, str | None]]:
    """The texts of some rows of a table, by column; what is missing is None."""
    import pyarrow as pa

    picked = table.take(pa.array(rows, pa.int64()))
    columns = {name: _values(picked.column(name)) for name in picked.column_names}
    return [{name: text(values[i]) for name, values in columns.items()} for i in range(len(rows))]


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
