"""A night on a folder that takes nothing: a full disk or a read-only one is one clear error, nothing by halves."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evalcore.errors import AssayError, StorageUnavailable
from flows.night import new_run, run_inline
from flows.plan import Order
from infra import layout
from infra.layout import Target
from infra.storage import open_store
from tests.flows.conftest import Ran
from tests.flows.stores import put_model, snapshot, write_predictions
from tests.flows.test_night_killed import free_lease
from tests.flows.whole import digest_in_force, settled

pytestmark = pytest.mark.usefixtures("quick_reports")
TARGET = Target("good", "v1")
PREDICTIONS = "models/good/versions/v1/predictions/test/part-0.parquet"


@contextlib.contextmanager
def disk(folder: Path, options: str) -> Iterator[None]:
    """A small disk at a folder; skips the test where nobody may mount one."""
    folder.mkdir(exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(folder: Path) -> Path:
    """Leave no room on the disk; the file that fills it."""
    filler = folder / "_filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    return filler


def test_a_full_disk(tmp_path: Path, assay: Callable[..., Ran]) -> None:
    """One line, exit status 6, the old evaluation in force; with room again the night goes on."""
    root = tmp_path / "disk"
    with disk(root, "size=1m"):
        put_model(root, "good")
        put_model(root, "other")
        store = open_store(root)
        assert assay("nightly", "--runner", "inline", store=root).status == 0
        old = settled(store, TARGET)
        write_predictions(root / PREDICTIONS, 60)
        before = set(snapshot(root))
        filler = fill(root)

        ran = assay("nightly", "--runner", "inline", store=root)

        assert ran.status == 6
        assert re.fullmatch(
            r"error\[storage_unavailable\]: the disk of .* is full; make room and run it again\n", ran.err
        )
        assert digest_in_force(store, TARGET) == old
        assert set(snapshot(root)) - {"_filler"} == before
        filler.unlink()
        assert assay("nightly", "--runner", "inline", store=root).status == 0
        assert settled(store, TARGET) != old


def test_a_read_only_disk(tmp_path: Path, assay: Callable[..., Ran]) -> None:
    """One line, exit status 3, before anything is evaluated."""
    root = tmp_path / "disk"
    with disk(root, "size=1m"):
        put_model(root, "good")
        before = snapshot(root)
        subprocess.run(["mount", "-o", "remount,ro", root], check=True)

        ran = assay("nightly", "--runner", "inline", store=root)

        assert ran.status == 3
        assert re.fullmatch(r"error\[forbidden\]: .* may not be read or written by this user; .*\n", ran.err)
        assert snapshot(root) == before


def test_a_disk_that_fills_up_at_any_moment(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each write in turn is the first for which there is no room: old or new, whole, and the next night goes on."""
    opened = open_store(str(store))
    run_inline(Order(str(store), new_run(), models="good"))
    old, left = settled(opened, TARGET), -1
    fsync = os.fsync

    def full(number: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(number)

    for room in range(60):
        write_predictions(store / PREDICTIONS, 42 + 2 * room)
        record: Any = None
        with monkeypatch.context() as patched:
            left = room
            patched.setattr("infra.files.os.fsync", full)
            try:
                record = run_inline(Order(str(store), new_run(), models="good"))
            except AssayError as error:
                assert isinstance(error, StorageUnavailable)
        in_between = digest_in_force(opened, TARGET)
        assert not list(store.rglob("*.tmp"))
        free_lease(opened)
        run_inline(Order(str(store), new_run(), models="good"))
        new = settled(opened, TARGET)
        assert in_between in (old, new)
        assert new != old
        if record is not None and left >= 0:
            return
        old = new
    pytest.fail("the enumeration must reach beyond the last write")


def test_no_room_is_left_to_tell_of_a_failure(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The night does not go through a thousand versions to say a thousand times that the disk is full."""
    for number in range(10):
        put_model(store, f"m{number}")
    begun: list[str] = []
    write = type(open_store(str(store))).write

    def full(self: Any, key: str, data: bytes, **options: Any) -> str:
        if key.endswith(".html"):
            begun.append(key)
        if begun:
            raise StorageUnavailable("the disk is full", "make room", store=self.url)
        return write(self, key, data, **options)

    monkeypatch.setattr(type(open_store(str(store))), "write", full)
    with pytest.raises(StorageUnavailable, match="the disk is full"):
        run_inline(Order(str(store), new_run(), workers=1))

    assert len(begun) == 1
    assert layout.EVALUATIONS in begun[0]
