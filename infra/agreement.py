"""What the files of one folder must agree on to be one table: their format, and the columns that matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evalcore.columns import meaningful
from evalcore.errors import InvalidPredictions, UnreadableFile
from infra.format_table import Format, Wanted, ending_of, formats

if TYPE_CHECKING:
    from evalcore.settings import Settings


def one_format(names: Sequence[str]) -> Format:
    """The format of files of these names.

    Raises UnreadableFile for a file of none, InvalidPredictions where they differ.
    """
    endings = {name: ending_of(name) for name in names}
    known = formats()
    for name, ending in endings.items():
        if ending is None:
            raise UnreadableFile(
                f"{name} is of no format that can be read",
                f"store tables as one of {', '.join(sorted(known))}",
                file=name,
            )
    kind = known[str(endings[names[0]])]
    for name, ending in endings.items():
        if known[str(ending)] is not kind:
            raise InvalidPredictions(
                f"{names[0]} and {name} are of different formats",
                "store all files of a folder in one format",
                file=name,
            )
    return kind


def agreed(
    expected: tuple[str, frozenset[str]] | None,
    key: str,
    names: tuple[str, ...],
    settings: Settings | None,
    wanted: Wanted,
) -> tuple[str, frozenset[str]]:
    """What files must agree on: the first file's key and its columns that mean something.

    ``expected`` is what this gave for the files before. Raises InvalidPredictions for a file that lacks a
    column that another has, or has two of one name.
    """
    mine = frozenset(wanted.columns) & set(names)
    mine |= meaningful(settings, names) if settings is not None else set()
    for name in sorted(mine):
        if names.count(name) > 1:
            raise InvalidPredictions(
                f"{key} has {names.count(name)} columns named {name!r}",
                "give each column its own name",
                file=key,
                column=name,
            )
    first, theirs = expected or (key, mine | set(wanted.columns))
    if mine != theirs:
        raise _disagreement(first, key, theirs, mine)
    return first, theirs


def _disagreement(first: str, other: str, theirs: frozenset[str], mine: frozenset[str]) -> InvalidPredictions:
    lacking, having = (other, first) if theirs - mine else (first, other)
    columns = sorted(theirs - mine or mine - theirs)
    where = f", which {having} has" if lacking != having else ""
    return InvalidPredictions(
        f"{lacking} has no column {', '.join(repr(name) for name in columns[:5])}{where}",
        "store all files of a folder with the same columns",
        file=lacking,
        column=columns[0],
        columns=columns[:5],
    )
