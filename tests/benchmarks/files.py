"""The files that the benchmark reads: made once, the same on every machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS_A_GROUP = 1 << 20


def labels_file(path: Path, rows: int, labels: int, text: bool, **options: object) -> None:
    """Actual and predicted labels, a fifth of them wrong, in uneven shares."""
    names = pa.array([f"label-{k:04d}" for k in range(labels)]) if text else None
    shares = np.linspace(1, 3, labels) / np.linspace(1, 3, labels).sum()

    def piece(rng: np.random.Generator, n: int) -> pa.Table:
        actual = rng.choice(labels, n, p=shares).astype(np.int32)
        predicted = np.where(rng.random(n) < 0.2, rng.integers(0, labels, n), actual).astype(np.int32)
        if names is None:
            return pa.table({"y_true": actual, "y_pred": predicted})
        columns = {
            name: pa.DictionaryArray.from_arrays(codes, names).cast(pa.string())
            for name, codes in (("y_true", actual), ("y_pred", predicted))
        }
        return pa.table(columns)

    _write(path, rows, piece, **options)


def wide_labels_file(path: Path, rows: int, labels: int) -> None:
    """Text labels with an id in order, a weight, and a column of five values to slice by."""
    names = pa.array([f"label-{k:04d}" for k in range(labels)])
    regions = pa.array(["north", "east", "south", "west", "abroad"])
    start = 0

    def piece(rng: np.random.Generator, n: int) -> pa.Table:
        nonlocal start
        actual = rng.integers(0, labels, n, dtype=np.int32)
        predicted = np.where(rng.random(n) < 0.2, rng.integers(0, labels, n), actual).astype(np.int32)
        start += n
        return pa.table(
            {
                "id": np.arange(start - n, start),
                "y_true": pa.DictionaryArray.from_arrays(actual, names).cast(pa.string()),
                "y_pred": pa.DictionaryArray.from_arrays(predicted, names).cast(pa.string()),
                "weight": rng.random(n),
                "region": pa.DictionaryArray.from_arrays(rng.integers(0, 5, n), regions).cast(pa.string()),
            }
        )

    _write(path, rows, piece)


def null_labels_file(path: Path, rows: int, labels: int) -> None:
    """Text labels of which a tenth is null, in either column."""
    names = pa.array([f"label-{k:04d}" for k in range(labels)])

    def column(rng: np.random.Generator, n: int) -> pa.Array:
        codes = pa.array(rng.integers(0, labels, n, dtype=np.int32), mask=rng.random(n) < 0.1)
        return pa.DictionaryArray.from_arrays(codes, names).cast(pa.string())

    _write(path, rows, lambda rng, n: pa.table({"y_true": column(rng, n), "y_pred": column(rng, n)}))


def scores_file(path: Path, rows: int) -> None:
    """A binary model's float32 scores, with an area under the curve of about 0.9."""

    def piece(rng: np.random.Generator, n: int) -> pa.Table:
        actual = (rng.random(n) < 0.2).astype(np.int8)
        scores = 1 / (1 + np.exp(-(rng.normal(size=n) + 1.8 * actual - 1.5)))
        return pa.table({"y_true": actual, "y_score": scores.astype(np.float32)})

    _write(path, rows, piece)


def probabilities_file(path: Path, rows: int, labels: int) -> None:
    """A probability of float32 for each of several integer labels."""

    def piece(rng: np.random.Generator, n: int) -> pa.Table:
        actual = rng.integers(0, labels, n)
        logits = rng.normal(size=(n, labels)).astype(np.float32)
        logits[np.arange(n), actual] += 2
        shares = np.exp(logits)
        shares /= shares.sum(axis=1, keepdims=True)
        columns = {f"proba_{k}": np.ascontiguousarray(shares[:, k]) for k in range(labels)}
        return pa.table({"y_true": actual.astype(np.int32)} | columns)

    _write(path, rows, piece)


def first_rows_file(path: Path, whole: Path) -> None:
    """The first thousand rows of another file."""
    table = pa.Table.from_batches([next(pq.ParquetFile(whole).iter_batches(1000))])
    pq.write_table(table, path)


def _write(
    path: Path, rows: int, piece: Callable[[np.random.Generator, int], pa.Table], **options: object
) -> None:
    if path.exists():
        return
    beside = path.with_suffix(".part")
    writer = None
    for seed, n in enumerate(_group_sizes(rows)):
        table = piece(np.random.default_rng(seed), n)
        writer = writer or pq.ParquetWriter(beside, table.schema, **options)
        writer.write_table(table, row_group_size=n)
    assert writer is not None
    writer.close()
    beside.rename(path)


def _group_sizes(rows: int) -> Iterator[int]:
    for start in range(0, rows, ROWS_A_GROUP):
        yield min(ROWS_A_GROUP, rows - start)
