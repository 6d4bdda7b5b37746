"""What only a store in a folder does: links, rights, empty folders, a root that goes away."""

from __future__ import annotations

import errno
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evalcore.errors import Forbidden, InvalidParameter, StorageUnavailable, UnreadableFile
from infra import etags, files
from infra.folder import FolderStore
from infra.storage import Entry
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


def test_empty_folders_go_with_their_last_file(store: FolderStore, root: Path) -> None:
    """The root stays, and so does a folder that still holds something."""
    for key in ("a/b/c/1", "a/b/d/1", "e/1"):
        store.write(key, b"", content_type=TEXT)
    store.delete(["a/b/c/1", "e/1"])
    assert sorted(path.name for path in root.rglob("*")) == ["1", "a", "b", "d"]
    store.delete(["a/b/d/1"])
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("link", ["file", "folder"])
def test_a_link_out_of_the_store_is_not_followed(
    store: FolderStore, root: Path, tmp_path: Path, link: str
) -> None:
    """Reading, listing and writing through it is Forbidden, and says which key it is."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (root / "m").mkdir()
    (root / "m" / "x").symlink_to(outside if link == "folder" else outside / "secret")
    key = "m/x/secret" if link == "folder" else "m/x"
    for use in (
        lambda: store.read(key),
        lambda: store.list("m/"),
        lambda: store.write(key, b"", content_type=TEXT),
        lambda: store.delete([key]),
    ):
        with pytest.raises(Forbidden, match="m/x"):
            use()
    assert (outside / "secret").read_bytes() == b"secret"


def test_a_link_within_the_store_is_followed(store: FolderStore, root: Path) -> None:
    """Files are found under both names, and a link to a folder above itself does not go round for ever."""
    store.write("v/1/a", b"x", content_type=TEXT)
    (root / "v" / "latest").symlink_to("1")
    (root / "v" / "1" / "round").symlink_to(root / "v")
    assert [entry.key for entry in store.list("", etags=False)] == ["v/1/a", "v/latest/a"]
    assert store.read("v/latest/a").data == b"x"


def test_a_root_may_be_a_link(root: Path, tmp_path: Path) -> None:
    """It is the root's inside that counts, wherever the root lies."""
    (tmp_path / "link").symlink_to(root)
    store = FolderStore(tmp_path / "link")
    store.write("a/b", b"x", content_type=TEXT)
    assert [entry.key for entry in store.list("a")] == ["a/b"]


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (errno.EACCES, Forbidden, "may not be"),
        (errno.EROFS, Forbidden, "may not be"),
        (errno.ENOSPC, StorageUnavailable, "full"),
        (errno.EDQUOT, StorageUnavailable, "full"),
        (errno.EIO, StorageUnavailable, "input/output"),
    ],
)
def test_what_the_system_refuses(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch, error: int, kind: type[Exception], words: str
) -> None:
    """A folder that is read only is Forbidden, a full disk is StorageUnavailable; both say where."""
    monkeypatch.setattr(os, "fsync", failing(error))
    with pytest.raises(kind, match=words) as caught:
        store.write("a/b", b"x", content_type=TEXT)
    assert caught.value.details == {"store": store.url, "key": "a/b"}
    assert f"{store.url}/a/b" in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(store: FolderStore, root: Path) -> None:
    """Writing into it is Forbidden."""
    root.chmod(0o500)
    try:
        with pytest.raises(Forbidden):
            store.write("a", b"", content_type=TEXT)
    finally:
        root.chmod(0o700)


def test_a_root_that_goes_away(store: FolderStore, root: Path) -> None:
    """A folder that is unmounted or removed is an error in every method, never an empty store."""
    root.rmdir()
    for use in (
        store.check,
        lambda: store.list(""),
        lambda: store.children(""),
        lambda: store.read("a"),
        lambda: store.write("a", b"", content_type=TEXT),
        lambda: store.delete(["a"]),
    ):
        with pytest.raises(StorageUnavailable, match="no folder"):
            use()
    assert not root.exists()


def test_a_folder_is_no_object(store: FolderStore) -> None:
    """It reads as nothing; what cannot be a file beside it is InvalidParameter."""
    store.write("a/b", b"", content_type=TEXT)
    assert store.read("a") is None
    assert store.read("a/b/c") is None
    store.delete(["a", "a/b/c"])
    for key in ("a", "a/b/c", "x" * 300):
        with pytest.raises(InvalidParameter, match="cannot be a file"):
            store.write(key, b"", content_type=TEXT)
    assert [entry.key for entry in store.list("")] == ["a/b"]


def test_a_made_up_entry_opens_nothing_outside(store: FolderStore, root: Path) -> None:
    """An entry's key is held to the same rules as any other."""
    (root.parent / "secret").write_bytes(b"secret")
    with pytest.raises(InvalidParameter, match="key"):
        store.open(Entry("../secret", 6, None, datetime.now(UTC)))


@pytest.mark.parametrize("kind", ["link to nothing", "pipe", "name that is not Unicode"])
def test_what_is_no_file_is_not_passed_over(store: FolderStore, root: Path, kind: str) -> None:
    """Listing it is an error that names the key; elsewhere, and as a folder's child, it does no harm."""
    store.write("m/a", b"x", content_type=TEXT)
    name = "q\udcfe" if kind.startswith("name") else "q"
    if kind == "pipe":
        os.mkfifo(root / "m" / name)
    elif kind == "link to nothing":
        (root / "m" / name).symlink_to("gone")
    else:
        (root / "m" / name).write_bytes(b"x")

    with pytest.raises(UnreadableFile, match="/m/q") as raised:
        store.list("m/")

    assert raised.value.details["key"].encode()
    assert store.children("") == ["m"]
    assert [entry.key for entry in store.list("m/a")] == ["m/a"]


def test_what_is_set_aside_may_be_anything(store: FolderStore, root: Path) -> None:
    """A name with an underscore or a dot first is nobody's file of predictions."""
    store.write("m/a", b"x", content_type=TEXT)
    (root / "m" / "_gone").symlink_to("nothing")
    os.mkfifo(root / "m" / ".pipe")

    assert [entry.key for entry in store.list("m/", etags=False)] == ["m/a"]


def test_a_folder_whose_name_is_not_unicode_is_not_seen(store: FolderStore, root: Path) -> None:
    """It can hold no key."""
    store.write("m/a", b"x", content_type=TEXT)
    (root / "\udcfe").mkdir()
    (root / "\udcfe" / "x").write_bytes(b"x")

    assert store.children("") == ["m"]
    assert [entry.key for entry in store.list("", etags=False)] == ["m/a"]


def test_a_time_beyond_the_calendar_is_listed(store: FolderStore, root: Path, tmp_path: Path) -> None:
    """Where the file system keeps the year 10000, such a file is listed, and read, like any other."""
    store.write("a", b"x", content_type=TEXT)
    state = os.stat_result(
        (0o100644, 1, 1, 1, 0, 0, 1, 0, 253402300800, 0),
        {"st_mtime_ns": 253402300800 * 10**9, "st_ctime_ns": 1},
    )

    assert files.entry_of("a", state, None).modified == datetime.max.replace(tzinfo=UTC)
    assert all(number < 1 << 63 for number in etags._state_of(root / "a", state)[1:])


def test_writing_clears_what_was_abandoned(store: FolderStore, root: Path) -> None:
    """A temporary file that a killed run left a day ago goes with the first write beside it."""
    (root / "m").mkdir()
    for name, age in (("old", 90_000), ("new", 10)):
        left = root / "m" / f".assay-{name}.tmp"
        left.write_bytes(b"x")
        os.utime(left, (time.time() - age,) * 2)

    store.write("m/a", b"x", content_type=TEXT)

    assert sorted(path.name for path in (root / "m").iterdir()) == [".assay-new.tmp", "a"]
