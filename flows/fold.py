"""Files to accumulators, by as many threads as pay."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import groupby, repeat
from operator import itemgetter
from typing import TYPE_CHECKING

from evalcore.accumulator import Kind, Spec, States, leaf, merge_leaves
from infra.parallel import in_order
from infra.pieces import Piece, Span
from infra.tables import Tables, wanted_by

if TYPE_CHECKING:
    from evalcore.columns import Reading
    from evalcore.settings import Settings
    from infra.ids.facts import RowFacts

WORTH_BYTES = 32 << 20
"""Below this size of all files a second thread costs more than it gains."""
MOST_THREADS = 2

Leaf = tuple[int, States]
"""The place of a piece's section, and the piece's accumulators."""


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
    spans: Sequence[Span] | None = None,
) -> States:
    """Every accumulator of ``kinds`` over all files, or ``spans`` of them.

    The merges form one fixed tree: the pieces of each section first, then the sections by their places, so
    that any 2^k sections from a multiple of 2^k on are a subtree that can be folded elsewhere. ``facts`` say
    which rows repeat an id, and what ground truth they are joined with. Raises as ``Tables``.
    """
    with closing(tables.pieces(settings, wanted_by(reading, settings), spans)) as pieces:
        work = _leaves(kinds, spec, reading, pieces, facts)
        with closing(in_order(work, threads)) as leaves:
            return merge_leaves(kinds, spec, _sections(kinds, spec, leaves))


def _leaves(
    kinds: Sequence[Kind], spec: Spec, reading: Reading, pieces: Iterator[Piece], facts: RowFacts | None
) -> Iterator[Callable[[], Leaf]]:
    for piece in pieces:
        yield partial(_leaf, kinds, spec, reading, piece, facts)


def _leaf(kinds: Sequence[Kind], spec: Spec, reading: Reading, piece: Piece, facts: RowFacts | None) -> Leaf:
    apart = None if facts is None else facts.of(piece.source, piece.rows)
    return piece.section, leaf(kinds, spec, piece.batch(reading, apart))


def _sections(kinds: Sequence[Kind], spec: Spec, leaves: Iterable[Leaf]) -> Iterator[States]:
    """The accumulators of each section by its place; one without rows has a place, too."""
    after = 0
    for section, found in groupby(leaves, key=itemgetter(0)):
        yield from repeat(merge_leaves(kinds, spec, ()), section - after)
        yield merge_leaves(kinds, spec, map(itemgetter(1), found))
        after = section + 1
