"""Every format gives the same rows, and says what is wrong with a file that is not of it."""

from __future__ import annotations

import gzip
import io
import json
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalcore.columns import plan_reading
from evalcore.errors import InvalidPredictions, UnreadableFile
from evalcore.settings import resolve_settings
from infra import format_table
from infra.format_table import Wanted, content_types, ending_of, formats
from infra.formats import delimited, json_lines
from infra.tables import Tables, wanted_by
from tests.infra.tablefiles import ENDINGS, column_of, folder, in_memory, tables, written

ROWS = pa.table({"y_true": ["a", "b", None], "y_pred": ["a", None, "ü\n"], "y_score": [0.5, None, 1.0]})
SETTINGS = resolve_settings({"labels": ["a", "b"], "positive_label": "a"}, {})


def scores(found: Tables) -> list[Any]:
    """Read as the figures' pass reads: every score, null as NaN."""
    reading = plan_reading(SETTINGS, found.columns(), "p")
    wanted = wanted_by(reading, SETTINGS)
    return [v for piece in found.pieces(SETTINGS, wanted) for v in piece.load().column("y_score").to_pylist()]


def test_every_ending_has_a_format_and_a_type() -> None:
    """The longest ending wins, whatever the case."""
    assert set(content_types()) == set(ENDINGS)
    assert ending_of("a.CSV.gz") == ".csv.gz" and ending_of("a.gz") is None
    assert formats()[".csv"] is formats()[".csv.gz"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_values_and_nulls_come_back(ending: str) -> None:
    """Labels as they are, scores as numbers, nulls as nulls, line breaks within a value too."""
    found = Tables(folder(ROWS, ending, cuts=[1]))

    assert column_of(found, "y_true") == ["a", "b", None]
    assert column_of(found, "y_pred") == ["a", None, "ü\n"]
    assert scores(found) == [0.5, None, 1.0]
    assert found.rows == {f"p/00{ending}": 1, f"p/01{ending}": 2}


@pytest.mark.parametrize("ending", ENDINGS)
def test_files_without_rows_stand_beside_others(ending: str) -> None:
    """An empty part among parts is read, and counts no row."""
    found = Tables(folder(ROWS, ending, cuts=[0, 3]))

    assert column_of(found, "y_true") == ["a", "b", None]
    assert list(found.rows.values()) == [0, 3, 0]


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_a_file_of_no_bytes_has_no_rows(ending: str) -> None:
    """Text formats have nothing that must be there."""
    found = tables((f"a{ending}", b""), (f"b{ending}", written(ROWS, ending)))

    assert found.columns() == ["y_true", "y_pred", "y_score"]
    assert column_of(found, "y_true") == ["a", "b", None]


@pytest.mark.parametrize("ending", [".parquet", ".arrow", ".ipc", ".csv.gz"])
@pytest.mark.parametrize("kept", [0.98, 0.5, 0.0])
def test_truncated_files_are_unreadable(ending: str, kept: float) -> None:
    """The error names the file and the format."""
    many = pa.table({"y_true": [f"label {i * 7919 % 1000}" for i in range(5000)]})
    data = written(many, ending)
    found = tables((f"bad{ending}", data[: int(len(data) * kept)]))

    if ending == ".csv.gz" and not kept:
        assert column_of(found, "y_true") == []
        return
    with pytest.raises(UnreadableFile, match=rf"bad{ending}.*{formats()[ending].name}"):
        column_of(found, "y_true")


@pytest.mark.parametrize("ending", ENDINGS)
def test_garbage_is_unreadable(ending: str) -> None:
    """Whatever the name says."""
    with pytest.raises(UnreadableFile, match="bad"):
        column_of(tables((f"bad{ending}", bytes(range(256)) * 40)), "y_true")


@pytest.mark.parametrize("place", range(60, 700, 9))
def test_a_flipped_byte_in_arrow_is_found_or_harmless(place: int) -> None:
    """Offsets that lead outside a buffer never reach the figures."""
    data = bytearray(written(pa.table({"y_true": ["a", "bb", "ccc"] * 9}), ".arrow"))
    data[place % len(data)] ^= 0xFF
    with suppress(UnreadableFile, InvalidPredictions):
        assert len(column_of(tables(("a.arrow", bytes(data))), "y_true")) <= 27 * 256


def test_feather_of_version_1_is_named() -> None:
    """It is another format, and the error says what to do."""
    with pytest.raises(UnreadableFile, match="version 2"):
        tables(("a.feather", b"FEA1" + bytes(100))).columns()


# -- Parquet -----------------------------------------------------------------------------------------


def test_row_groups_are_put_together_or_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces are neither tiny nor huge, and follow each other."""
    monkeypatch.setattr("infra.formats.parquet.SMALL_ROWS", 20)
    monkeypatch.setattr("infra.formats.parquet.PIECE_ROWS", 50)
    small = in_memory("a.parquet", written(pa.table({"n": range(65)}), ".parquet", rows=8))
    huge = in_memory("b.parquet", written(pa.table({"n": range(65, 195)}), ".parquet", rows=130))

    pieces = [
        (piece.source.key, piece.source.first_row, piece.load().column("n").to_pylist())
        for piece in Tables([small, huge]).pieces(None, Wanted(labels=("n",)))
    ]

    assert [(key, first, len(values)) for key, first, values in pieces] == [
        ("a.parquet", 0, 24), ("a.parquet", 24, 24), ("a.parquet", 48, 17),
        ("b.parquet", 0, 50), ("b.parquet", 50, 50), ("b.parquet", 100, 30),
    ]  # fmt: skip
    assert [n for _, _, values in pieces for n in values] == list(range(195))


@pytest.mark.parametrize("ending", [".arrow", ".ipc"])
@pytest.mark.parametrize("rows", [1, 7, 19, 20, 21, 49, 50, 51, 130])
def test_record_batches_are_put_together_or_cut(
    monkeypatch: pytest.MonkeyPatch, ending: str, rows: int
) -> None:
    """Whatever their size, in files and in streams: labels, gaps and scores come row by row."""
    monkeypatch.setattr("infra.formats.arrow.SMALL_ROWS", 20)
    monkeypatch.setattr("infra.formats.arrow.PIECE_ROWS", 50)
    labels = [None if n % 5 == 0 else f"l{n % 3}" for n in range(130)]
    table = pa.table({"y": pa.array(labels).dictionary_encode(), "n": range(130)})
    found = tables((f"a{ending}", written(table, ending, rows)))

    pieces = [(p.source.first_row, p.rows, p.load()) for p in found.pieces(None, Wanted(labels=("y", "n")))]

    assert [first for first, _, _ in pieces] == [sum(n for _, n, _ in pieces[:i]) for i in range(len(pieces))]
    assert max(n for _, n, _ in pieces) <= 50 and (rows > 20 or len(pieces) <= 7)
    assert [v for _, _, t in pieces for v in t.column("y").to_pylist()] == labels
    assert [v for _, _, t in pieces for v in t.column("n").to_pylist()] == list(range(130))


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (["a", "b"] * 50, {}),
        (["a", "b"] * 50, {"use_dictionary": False}),
        ([f"{n:040}" for n in range(100_000)], {}),
    ],
    ids=["dictionary", "plain", "outgrown dictionary"],
)
def test_labels_are_read_as_dictionaries(values: list[str], options: dict[str, Any]) -> None:
    """However they are stored; they are counted by their codes."""
    sink = io.BytesIO()
    pq.write_table(pa.table({"y": values}), sink, **options)
    [(_, _, column)] = tables(("a.parquet", sink.getvalue())).column("y")

    assert pa.types.is_dictionary(column.type)
    assert column.to_pylist() == values


# -- CSV ---------------------------------------------------------------------------------------------


def read_csv(text: str | bytes, name: str = "y_true") -> list[Any]:
    """One label column of a CSV file."""
    return column_of(tables(("a.csv", text.encode() if isinstance(text, str) else text)), name)


def test_a_column_may_be_empty_throughout(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a whole file, and in one block of it."""
    monkeypatch.setattr(delimited, "BLOCK", 64)
    assert read_csv("y_true,x\n,1\n,2\n") == [None, None]
    assert read_csv("y_true,x\na,1\n" + ",22\n" * 60) == ["a", *[None] * 60]


def test_fields_compare_by_what_they_stand_for() -> None:
    """Integral floats and booleans have one text, everything else its own; only an empty field is null."""
    fields = ["1", "1.0", "-0.0", "01", "1.5", "1.50", "True", "FALSE", "NA", "nan", "", '""', "1e+16", "é"]

    assert read_csv("y_true,x\n" + "".join(f"{field},0\n" for field in fields)) == [
        "1", "1", "0", "01", "1.5", "1.50", "true", "false", "NA", "nan", None, None, "10000000000000000", "é",
    ]  # fmt: skip


def test_a_given_label_is_taken_as_it_stands() -> None:
    """Where the settings list the text itself, it is not read as a boolean or a number."""
    found = tables(("a.csv", b"y_true\nTrue\n2.0\n3.0\n"))
    wanted = Wanted(labels=("y_true",), verbatim=frozenset({"True", "2.0"}))

    [piece] = found.pieces(None, wanted)

    assert piece.load().column("y_true").to_pylist() == ["True", "2.0", "3"]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffy_true,x\na,1\nb,2\n",
        "y_true,x\r\na,1\r\nb,2",
        'x,"y_true"\n1,"a"\n\n2,b\n',
        "y_true,x\na,1\nb,2\n\n\n",
    ],
)
def test_csv_as_programs_write_it(text: str) -> None:
    """A byte order mark, line ends of Windows, quotes, blank lines, no line end at the end."""
    assert read_csv(text) == ["a", "b"]


def test_quoted_fields_hold_anything() -> None:
    """Commas, quotes and line breaks."""
    assert read_csv('y_true,x\n"a,\n""b""",1\nc,2\n') == ['a,\n"b"', "c"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"y_true,x\na,1\nb,2,3\n", r"Row #3.*Expected 2 columns, got 3"),
        (b"y_true,x\na,1\nb\n", r"Row #3.*Expected 2 columns, got 1"),
        (b"y_true,x\na,1\n\xff,1\n", r"line 3 is not UTF-8"),
        ("y_true,x\na,1\n".encode("utf-16"), "not UTF-8"),
        (b'y_true,x\n"a,1\n' + b"b,2\n" * 300, "quote|Expected 2 columns"),
    ],
)
def test_hostile_csv_is_unreadable(text: bytes, said: str) -> None:
    """The error says where."""
    with pytest.raises(UnreadableFile, match=rf"a\.csv.*{said}"):
        read_csv(text)


def test_bad_text_behind_the_first_block_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block is checked."""
    monkeypatch.setattr(delimited, "BLOCK", 256)
    with pytest.raises(UnreadableFile, match=r"a\.csv"):
        read_csv(b"y_true,x\n" + b"a,1\n" * 500 + b"\xff,1\n")


@pytest.mark.parametrize("before", [1, 3, 400])
def test_a_score_that_is_no_number_is_named_by_its_row(monkeypatch: pytest.MonkeyPatch, before: int) -> None:
    """The row counts from 0 without header and blank lines, in whatever block it is."""
    monkeypatch.setattr(delimited, "BLOCK", 512)
    lines = "a,a,0.5\n" * before
    data = f"y_true,y_pred,y_score\n{lines}\n\nb,b,high\n".encode()

    with pytest.raises(InvalidPredictions, match=rf"row {before} has 'high' in 'y_score'") as caught:
        scores(tables(("a.csv", data)))

    assert caught.value.details == {"file": "a.csv", "row": before}


def test_csv_blocks_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece knows its first row; a row across a border is read once."""
    monkeypatch.setattr(delimited, "BLOCK", 128)
    labels = [f"label {n}" for n in range(200)]
    found = tables(("a.csv", ("y_true\n" + "\n".join(labels) + "\n").encode()))

    pieces = list(found.column("y_true"))

    assert len(pieces) > 5
    assert [v for _, _, values in pieces for v in values.to_pylist()] == labels
    assert all(values[0].as_py() == f"label {first}" for _, first, values in pieces)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("shift", range(4))
def test_a_block_may_end_within_a_character(monkeypatch: pytest.MonkeyPatch, mark: str, shift: int) -> None:
    """Of two, three or four bytes, with a byte order mark at the start of the file and without."""
    monkeypatch.setattr(delimited, "BLOCK", 256)
    for sign in "ñ語🙂":
        labels = ["a" * shift, *(sign * (1 + n % 5) for n in range(200))]
        text = mark + "y_true,x\n" + "".join(f"{label},1\n" for label in labels)
        assert read_csv(text) == [label or None for label in labels]


def test_the_first_row_may_have_a_long_field() -> None:
    """Longer than Python's own reader takes, which looks at the header alone."""
    text = "y_true,x\na," + "x" * 200_000 + "\nb,1\n"

    assert read_csv(text) == ["a", "b"]
    assert len(read_csv(text, "x")[0]) == 200_000


def test_compressed_csv_of_several_members() -> None:
    """As it is after `cat a.csv.gz b.csv.gz`."""
    data = gzip.compress(b"y_true\na\n") + gzip.compress(b"b\n")

    assert column_of(tables(("a.csv.gz", data)), "y_true") == ["a", "b"]


def test_scores_are_read_in_full_precision() -> None:
    """As float64, to the last digit."""
    values = [0.1, 1 / 3, 2**-40]
    text = "y_true,y_pred,y_score\n" + "".join(f"a,b,{value!r}\n" for value in values)

    assert scores(tables(("a.csv", text.encode()))) == values


# -- JSON Lines --------------------------------------------------------------------------------------


def read_json(*rows: Any, name: str = "y_true") -> list[Any]:
    """One label column of these rows."""
    data = "".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows)
    return column_of(tables(("a.jsonl", data.encode())), name)


def test_values_of_one_key_may_differ_in_type() -> None:
    """They become their texts, as labels do."""
    rows = [{"y_true": value} for value in (1, 1.0, "1", True, None, "01")]

    assert read_json(*rows) == ["1", "1", "1", "true", None, "01"]


def test_large_integers_and_dates_stay_what_they_are() -> None:
    """Nothing is guessed."""
    assert read_json({"y_true": 2**63 + 1}, {"y_true": 1}) == [str(2**63 + 1), "1"]
    assert read_json({"y_true": "2026-11-20"}) == ["2026-11-20"]
    assert read_json({"y_true": ["2026-11-20"]}, {"y_true": None}) == [["2026-11-20"], None]
    assert read_json({"y_true": [0.5, 2**53 + 1]}) == [["0.5", str(2**53 + 1)]]


def test_a_key_that_a_row_lacks_is_null_there() -> None:
    """As long as the first block has it."""
    assert read_json({"y_true": "a"}, {"x": 1}, "\n", {"y_true": "b"}) == ["a", None, "b"]


def test_a_key_that_turns_up_late_is_not_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would have decided how the file is read."""
    monkeypatch.setattr(json_lines, "BLOCK", 256)
    row = {"y_true": "a", "y_pred": "b"}
    data = "".join(json.dumps(r) + "\n" for r in [*[row] * 50, row | {"y_score": 0.5}])
    found = tables(("a.jsonl", data.encode()))
    wanted = Wanted(labels=("y_true", "y_pred"))

    with pytest.raises(InvalidPredictions, match="row 50 has the key 'y_score', which no row before it has"):
        list(found.pieces(SETTINGS, wanted))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"y_true": 1}\n{"y_true": 2', "row 1 is no JSON object"),
        ('{"y_true": 1}\n[1]\n', "row 1 is no JSON object"),
        ("[" * 100_000, "row 0 is no JSON object"),
    ],
)
def test_broken_lines_are_named(text: str, said: str) -> None:
    """By their row, blank lines not counted."""
    with pytest.raises(UnreadableFile, match=said):
        read_json(text)


def test_text_among_json_scores_is_named_by_its_row() -> None:
    """As in the other formats."""
    rows = [{"y_true": "a", "y_pred": "a", "y_score": value} for value in (0.5, None, "high")]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()

    with pytest.raises(InvalidPredictions, match=r"row 2 has .*high"):
        scores(tables(("a.jsonl", data)))


@pytest.mark.parametrize(
    "text",
    [
        b"null\n",
        b' \n null\n{"y_true": 1}\n',
        b'{"y_true": ' + b"[" * 60_000 + b"]" * 60_000 + b"}\n",
        b'{"y_true": 1}\n{"y_true": 1, "x": ' + b'{"a": ' * 60_000 + b"1" + b"}" * 60_000 + b"}\n",
    ],
    ids=["null", "null at first", "deep lists", "deep objects"],
)
def test_json_that_would_end_arrow_is_unreadable(text: bytes) -> None:
    """Arrow's reader crashes of it, and takes the process along."""
    with pytest.raises(UnreadableFile, match=r"a\.jsonl .* is no JSON object"):
        column_of(tables(("a.jsonl", text)), "y_true")


def test_many_short_lists_in_a_row_are_not_deep() -> None:
    """What begins in a line may lie side by side."""
    wide = "[" + ", ".join(["[1]"] * 6_000) + "]"
    found = tables(("a.jsonl", f'{{"y_true": "a", "x": {wide}}}\n'.encode() * 2))
    assert column_of(found, "y_true") == ["a", "a"]


def test_json_that_is_not_utf_8_is_unreadable() -> None:
    """Whatever Arrow thinks of it."""
    with pytest.raises(UnreadableFile, match=r"a\.jsonl"):
        column_of(tables(("a.jsonl", b'{"y_true": "\xff"}\n')), "y_true")


def test_a_format_registers_under_each_ending_once() -> None:
    """Two formats of one ending would shadow each other."""
    with pytest.raises(AssertionError):
        format_table.table_format(json_lines.JsonLines)
