"""The pass over ids before the figures' own: repeated ids, and ground truth of its own joined by id."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from evalcore.arrow import is_list
from evalcore.errors import InvalidPredictions
from evalcore.reading import read_actual
from infra.arrays import mask_array
from infra.format_table import Wanted
from infra.ids.facts import Packed, RowFacts, packed, set_bits
from infra.ids.matching import Matching, Part
from infra.ids.repeats import ascending, repeated_hashes
from infra.ids.texts import Hashes, Positions, hashes, id_texts
from infra.parallel import in_order
from infra.pieces import Piece
from infra.tables import Tables, wanted_by

if TYPE_CHECKING:
    import pyarrow as pa

    from evalcore.columns import Reading
    from evalcore.settings import Settings

BUDGET = 256 << 20
"""Bytes of ids that are held in memory; beyond them temporary files take over."""

ROWS, TRUTH = 0, 1


@dataclass(frozen=True)
class Ids:
    """The ids of one piece: texts, their hashes, and the rows they are at, counted over all files."""

    texts: pa.StringArray
    hashes: Hashes
    positions: Positions


def repeated_ids(tables: Tables, column: str, *, budget: int = BUDGET, threads: int = 1) -> RowFacts | None:
    """Which rows have an id that occurred before, in key order, then row order; None where no row has.

    Ids that ascend cost a comparison each, others a hash and a sort; only where a hash occurs twice are
    texts kept, and these decide. Raises as ``Tables``, and StorageUnavailable for temporary files.
    """
    with closing(_columns(tables, column)) as columns:
        if ascending(columns):
            return None
    suspects = repeated_hashes((ids.hashes for ids in _ids(tables, column, threads)), budget)
    if not len(suspects):
        return None
    with closing(Matching(budget)) as matching:
        for ids in _ids(tables, column, threads):
            some = _among(ids.hashes, suspects)
            if some.any():
                texts = ids.texts.filter(mask_array(some))
                matching.add(ROWS, texts, ids.hashes[some], ids.positions[some])
        bits = packed(sum(tables.rows.values()))
        for part in matching.parts():
            set_bits(bits, part.positions[ROWS][part.repeats(ROWS)])
    return RowFacts(_starts(tables), bits) if bits.any() else None


def joined(
    tables: Tables,
    truth: Tables,
    settings: Settings,
    truth_reading: Reading,
    *,
    budget: int = BUDGET,
    threads: int = 1,
) -> RowFacts:
    """The ground truth of every row by its id, and which rows repeat one.

    Of several entries for an id the first counts. ``truth_reading`` says how ground truth is read. Raises
    as ``Tables``, and StorageUnavailable for temporary files.
    """
    column = truth_reading.id
    assert column is not None
    with closing(Matching(budget)) as matching:
        labels = _Labels()
        for ids in labels.read(truth, settings, truth_reading):
            matching.add(TRUTH, ids.texts, ids.hashes, ids.positions)
        for ids in _ids(tables, column, threads):
            matching.add(ROWS, ids.texts, ids.hashes, ids.positions)
        return _join(matching, labels, tables, truth)


def _join(matching: Matching, labels: _Labels, tables: Tables, truth: Tables) -> RowFacts:
    actual = labels.codes()
    rows = sum(tables.rows.values())
    codes = np.full(rows, labels.missing, dtype=actual.dtype)
    bits: Packed = packed(rows)
    repeated = matched = 0
    for part in matching.parts():
        set_bits(bits, part.positions[ROWS][part.repeats(ROWS)])
        entry = part.first_rows(TRUTH)[part.numbers[ROWS]]
        has = entry >= 0
        codes[part.positions[ROWS][has]] = actual[part.positions[TRUTH][entry[has]]]
        repeated += int(part.repeats(TRUTH).sum())
        matched += _matched(part)
    unmatched = sum(truth.rows.values()) - repeated - matched
    return RowFacts(_starts(tables), bits if bits.any() else None, codes, labels.names, repeated, unmatched)


def _matched(part: Part) -> int:
    return int(((part.first_rows(TRUTH) >= 0) & (part.first_rows(ROWS) >= 0)).sum())


class _Labels:
    """The actual labels of ground truth in order, as codes of one vocabulary."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._parts: list[npt.NDArray[np.int32]] = []

    @property
    def names(self) -> tuple[str, ...]:
        """The vocabulary."""
        return tuple(self._places)

    @property
    def missing(self) -> int:
        """The code of no label."""
        return len(self._places)

    def codes(self) -> npt.NDArray[np.signedinteger]:
        """A code for every entry, as small as it can be."""
        together = np.concatenate(self._parts or [np.zeros(0, dtype=np.int32)])
        self._parts.clear()
        together[together < 0] = self.missing
        return together.astype(np.min_scalar_type(-1 - self.missing))

    def read(self, truth: Tables, settings: Settings, reading: Reading) -> Iterator[Ids]:
        """Takes every entry's label, and gives the ids."""
        assert reading.id is not None
        wanted = replace(wanted_by(reading, settings), texts=(reading.id,))
        start = 0
        with closing(truth.pieces(settings, wanted)) as pieces:
            for piece in pieces:
                table = piece.load()
                self._take(table, reading, piece)
                yield _found(table.column(reading.id), reading.id, piece, start)
                start += piece.rows

    def _take(self, table: pa.Table, reading: Reading, piece: Piece) -> None:
        name = reading.ground_truth
        if name is not None and is_list(table.schema.field(name).type):
            raise InvalidPredictions(
                f"{piece.source.key}: the column {name!r} holds lists, which cannot be joined by id",
                "store actual labels that are lists beside the predictions",
                file=piece.source.key,
            )
        column = read_actual(table, reading, piece.source)
        places = [self._places.setdefault(label, len(self._places)) for label in column.vocabulary]
        self._parts.append(np.array([*places, -1], dtype=np.int32)[column.codes])


def _columns(tables: Tables, column: str) -> Iterator[pa.ChunkedArray]:
    with closing(tables.pieces(None, Wanted(texts=(column,)))) as pieces:
        for piece in pieces:
            yield piece.load().column(column)


def _ids(tables: Tables, column: str, threads: int) -> Iterator[Ids]:
    """The ids of every piece, in order."""
    with (
        closing(tables.pieces(None, Wanted(texts=(column,)))) as pieces,
        closing(in_order(_work(pieces, column), threads)) as found,
    ):
        yield from found


def _work(pieces: Iterator[Piece], column: str) -> Iterator[Callable[[], Ids]]:
    start = 0
    for piece in pieces:
        yield partial(_load, piece, column, start)
        start += piece.rows


def _load(piece: Piece, column: str, start: int) -> Ids:
    return _found(piece.load().column(column), column, piece, start)


def _found(values: pa.ChunkedArray, column: str, piece: Piece, start: int) -> Ids:
    texts, places = id_texts(values, column, piece.source.key)
    return Ids(texts, hashes(texts), places + start)


def _among(found: Hashes, suspects: Hashes) -> npt.NDArray[np.bool_]:
    places = np.minimum(np.searchsorted(suspects, found), len(suspects) - 1)
    return np.asarray(suspects[places] == found)


def _starts(tables: Tables) -> dict[str, int]:
    starts, start = {}, 0
    for file in tables.files:
        starts[file.key] = start
        start += tables.rows.get(file.key, 0)
    return starts
