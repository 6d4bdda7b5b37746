"""Prefect's embedded server: its database, and how it begins and ends."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from flows import embedded
from tests.flows.stores import document


def make_database(path: Path, table: str) -> None:
    """Write a database with one table."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"create table {table} (x)")
        connection.commit()


def tables(path: Path) -> list[str]:
    """The tables of a database."""
    with closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("select name from sqlite_master")]


def test_the_first_database_is_kept_and_used(tmp_path: Path) -> None:
    """What the first server made is where the next begins, each in a file of its own."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = embedded.begin_database(tmp_path / "a")
    assert not first.exists()
    make_database(first, "migrated")
    embedded.keep_database(first)
    make_database(first, "later")
    embedded.keep_database(first)

    second = embedded.begin_database(tmp_path / "b")

    assert first != second
    assert tables(second) == ["migrated"]


@pytest.mark.parametrize("damage", ["cut", "overwritten", "no database"])
def test_a_kept_database_that_is_damaged_is_dropped(damage: str, tmp_path: Path) -> None:
    """The start makes its database anew, and the next one is kept again."""
    make_database(tmp_path / "first.db", "migrated")
    embedded.keep_database(tmp_path / "first.db")
    kept = embedded.kept_database()
    whole = kept.read_bytes()
    kept.write_bytes(
        {"cut": whole[:4096], "overwritten": whole[:4096] + b"x" * 4096, "no database": b"?" * 8192}[damage]
    )

    assert not embedded.begin_database(tmp_path).exists()
    assert not kept.exists()


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be kept the next start takes longer, and that is all."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    make_database(tmp_path / "prefect.db", "migrated")

    embedded.keep_database(tmp_path / "prefect.db")

    assert not embedded.begin_database(tmp_path / "file").exists()


def test_the_server_is_out_of_reach_of_ctrl_c() -> None:
    """It has a session of its own, and ends at once when asked to before it has started."""
    server = embedded.Server()
    assert os.getsid(server._process.pid) != os.getsid(0)

    started = time.monotonic()
    server.stop()

    assert server._process.returncode is not None
    assert time.monotonic() - started < 10


def test_a_server_that_is_too_slow() -> None:
    """When the time is up the server has not started, and is ended."""
    server = embedded.Server(seconds=0)

    with pytest.raises(embedded.NotStarted):
        server.wait()
    assert server._process.returncode is not None


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that temporary files of started processes go to."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def night(store: Path, *options: str) -> subprocess.Popen[str]:
    """A night on Prefect's embedded server, in a process group of its own."""
    program = str(Path(sys.executable).parent / "assay")
    return subprocess.Popen(
        [program, "nightly", "--runner", "prefect", "--store", str(store), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_night_on_the_embedded_server(store: Path, own_folder: Path) -> None:
    """A night starts its server, publishes, prints nothing but its record, and leaves no server behind."""
    with night(store, "--json") as process:
        out, err = process.communicate(timeout=240)

    assert process.returncode == 1
    record = json.loads(out)
    assert record["counts"] == {"published": 2}
    assert record == document(store / f"evaluations/nightly/{record['run']}.json")
    assert err.splitlines()[0] == "starting Prefect's embedded server (15–60 s) …"
    assert [line[:5] for line in err.splitlines()[1:]] == ["[1/2]", "[2/2]"]
    assert not list(own_folder.glob("assay-prefect-*"))


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_a_night_on_prefect(
    number: signal.Signals, status: int, store: Path, own_folder: Path
) -> None:
    """Ctrl-C, and SIGTERM, which a whole process group gets, leave the lease free and no server."""
    with night(store) as process:
        until = time.monotonic() + 200
        while not list(store.glob("evaluations/nightly/2*.json")) and time.monotonic() < until:
            time.sleep(0.02)
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (status, "")
    assert "Traceback" not in err
    [record] = [document(path) for path in store.glob("evaluations/nightly/2*.json")]
    assert record["finished_at"] is None
    lease = document(store / "evaluations/nightly/.lease.json")
    assert lease["renewed_at"] >= lease["expires_at"]
    assert not list(own_folder.glob("assay-prefect-*"))
