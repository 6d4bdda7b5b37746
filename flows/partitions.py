"""Partitions of a table: how it is divided, and what a worker does with a part.

A worker is told keys, settings and what is known of its rows from elsewhere, as one pickle that it opens
itself, so that whatever is wrong with it is an error of ours; it reads from the store with its own
credentials. It answers with accumulators.
"""

from __future__ import annotations

import pickle
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from evalcore.accumulator import Kind, Spec, States, merge_leaves
from evalcore.batch import Source
from evalcore.errors import EngineUnavailable, StorageUnavailable
from infra.pieces import Span, TableFile
from infra.storage import InputChanged, WriteConflict
from infra.tables import Look, Tables, wanted_by

if TYPE_CHECKING:
    from evalcore.columns import Reading
    from evalcore.settings import Settings
    from infra.ids.facts import RowFacts

PER_WORKER = 4
"""Partitions for each worker at least, so that none waits long for another."""
FACT_ROWS = 1 << 22
"""Rows of a partition of which something is known from elsewhere: that travels with it."""


@dataclass(frozen=True)
class Work:
    """What is the same for all partitions."""

    kinds: tuple[Kind, ...]
    spec: Spec
    settings: Settings
    reading: Reading


@dataclass(frozen=True)
class Section:
    """A section of a file as it was looked at; ``rows`` is None where they are all that follow."""

    file: TableFile
    place: int
    first_row: int
    rows: int | None


@dataclass(frozen=True)
class Folded:
    """The accumulators of some partitions, and how many rows their files have up to where they end.

    It travels as one pickle within another. Dask would send each array as a buffer of its own and put it
    anywhere in memory; numpy adds up arrays that are not aligned in another order, to other last bits. Nor
    is it ``state()``, which sorts what is held of scores.
    """

    states: States
    rows: Mapping[str, int]

    def merge(self, other: Folded) -> Folded:
        """Both, the other behind this one."""
        states = {kind: state.merge(other.states[kind]) for kind, state in self.states.items()}
        keys = {*self.rows, *other.rows}
        return Folded(states, {key: max(self.rows.get(key, 0), other.rows.get(key, 0)) for key in keys})

    def __reduce__(self) -> tuple[Any, ...]:
        return _folded, (pickle.dumps((self.states, self.rows), pickle.HIGHEST_PROTOCOL),)


def _folded(data: bytes) -> Folded:
    return Folded(*pickle.loads(data))  # noqa: S301 (a worker of ours wrote it)


@cache
def versions() -> dict[str, str]:
    """What must be the same everywhere for the figures to be so."""
    return {name: version(name) for name in ("assay-reports", "numpy", "pyarrow")}


# -- how a table is divided --------------------------------------------------------------------------


def sections(files: Sequence[TableFile], looks: Sequence[Look]) -> list[Section]:
    """The sections of all files in order."""
    found = []
    for file, look in zip(files, looks, strict=True):
        first_row = 0
        for place, rows in enumerate(look.sections):
            found.append(Section(file, place, first_row, rows))
            first_row += rows or 0
    return found


def size_for(count: int, workers: int, most: int | None = None) -> int:
    """How many of so many sections a partition has: a power of 2, with some partitions for each worker.

    ``most`` bounds it.
    """
    bound = count // (PER_WORKER * max(workers, 1))
    bound = bound if most is None else min(bound, most)
    return int(1 << max(bound.bit_length() - 1, 0))


def divided(found: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Sections as runs of ``size``, a power of 2; the last one may have less.

    Each is a subtree of the fixed tree of merges, and the runs are its leaves: one state leaves a run, and
    the tree over the runs is the rest of that over the sections.
    """
    return (found[start : start + size] for start in range(0, len(found), size))


def spans(run: Sequence[Section]) -> tuple[Span, ...]:
    """A run as spans of its files."""
    by_file = [list(group) for _, group in groupby(run, key=attrgetter("file.key"))]
    return tuple(
        Span(group[0].file, group[0].place, group[-1].place + 1, group[0].first_row) for group in by_file
    )


def facts_of(run: Sequence[Section], facts: RowFacts, rows: Mapping[str, int]) -> RowFacts:
    """What is known of a run's rows; ``rows`` has how many each file has."""
    ranges = []
    for section in run:
        length = rows[section.file.key] - section.first_row if section.rows is None else section.rows
        ranges.append((section.file.key, section.first_row, length))
    by_file = [list(group) for _, group in groupby(ranges, key=lambda each: each[0])]
    return facts.part(
        (Source(group[0][0], group[0][1]), sum(length for _, _, length in group)) for group in by_file
    )


def packed(*things: Any) -> bytes:
    """What a worker is told."""
    return pickle.dumps(things, pickle.HIGHEST_PROTOCOL)


# -- what a worker does ------------------------------------------------------------------------------


def look(theirs: Mapping[str, str], told: bytes) -> list[Look]:
    """What files say of themselves before their rows are read; raises as ``Tables``."""
    with _on_worker(theirs):
        files, settings, reading = pickle.loads(told)  # noqa: S301 (the client wrote it)
        tables = Tables(files)
        return [tables.looked_at(file, wanted_by(reading, settings)) for file in tables.files]


def fold(theirs: Mapping[str, str], told: bytes) -> Folded:
    """The accumulators of a run of sections; raises as ``Tables``."""
    from flows.fold import fold_parallel

    with _on_worker(theirs):
        work, run, facts = pickle.loads(told)  # noqa: S301 (the client wrote it)
        tables = Tables([span.file for span in run])
        states = fold_parallel(
            work.kinds, work.spec, tables, work.settings, work.reading, facts=facts, spans=run
        )
        return Folded(states, tables.rows)


def merge(one: Folded, other: Folded) -> Folded:
    """Both, in this order."""
    return one.merge(other)


def nothing(work: Work) -> Folded:
    """What there is where there is no section."""
    return Folded(merge_leaves(work.kinds, work.spec, ()), {})


@contextmanager
def _on_worker(theirs: Mapping[str, str]) -> Iterator[None]:
    """Raises EngineUnavailable where a worker has other versions; says of a folder that it is shared."""
    host = socket.gethostname()
    if theirs != versions():
        name = next(name for name, found in versions().items() if theirs.get(name) != found)
        raise EngineUnavailable(
            f"the worker on {host} has {name} {versions()[name]}, and here it is {theirs.get(name)}",
            "install the same versions on every worker, for figures to be the same",
        )
    try:
        yield
    except (InputChanged, WriteConflict):
        raise
    except StorageUnavailable as error:
        if str(error.details.get("store", "s3://")).startswith("s3://"):
            raise
        raise StorageUnavailable(
            f"the worker on {host}: {error.message}",
            "a store in a folder must be shared with every worker under the same path; or use a bucket",
            **error.details,
        ) from error
