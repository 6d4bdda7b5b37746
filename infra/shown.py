"""The texts that examples show, read for the rows that were chosen and for no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing

from evalcore.columns import Reading
from evalcore.evaluation import Shown
from evalcore.texts import texts_at
from infra.format_table import Wanted
from infra.pieces import Piece
from infra.tables import Tables


def read_shown(tables: Tables, reading: Reading, wanted: Mapping[str, Sequence[int]]) -> Shown:
    """The id, the slices and what else examples show, by file and row, of the ``wanted`` rows of each file.

    Only pieces with such rows are read. Raises as ``Tables``.
    """
    columns = _columns(reading)
    files = [file for file in tables.files if wanted.get(file.key)]
    if not files or not columns.columns:
        return {}
    found: dict[tuple[str, int], Mapping[str, str | None]] = {}
    with closing(Tables(files).pieces(None, columns)) as pieces:
        for piece in pieces:
            found |= _of_piece(piece, wanted[piece.source.key])
    return found


def _columns(reading: Reading) -> Wanted:
    texts = [name for name in (reading.id, *reading.shown) if name and name not in reading.slices]
    return Wanted(labels=reading.slices, texts=tuple(dict.fromkeys(texts)))


def _of_piece(piece: Piece, rows: Sequence[int]) -> dict[tuple[str, int], Mapping[str, str | None]]:
    first = piece.source.first_row
    here = [row for row in rows if first <= row < first + piece.rows]
    if not here:
        piece.drop()
        return {}
    texts = texts_at(piece.load(), [row - first for row in here])
    return {(piece.source.key, row): text for row, text in zip(here, texts, strict=True)}
