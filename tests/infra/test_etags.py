"""The memory of what files contain."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from infra import etags
from infra.folder import FolderStore

TEXT = "text/plain"


@pytest.fixture
def root(folder_store: str) -> Path:
    """The folder of the store."""
    return Path(folder_store)


@pytest.fixture
def store(root: Path) -> FolderStore:
    """An empty store."""
    return FolderStore(root)


def no_home() -> Path:
    """A user without a home folder."""
    raise RuntimeError("no home")


def aged(path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int = 10) -> Path:
    """Has the clock that the memory of hashes goes by run ahead, so that the file counts as settled."""
    later = time.time_ns() + seconds * 10**9
    monkeypatch.setattr(etags.time, "time_ns", lambda: later)
    return path


def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read to be hashed from now on."""
    seen: list[str] = []
    original = etags._hash
    monkeypatch.setattr(etags, "_hash", lambda path, new: (seen.append(path.name), original(path, new))[1])
    return seen


def test_hashes_are_remembered(store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that has not changed is read for its hash once."""
    store.write("a", b"one", content_type=TEXT)
    aged(root / "a", monkeypatch)
    seen = hashed(monkeypatch)
    first, second = store.list(""), FolderStore(root).list("")
    assert first == second
    assert seen == ["a"]


@pytest.mark.parametrize("change", ["content", "same size and time", "another file in its place"])
def test_a_changed_file_is_hashed_again(
    store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Other content is noticed even where size and time of the file are made to look the same."""
    path = root / "a"
    path.write_bytes(b"one")
    aged(path, monkeypatch)
    before = path.stat()
    (old,) = store.list("")
    if change == "another file in its place":
        (root / "b").write_bytes(b"two")
        os.utime(root / "b", ns=(before.st_atime_ns, before.st_mtime_ns))
        (root / "b").replace(path)
    else:
        path.write_bytes(b"two")
        if change == "same size and time":
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    (new,) = store.list("")
    assert (old.etag, new.etag) == (etags.md5_of(b"one"), etags.md5_of(b"two"))


def test_a_file_that_just_changed_is_not_remembered(
    store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within two seconds another change might leave the same time, so the content is read again."""
    (root / "a").write_bytes(b"one")
    seen = hashed(monkeypatch)
    store.list("")
    store.list("")
    assert seen == ["a", "a"]


@pytest.mark.parametrize("obstacle", ["a file in the way", "a damaged file", "no home"])
def test_the_memory_is_never_in_the_way(
    store: FolderStore, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, obstacle: str
) -> None:
    """Where hashes cannot be remembered they are computed, and that is all."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    if obstacle == "a file in the way":
        cache.write_bytes(b"")
    elif obstacle == "a damaged file":
        (cache / "assay").mkdir(parents=True)
        (cache / "assay" / "etags.sqlite3").write_bytes(b"no database" * 1000)
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", "relative")
        monkeypatch.setattr(Path, "home", no_home)
    (root / "a").write_bytes(b"one")
    aged(root / "a", monkeypatch)
    assert [entry.etag for entry in store.list("")] == [etags.md5_of(b"one")]
    assert [entry.etag for entry in store.list("")] == [etags.md5_of(b"one")]


def test_a_damaged_memory_is_replaced(
    store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is thrown away, and from then on hashes are remembered again."""
    path = etags._path()
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database" * 1000)
    (root / "a").write_bytes(b"one")
    aged(root / "a", monkeypatch)
    store.list("")
    store.list("")
    seen = hashed(monkeypatch)
    store.list("")
    assert seen == []


def test_the_memory_is_shared_by_processes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several processes that hash at once lose nothing and disturb nobody."""
    for number in range(50):
        (root / str(number)).write_bytes(b"%d" % number)
    code = (
        "import sys, time\nfrom infra import etags; from infra.storage import open_store\n"
        "later = time.time_ns() + 10**10; etags.time.time_ns = lambda: later\n"
        "print(len(open_store(sys.argv[1]).list('')))"
    )
    command = [sys.executable, "-c", code, str(root)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [run.communicate(timeout=60)[0] for run in runs] == ["50\n"] * 4
    with sqlite3.connect(etags._path()) as memory:
        assert memory.execute("select count(*) from etags").fetchone() == (50,)
    memory.close()


def test_without_etags_nothing_is_read(
    store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing that needs no ETags has None in their place."""
    (root / "a").write_bytes(b"one")
    seen = hashed(monkeypatch)
    assert [(entry.key, entry.etag) for entry in store.list("", etags=False)] == [("a", None)]
    assert seen == []


def test_a_file_that_vanishes_during_a_listing(
    store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is gone before its content was read is left out."""
    for name in ("a", "b"):
        (root / name).write_bytes(b"")
    original = etags._hash

    def vanish(path: Path, new: Any) -> str | None:
        if path.name == "a":
            path.unlink()
        return original(path, new)

    monkeypatch.setattr(etags, "_hash", vanish)
    assert [entry.key for entry in store.list("")] == ["b"]
