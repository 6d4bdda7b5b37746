"""A folder of files is one table: of one format, with the same columns, read in pieces and closed in time."""

from __future__ import annotations

import io
import os
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalcore.columns import plan_reading
from evalcore.errors import InvalidPredictions, UnreadableFile
from evalcore.settings import resolve_settings
from infra.format_table import Wanted
from infra.parallel import in_order
from infra.pieces import TableFile
from infra.s3_ranges import RangedObject
from infra.storage import InputChanged, open_store
from infra.tables import Tables, wanted_by
from tests.infra.tablefiles import ENDINGS, column_of, folder, in_memory, tables, written

SETTINGS = resolve_settings({}, {})
ROWS = pa.table({"y_true": ["a", "b", "c"], "y_pred": ["a", "b", "b"]})
LABELS = Wanted(labels=("y_true", "y_pred"))


def test_files_come_in_key_order() -> None:
    """Whatever order they were listed in."""
    files = folder(ROWS, ".parquet", cuts=[1, 2])

    assert column_of(Tables(files[::-1]), "y_true") == ["a", "b", "c"]


def test_a_file_whose_types_are_damaged_is_unreadable() -> None:
    """Integers of a width that there is none of, which Arrow says otherwise than other damage."""
    data = bytearray(written(pa.table({"y_true": [1, 2], "y_pred": [1, 2]}), ".ipc"))
    widths = [place for place, byte in enumerate(data) if byte == 64]
    for place in widths:
        data[place] = 128

    with pytest.raises(UnreadableFile, match=r"a\.ipc"):
        column_of(tables(("a.ipc", bytes(data))), "y_true")


def test_a_file_whose_description_is_damaged_is_unreadable() -> None:
    """A column that its footer calls required, and which has missing values: Arrow may end the process."""
    data = written(ROWS, ".parquet")
    optional, required = (b"\x25" + kind + b"\x18\x06y_true" for kind in (b"\x02", b"\x00"))
    assert data.count(optional) == 1

    with pytest.raises(UnreadableFile, match=r"a\.parquet .* level"):
        column_of(tables(("a.parquet", data.replace(optional, required))), "y_true")


def test_a_page_that_differs_from_its_checksum_is_unreadable() -> None:
    """One bit of a label, which every decoder would take for another label."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        ROWS, sink, compression="none", use_dictionary=False, write_page_checksum=True, write_statistics=False
    )
    data = bytearray(sink.getvalue().to_pybytes())
    data[data.index(b"a", 4)] ^= 2

    with pytest.raises(UnreadableFile, match=r"a\.parquet .*CRC"):
        column_of(tables(("a.parquet", bytes(data))), "y_true")


def test_formats_are_not_mixed() -> None:
    """The error names two files."""
    with pytest.raises(InvalidPredictions, match=r"a\.csv and b\.parquet"):
        tables(("b.parquet", written(ROWS, ".parquet")), ("a.csv", written(ROWS, ".csv")))


def test_endings_of_one_format_are_one_format() -> None:
    """Some files of a folder may be compressed."""
    found = tables(("a.csv", written(ROWS, ".csv")), ("b.csv.gz", written(ROWS, ".csv.gz")))

    assert column_of(found, "y_true") == ["a", "b", "c"] * 2


@pytest.mark.parametrize("name", ["a.xlsx", "a", "parquet"])
def test_a_file_of_no_known_format_is_unreadable(name: str) -> None:
    """The error says what can be read."""
    with pytest.raises(UnreadableFile, match=rf"{name} is of no format.*\.ndjson"):
        tables((name, b""))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("lacking", [0, 1])
def test_a_column_that_one_file_lacks_is_named(ending: str, lacking: int) -> None:
    """With the file that lacks it, be it the first or the second."""
    parts = [ROWS, ROWS.append_column("weight", pa.array([1.0, 2.0, 3.0]))]
    if lacking:
        parts.reverse()
    files = [in_memory(f"{n}{ending}", written(part, ending)) for n, part in enumerate(parts)]

    with pytest.raises(InvalidPredictions, match=rf"^{lacking}{ending} has no column 'weight'") as caught:
        list(Tables(files).pieces(SETTINGS, LABELS))

    assert caught.value.details["file"] == f"{lacking}{ending}"
    assert caught.value.details["column"] == "weight"


@pytest.mark.parametrize("ending", [".parquet", ".arrow", ".csv"])
def test_two_columns_of_one_name_are_refused(ending: str) -> None:
    """Where it matters which one is meant."""
    twice = pa.Table.from_arrays(
        [ROWS["y_true"], ROWS["y_pred"], ROWS["y_pred"]], ["y_true", "y_pred", "y_pred"]
    )
    with pytest.raises(InvalidPredictions, match="2 columns named 'y_pred'"):
        list(tables((f"a{ending}", written(twice, ending))).pieces(SETTINGS, LABELS))

    others = pa.Table.from_arrays([ROWS["y_true"], *[ROWS["y_pred"]] * 3], ["y_true", "y_pred", "x", "x"])
    assert column_of(tables((f"a{ending}", written(others, ending))), "y_pred") == ["a", "b", "b"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_bad_row_is_named_by_file_and_place(ending: str) -> None:
    """Rows count from 0 in their file, across row groups."""
    settings = resolve_settings({"labels": ["a", "b"], "positive_label": "b"}, {})
    scores = [0.5] * 7 + [1.5] + [0.5] * 4
    table = pa.table({"y_true": ["a"] * 12, "y_score": scores})
    found = Tables(folder(table, ending, cuts=[4], rows=2))

    with pytest.raises(InvalidPredictions, match=r"row 3 has the score 1\.5") as caught:
        list(found.batches(settings, plan_reading(settings, found.columns(), "p")))

    assert caught.value.details == {"file": f"p/01{ending}", "row": 3}


def test_text_that_is_not_utf_8_in_parquet() -> None:
    """Parquet itself does not look."""
    bad = pa.StringArray.from_buffers(1, pa.py_buffer(np.array([0, 1], np.int32)), pa.py_buffer(b"\xff"))
    found = tables(("a.parquet", written(pa.table({"y_true": bad, "y_pred": ["a"]}), ".parquet")))

    with pytest.raises(UnreadableFile, match=r"a\.parquet has text that is not UTF-8"):
        list(found.batches(SETTINGS, plan_reading(SETTINGS, found.columns(), "a")))


# -- opening and closing -----------------------------------------------------------------------------


class Counted:
    """A file that counts how often it is open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.handles: list[io.BufferedReader] = []

    def open(self) -> io.BufferedReader:
        """One more handle."""
        self.handles.append(self.path.open("rb"))
        return self.handles[-1]

    @property
    def unclosed(self) -> int:
        """How many of them are open."""
        return sum(not handle.closed for handle in self.handles)


def counted(tmp_path: Path, ending: str, data: bytes, name: str = "a") -> tuple[Counted, TableFile]:
    """A file on disk with these bytes."""
    path = tmp_path / f"{name}{ending}"
    path.write_bytes(data)
    file = Counted(path)
    return file, TableFile(path.name, "", len(data), file.open)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("threads", [1, 3])
def test_files_are_closed_once_they_are_read(tmp_path: Path, ending: str, threads: int) -> None:
    """Each as soon as its last piece is loaded, with one handle a thread at most."""
    made = [counted(tmp_path, ending, written(ROWS, ending, rows=1), name) for name in "abcdef"]
    with closing(Tables([file for _, file in made]).pieces(SETTINGS, LABELS)) as pieces:
        loads = (piece.load for piece in pieces)
        assert sum(table.num_rows for table in in_order(loads, threads)) == 18
        assert [file.unclosed for file, _ in made] == [0] * 6
    assert all(len(file.handles) <= threads for file, _ in made)


@pytest.mark.parametrize("ending", ENDINGS)
def test_files_are_closed_after_an_error(tmp_path: Path, ending: str) -> None:
    """And when nobody wants the rest."""
    made, file = counted(tmp_path, ending, written(ROWS, ending)[:-9])
    with pytest.raises(UnreadableFile), closing(Tables([file]).pieces(SETTINGS, LABELS)) as pieces:
        for piece in pieces:
            piece.load()
        raise UnreadableFile("a text format that a few bytes less cannot break", "")
    assert made.unclosed == 0

    whole, file = counted(tmp_path, ending, written(ROWS, ending))
    with closing(Tables([file]).pieces(SETTINGS, LABELS)) as pieces:
        next(pieces)
    assert whole.unclosed == 0


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("broken", [False, True])
def test_a_file_that_changes_while_it_is_read_is_told(tmp_path: Path, threads: int, broken: bool) -> None:
    """Even where what was read of it cannot be: that it changed is the reason."""
    store = open_store(str(tmp_path / "s"), create=True)
    for name in "ab":
        store.write(f"{name}.parquet", written(ROWS, ".parquet", rows=1), content_type="x")
    files = [TableFile(e.key, e.etag or "", e.size, partial(store.open, e)) for e in store.list("")]
    changed = tmp_path / "s" / "a.parquet"

    with pytest.raises(InputChanged), closing(Tables(files).pieces(SETTINGS, LABELS)) as pieces:
        work = (piece.load for piece in pieces)
        first = next(work)
        changed.write_bytes(b"?" * 40 if broken else written(ROWS, ".parquet"))
        os.utime(changed, (1, 1))
        first()
        for _ in in_order(work, threads):
            pass


def test_only_the_ranges_of_wanted_columns_are_fetched() -> None:
    """A large object on S3 is not read for two of its columns."""
    rows = 200_000
    noise = np.random.default_rng(0).random(rows)
    labels = pa.array(["a", "b"] * (rows // 2))
    table = pa.table({"x": noise, "y_true": labels, "y": noise[::-1], "y_pred": labels, "z": noise})
    data = written(table, ".parquet", rows=50_000)
    fetched: list[int] = []

    def fetch(start: int, end: int) -> bytes:
        fetched.append(end - start)
        return data[start:end]

    file = TableFile(
        "a.parquet", "", len(data), lambda: io.BufferedReader(RangedObject(len(data), fetch), 1 << 16)
    )
    with closing(Tables([file]).pieces(SETTINGS, LABELS)) as pieces:
        assert sum(piece.load().num_rows for piece in pieces) == rows

    assert sum(fetched) < len(data) / 5


@pytest.mark.parametrize("buffer", [1, 64, 5000])
def test_a_read_may_take_several_requests(monkeypatch: pytest.MonkeyPatch, buffer: int) -> None:
    """None asks for more than the largest, and together they give what was asked for."""
    monkeypatch.setattr("infra.s3_ranges._LARGEST", 100)
    data = np.random.default_rng(0).bytes(1000)
    fetched: list[int] = []

    def fetch(start: int, end: int) -> bytes:
        fetched.append(end - start)
        return data[start:end]

    with io.BufferedReader(RangedObject(len(data), fetch), buffer) as file:
        assert [file.read(950), file.seek(50), file.read(), file.read()] == [data[:950], 50, data[50:], b""]
    assert max(fetched) <= 100 < len(fetched) * 100


def test_a_file_that_was_fetched_whole_is_fetched_once() -> None:
    """However many threads read it."""
    opened: list[int] = []
    data = written(pa.table({"y_true": ["a"] * 2000, "y_pred": ["b"] * 2000}), ".parquet", rows=10)

    def fetch() -> io.BytesIO:
        opened.append(1)
        return io.BytesIO(data)

    found = Tables([TableFile("a.parquet", "", len(data), fetch)])
    with closing(
        found.pieces(SETTINGS, wanted_by(plan_reading(SETTINGS, ["y_true", "y_pred"], "a"), SETTINGS))
    ) as p:
        assert sum(table.num_rows for table in in_order((piece.load for piece in p), 4)) == 2000
    assert len(opened) == 1


@pytest.mark.parametrize(("limit", "times"), [(1 << 20, 1), (10, 3)])
def test_small_files_are_fetched_once_for_all_passes(
    limit: int, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large ones again for every pass: memory is bounded."""
    monkeypatch.setattr("infra.tables.KEPT_BYTES", limit)
    opened: list[int] = []
    data = written(ROWS, ".parquet")

    def fetch() -> io.BytesIO:
        opened.append(1)
        return io.BytesIO(data)

    found = Tables([TableFile("a.parquet", "", len(data), fetch)])
    assert found.columns() == ["y_true", "y_pred"]
    assert column_of(found, "y_true") == column_of(found, "y_true") == ["a", "b", "c"]
    assert len(opened) == times


# -- work in order -----------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_order_and_errors_end_the_work(threads: int) -> None:
    """Nothing is begun long before it is wanted."""
    begun: list[int] = []

    def task(number: int) -> int:
        begun.append(number)
        if number == 30:
            raise ValueError("thirty")
        return number

    found = []
    with pytest.raises(ValueError, match="thirty"):
        for result in in_order((partial(task, number) for number in range(100)), threads):
            found.append(result)
            assert len(begun) <= len(found) + 2 * threads

    assert found == list(range(30))


def test_pieces_that_are_not_wanted_keep_no_file_open(tmp_path: Path) -> None:
    """Dropped, they count as read."""
    made = [counted(tmp_path, ".parquet", written(ROWS, ".parquet"), name) for name in "abc"]
    with closing(Tables([file for _, file in made]).pieces(SETTINGS, LABELS)) as pieces:
        for piece in pieces:
            piece.drop()
        assert [file.unclosed for file, _ in made] == [0] * 3
