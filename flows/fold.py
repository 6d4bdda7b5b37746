"""Files to accumulators, by as many threads as pay."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from evalcore.accumulator import Kind, Spec, States, leaf, merge_leaves
from infra.parallel import in_order
from infra.pieces import Piece
from infra.tables import Tables, wanted_by

if TYPE_CHECKING:
    from evalcore.columns import Reading
    from evalcore.settings import Settings
    from infra.ids.facts import RowFacts

WORTH_BYTES = 32 << 20
"""Below this size of all files a second thread costs more than it gains."""
MOST_THREADS = 2


def threads_for(tables: Tables) -> int:
    """How many threads pay; the figures are the same to the bit with any number."""
    return min(MOST_THREADS, os.cpu_count() or 1) if tables.size >= WORTH_BYTES else 1


def fold_parallel(
    kinds: Sequence[Kind],
    spec: Spec,
    tables: Tables,
    settings: Settings,
    reading: Reading,
    *,
    threads: int = 1,
    facts: RowFacts | None = None,
) -> States:
    """Every accumulator of ``kinds`` over all files, each piece a leaf of one fixed tree of merges.

    ``facts`` say which rows repeat an id, and what ground truth they are joined with. Raises as ``Tables``.
    """
    with closing(tables.pieces(settings, wanted_by(reading, settings))) as pieces:
        work = _leaves(kinds, spec, reading, pieces, facts)
        with closing(in_order(work, threads)) as leaves:
            return merge_leaves(kinds, spec, leaves)


def _leaves(
    kinds: Sequence[Kind], spec: Spec, reading: Reading, pieces: Iterator[Piece], facts: RowFacts | None
) -> Iterator[Callable[[], States]]:
    for piece in pieces:
        yield partial(_leaf, kinds, spec, reading, piece, facts)


def _leaf(
    kinds: Sequence[Kind], spec: Spec, reading: Reading, piece: Piece, facts: RowFacts | None
) -> States:
    apart = None if facts is None else facts.of(piece.source, piece.rows)
    return leaf(kinds, spec, piece.batch(reading, apart))
