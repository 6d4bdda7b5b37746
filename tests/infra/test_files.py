"""Files that appear at once and whole, and the lock of a folder."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from evalcore.errors import StorageUnavailable
from infra import files
from infra.folder import FolderStore
from infra.storage import InputChanged, WriteConflict
from tests.infra.failures import failing

TEXT = "text/plain"


@pytest.fixture
def root(folder_store: str) -> Path:
    """The folder of the store."""
    return Path(folder_store)


@pytest.fixture
def store(root: Path) -> FolderStore:
    """An empty store."""
    return FolderStore(root)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_what_was_there(
    store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Neither half a file nor a temporary one is left, and the old content stays."""
    store.write("a/b", b"old", content_type=TEXT)
    with monkeypatch.context() as patched:
        patched.setattr(os if step == "fsync" else Path, step, failing(errno.EIO))
        with pytest.raises(StorageUnavailable, match="input/output error"):
            store.write("a/b", b"new", content_type=TEXT)
    assert store.read("a/b").data == b"old"
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["b"]


def test_a_killed_write_leaves_nothing_to_see(store: FolderStore, root: Path) -> None:
    """A process that dies with the file half written leaves the old content, and nothing is listed."""
    store.write("a/b", b"old", content_type=TEXT)
    code = (
        "import os, sys; os.fsync = lambda _: os._exit(9)\n"
        "from infra.storage import open_store\n"
        "open_store(sys.argv[1]).write('a/b', b'new', content_type='text/plain')"
    )
    done = subprocess.run([sys.executable, "-c", code, str(root)], check=False)
    assert done.returncode == 9
    assert store.read("a/b").data == b"old"
    assert [entry.key for entry in store.list("")] == ["a/b"]
    left = [path for path in (root / "a").iterdir() if path.name != "b"]
    assert len(left) == 1
    two_days_ago = time.time() - 2 * 86_400
    os.utime(left[0], (two_days_ago, two_days_ago))
    store.delete(["a/b"])
    assert list(root.iterdir()) == []


def test_readers_see_one_content_or_the_other(store: FolderStore) -> None:
    """While a file is being replaced over and over, no read finds it missing or mixed."""
    contents = [b"a" * 200_000, b"b" * 100_000]
    store.write("k", contents[0], content_type=TEXT)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for data in contents:
                store.write("k", data, content_type=TEXT)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = {store.read("k").data for _ in range(200)}
    finally:
        stop.set()
        writer.join()
    assert seen <= set(contents)


def test_one_of_many_processes_wins(store: FolderStore, root: Path) -> None:
    """The lock holds between processes: of six that replace the same content, one does."""
    store.write("k", b"start", content_type=TEXT)
    code = (
        "import sys\nfrom infra.storage import WriteConflict, open_store\n"
        "store = open_store(sys.argv[1]); etag = store.read('k').etag; print('ready', flush=True); input()\n"
        "try: store.write('k', sys.argv[2].encode(), content_type='text/plain', if_match=etag)\n"
        "except WriteConflict: print('lost')\n"
        "else: print('won')"
    )
    pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    writers = [subprocess.Popen([sys.executable, "-c", code, str(root), str(n)], **pipe) for n in range(6)]  # type: ignore[call-overload]
    assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 6
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    results = [writer.communicate(timeout=30)[0].strip() for writer in writers]
    assert sorted(results) == ["lost"] * 5 + ["won"]
    assert store.read("k").data == str(results.index("won")).encode()


def test_a_lock_that_stays_is_reported(
    store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting for the lock has an end, and only conditional writes wait."""
    monkeypatch.setattr(files, "LOCK_SECONDS", 0.1)
    store.write("k", b"", content_type=TEXT)
    assert not (root / ".assay.lock").exists()
    with files.locked(root), pytest.raises(StorageUnavailable, match="locked"):
        store.write("k", b"x", content_type=TEXT, if_absent=True)
    code = (
        "import fcntl, sys\nf = open(sys.argv[1], 'ab'); fcntl.flock(f, fcntl.LOCK_EX)\n"
        "print('held', flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(root / ".assay.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StorageUnavailable, match="locked"):
            store.write("k", b"x", content_type=TEXT, if_absent=True)
        store.write("k", b"y", content_type=TEXT)
        other.stdin.write("\n")
    with pytest.raises(WriteConflict):
        store.write("k", b"x", content_type=TEXT, if_absent=True)
    assert [entry.key for entry in store.list("")] == ["k"]


@pytest.mark.parametrize("change", ["content", "replaced", "removed"])
def test_a_change_while_a_file_is_open_is_noticed(store: FolderStore, root: Path, change: str) -> None:
    """Size and time are compared again at the end, against the place as well as the file."""
    path = root / "a"
    path.write_bytes(b"one")
    file = store.open(store.list("")[0])
    assert file.read() == b"one"
    if change == "content":
        path.write_bytes(b"other")
    else:
        path.unlink()
    if change == "replaced":
        path.write_bytes(b"other")
    with pytest.raises(InputChanged, match="changed"):
        file.close()
    assert file.closed
    file.close()


def test_writing_while_empty_folders_are_removed(store: FolderStore) -> None:
    """A writer and a remover in the same folder do not fail each other."""
    stop = threading.Event()

    def remove() -> None:
        while not stop.is_set():
            store.write("a/b/1", b"x", content_type=TEXT)
            store.delete(["a/b/1"])

    remover = threading.Thread(target=remove)
    remover.start()
    try:
        for _ in range(200):
            store.write("a/b/2", b"x", content_type=TEXT)
            store.delete(["a/b/2"])
    finally:
        stop.set()
        remover.join()
    assert store.list("") == []
