"""What a format of tables has to offer, and the table of all formats; a format is a file in ``formats/``."""

from __future__ import annotations

import importlib
import io
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

PIECE_ROWS = 1 << 20
"""No piece has more rows."""
SMALL_ROWS = 1 << 17
"""Row groups and record batches are put together until a piece has as many rows."""

Raw = tuple[int, "Callable[[], pa.Table]"]
"""How many rows a piece has, and how to read it."""


@dataclass(frozen=True)
class Section:
    """Pieces of a file that can be read without those before; ``rows`` is None where only reading tells."""

    rows: int | None
    pieces: Callable[[], Iterator[Raw]]


def _nothing(_: str) -> bool:
    return False


@dataclass(frozen=True)
class Wanted:
    """Columns to read, by what they are for; only formats without types of their own tell them apart.

    ``labels`` have few distinct values, ``texts`` many (ids, what examples show); ``numbers`` are scores and
    weights; ``lists`` are lists of numbers. A label listed in ``verbatim`` is never read as a number's or a
    boolean's text. ``watched`` says of a column that turns up late whether it would have mattered.
    """

    labels: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    verbatim: frozenset[str] = frozenset()
    watched: Callable[[str], bool] = _nothing

    @property
    def columns(self) -> list[str]:
        """All of them, each once."""
        return list(dict.fromkeys((*self.labels, *self.texts, *self.numbers, *self.lists)))


class Broken(ValueError):
    """The file is not what its name says; the message says how."""


class BadValue(ValueError):
    """A row holds what its column cannot hold: ``row`` counts from the file's first row."""

    def __init__(self, row: int, what: str) -> None:
        super().__init__(what)
        self.row = row


class Opened(Protocol):
    """An open file of one format.

    ``names`` are its columns' names, None where it holds no row and does not say. Arrow's own errors,
    ``Broken`` and ``OSError`` mean that it cannot be read.
    """

    names: tuple[str, ...] | None

    def sections(self, wanted: Wanted) -> Iterator[Section]:
        """The sections in order, of which only the last may have an unknown number of rows.

        They and their pieces are the same ones whoever reads them, in whatever order, thread and process.
        """

    def close(self) -> None:
        """Ends reading; raises what closing the underlying file raises."""


class Format(Protocol):
    """``name`` is for people; ``endings`` gives each ending of a name with its Content-Type."""

    name: str
    endings: Mapping[str, str]

    def open(self, reopen: Callable[[], BinaryIO]) -> Opened:
        """Opens a file; ``reopen`` gives a new handle of it, at its start."""


_FORMATS: dict[str, Format] = {}


def table_format(kind: type[Format]) -> type[Format]:
    """Registers a format under its endings."""
    one = kind()
    for ending in kind.endings:
        assert ending not in _FORMATS, ending
        _FORMATS[ending] = one
    return kind


@cache
def formats() -> Mapping[str, Format]:
    """Every format by ending, the longest ending first."""
    package = importlib.import_module("infra.formats")
    for module in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
        importlib.import_module(f"infra.formats.{module}")
    return dict(sorted(_FORMATS.items(), key=lambda item: (-len(item[0]), item[0])))


def ending_of(name: str) -> str | None:
    """The ending that says a file's format; None where it is of none."""
    return next((ending for ending in formats() if name.lower().endswith(ending)), None)


def content_types() -> dict[str, str]:
    """The endings that tables may have, each with the Content-Type they are stored with."""
    return {ending: kind.endings[ending] for ending, kind in sorted(formats().items())}


def close_all(streams: list[BinaryIO]) -> None:
    """Closes every handle, then raises the first error that one of them raised."""
    failed: list[Exception] = []
    while streams:
        stream = streams.pop()
        if isinstance(stream, io.BytesIO):
            continue  # Arrow may still look into its memory, which goes with the last one who does
        try:
            stream.close()
        except Exception as error:  # whatever it is, the others are to be closed
            failed.append(error)
    if failed:
        raise failed[0]
