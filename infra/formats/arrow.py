"""Arrow IPC, which Feather is: files with a footer, and streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from infra.format_table import PIECE_ROWS, SMALL_ROWS, Broken, Raw, Section, Wanted, table_format

if TYPE_CHECKING:
    import pyarrow as pa

_FILE = b"ARROW1"
_FEATHER_1 = b"FEA1"


@table_format
class Arrow:
    """Record batches as they were written."""

    name = "Arrow IPC"
    endings: ClassVar[Mapping[str, str]] = {
        ".arrow": "application/vnd.apache.arrow.file",
        ".feather": "application/vnd.apache.arrow.file",
        ".ipc": "application/vnd.apache.arrow.file",
    }

    def open(self, reopen: Callable[[], BinaryIO]) -> OpenedArrow:
        """Opens a file and reads its schema."""
        return OpenedArrow(reopen())


class OpenedArrow:
    """An open file or stream of record batches."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        try:
            self._schema: pa.Schema = self._reader(None).schema
        except BaseException:
            stream.close()
            raise
        self.names: tuple[str, ...] | None = tuple(self._schema.names)

    def close(self) -> None:
        """Closes the file."""
        self._stream.close()

    def sections(self, wanted: Wanted) -> Iterator[Section]:
        """The whole file: where a piece begins is known once those before are read."""
        yield Section(None, partial(self.pieces, wanted))

    def pieces(self, wanted: Wanted) -> Iterator[Raw]:
        """Record batches, small ones together and huge ones cut."""
        import pyarrow as pa

        held: list[Any] = []
        for batch in self._batches(wanted):
            if sum(part.num_rows for part in held) + batch.num_rows > PIECE_ROWS and held:
                yield _piece(pa.Table.from_batches(held))
                held = []
            for start in range(0, batch.num_rows, PIECE_ROWS):
                held.append(batch.slice(start, PIECE_ROWS))
                if sum(part.num_rows for part in held) >= SMALL_ROWS:
                    yield _piece(pa.Table.from_batches(held))
                    held = []
        if held:
            yield _piece(pa.Table.from_batches(held))

    def _batches(self, wanted: Wanted) -> Iterator[Any]:
        places = sorted(self._schema.get_field_index(name) for name in wanted.columns)
        reader = self._reader(places)
        if hasattr(reader, "num_record_batches"):
            yield from (reader.get_batch(place) for place in range(reader.num_record_batches))
        else:
            yield from reader

    def _reader(self, places: list[int] | None) -> Any:
        import pyarrow as pa

        self._stream.seek(0)
        magic = self._stream.read(len(_FILE))
        self._stream.seek(0)
        if magic.startswith(_FEATHER_1):
            raise Broken("it is of Feather's first version; write it as version 2, which is Arrow IPC")
        options = pa.ipc.IpcReadOptions(included_fields=places or [], use_threads=False)
        opener = pa.ipc.open_file if magic == _FILE else pa.ipc.open_stream
        return opener(self._stream, options=options)


def _piece(table: pa.Table) -> Raw:
    return table.num_rows, partial(_checked, table)


def _checked(table: pa.Table) -> pa.Table:
    """The table, once no buffer of it leads outside it: nothing in the format itself rules that out."""
    table.validate(full=True)
    return table
