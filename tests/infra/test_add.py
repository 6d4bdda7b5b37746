"""Adding versions and promoting them."""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from evalcore.errors import (
    InvalidParameter,
    InvalidPredictions,
    InvalidSettings,
    ModelNotFound,
    UnreadableFile,
    VersionNotFound,
)
from infra.add import add_version, promote
from infra.layout import Target
from infra.registry import Registry
from infra.storage import Store, WriteConflict, open_store
from tests.infra.doubles import Killed, Wrapped, dies_at, put, put_model, put_version

TARGET = Target("m", "v1", "test")
FOLDER = "models/m/versions/v1/predictions/test/"


@pytest.fixture
def store(folder_store: str) -> Store:
    """An empty store."""
    return open_store(folder_store)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files that look like predictions."""
    return [file(tmp_path, name) for name in ("a.parquet", "b.parquet")]


def file(folder: Path, name: str, data: bytes = b"PAR1 rows PAR1") -> Path:
    """Write a file of predictions to be."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def read(store: Any, key: str) -> Any:
    """A stored JSON document."""
    return json.loads(store.read(key).data)


def test_a_new_version_of_a_new_model(store_url: str, files: list[Path]) -> None:
    """The files, a minimal model.json, and version.json with the time of now, written last."""
    store = Wrapped(open_store(store_url))
    added = add_version(store, TARGET, files)
    assert (added.new_model, added.new_version) == (True, True)
    assert added.keys == (f"{FOLDER}a.parquet", f"{FOLDER}b.parquet")
    assert store.read(added.keys[0]).data == files[0].read_bytes()
    assert read(store, "models/m/model.json") == {"model_id": "m", "name": "m", "task_type": "classification"}
    version = read(store, "models/m/versions/v1/version.json")
    assert version["version_id"] == "v1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", version["created_at"])
    assert store.named("write")[-1][1] == "models/m/versions/v1/version.json"
    assert Registry(store).model("m").splits("v1") == (("test", None),)


def test_whatever_is_killed_a_version_that_exists_is_complete(tmp_path: Path, files: list[Path]) -> None:
    """Before and after each call to the store; adding again completes it."""
    for number in range(20):
        for moment in ("before", "after"):
            root = tmp_path / f"{number}{moment}"
            whole = open_store(root, create=True)
            store = Wrapped(whole, **{moment: dies_at(number)})
            try:
                add_version(store, TARGET, files)
            except Killed:
                if whole.read("models/m/versions/v1/version.json"):
                    assert len(Registry(whole).model("m").inputs(TARGET).predictions) == 2
                add_version(whole, TARGET, files)
            assert Registry(whole).model("m").versions() == ["v1"]
            assert len(Registry(whole).model("m").inputs(TARGET).predictions) == 2
    assert len(store.calls) < number, "the enumeration must reach beyond the last call"


def test_another_split_and_a_checkpoint(store: Store, files: list[Path]) -> None:
    """version.json stays as it was, and is written again at the end."""
    put_model(store)
    put_version(store, "v1", created_at="2026-11-20T02:00:00Z", note="kept")
    path = Path(store.url, "models/m/versions/v1/version.json")
    os.utime(path, (0, 0))
    counted = Wrapped(store)
    added = add_version(counted, Target("m", "v1", "validation", "7"), files[:1])
    assert path.stat().st_mtime > 0
    assert (added.new_model, added.new_version) == (False, False)
    assert added.keys == ("models/m/versions/v1/predictions/validation/checkpoint=7/a.parquet",)
    assert read(store, "models/m/versions/v1/version.json")["note"] == "kept"
    assert counted.named("write")[-1][1] == "models/m/versions/v1/version.json"


def test_settings_make_the_model(store: Store, files: list[Path]) -> None:
    """They become model.json; for a model that has others they are refused, before anything is written."""
    add_version(store, TARGET, files, settings={"name": "Churn", "labels": ["a", "b"]})
    assert read(store, "models/m/model.json") == {
        "model_id": "m",
        "name": "Churn",
        "task_type": "classification",
        "labels": ["a", "b"],
    }
    with pytest.raises(InvalidParameter, match=r"edit models/m/model\.json"):
        add_version(store, Target("m", "v2"), files, settings={"name": "Other"})
    with pytest.raises(InvalidParameter, match="of model 'x', not of 'n'"):
        add_version(store, Target("n", "v2"), files, settings={"model_id": "x"})
    assert [entry.key for entry in store.list("models/") if "v2" in entry.key or "/n/" in entry.key] == []


def test_files_of_the_same_names_are_replaced(store: Store, files: list[Path]) -> None:
    """And a subset of other names is refused: rows would be mixed."""
    add_version(store, TARGET, files)
    files[0].write_bytes(b"PAR1 more rows PAR1")
    add_version(store, TARGET, files)
    assert store.read(f"{FOLDER}a.parquet").data == b"PAR1 more rows PAR1"
    with pytest.raises(InvalidParameter, match=rf"{FOLDER} holds other files already: b\.parquet"):
        add_version(store, TARGET, files[:1])
    put(store, f"{FOLDER}_SUCCESS")
    put(store, f"{FOLDER}checkpoint=7/z.parquet")
    add_version(store, TARGET, files)


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("a.xlsx", b"x", InvalidPredictions),
        ("a.parquet.gz", b"x", InvalidPredictions),
        ("parquet", b"x", InvalidPredictions),
        ("_a.parquet", b"x", InvalidPredictions),
        (".a.parquet", b"x", InvalidPredictions),
        ("a\nb.parquet", b"x", InvalidPredictions),
        ("a.parquet", b"", InvalidPredictions),
        ("missing.parquet", None, UnreadableFile),
        ("a.csv", b"y_true,y_pred\na,b\n", InvalidPredictions),
    ],
)
def test_a_file_that_cannot_be_predictions(
    store: Store, files: list[Path], tmp_path: Path, name: str, data: bytes | None, error: type[Exception]
) -> None:
    """It is named, and nothing is written, not even the good file before it."""
    bad = tmp_path / "given" / name
    if data is not None:
        file(tmp_path / "given", name, data)
    with pytest.raises(error, match=r"missing|a.*b|a\.|parquet"):
        add_version(store, TARGET, [files[1], bad])
    assert store.list("") == []


def test_other_mistakes_with_files(store: Store, files: list[Path], tmp_path: Path) -> None:
    """No file, a folder, two files of one name."""
    (tmp_path / "folder.parquet").mkdir()
    with pytest.raises(InvalidParameter, match="no files"):
        add_version(store, TARGET, [])
    with pytest.raises(InvalidPredictions, match=r"folder\.parquet is a folder"):
        add_version(store, TARGET, [tmp_path / "folder.parquet"])
    with pytest.raises(InvalidParameter, match=r"two files are named a\.parquet"):
        add_version(store, TARGET, [files[0], file(tmp_path / "other", "a.parquet")])
    assert store.list("") == []


def test_a_file_that_cannot_be_read(store: Store, files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names it and the system's reason."""
    readable = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path in files:
            raise PermissionError(13, "Permission denied")
        return readable(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(UnreadableFile, match=r"a\.parquet: Permission denied"):
        add_version(store, TARGET, files)


def test_a_broken_model_json_stops_it_early(store: Store, files: list[Path]) -> None:
    """Nothing is uploaded to a model that could not be evaluated."""
    put(store, "models/m/model.json", "{")
    with pytest.raises(InvalidSettings):
        add_version(store, TARGET, files)
    assert [entry.key for entry in store.list("")] == ["models/m/model.json"]


def test_promoting_keeps_everything_else(store_url: str) -> None:
    """The other keys and their order stay; promoting again writes nothing."""
    store = Wrapped(open_store(store_url))
    put(store.inner, "models/m/model.json", '{"z": 1, "promoted_version": "v0", "a": "é", "f": 1e-7}')
    put_version(store.inner, "v1")
    assert promote(store, "m", "v1")
    assert list(read(store, "models/m/model.json").items()) == [
        ("z", 1),
        ("promoted_version", "v1"),
        ("a", "é"),
        ("f", 1e-7),
    ]
    written = len(store.named("write"))
    assert not promote(store, "m", "v1")
    assert len(store.named("write")) == written == 1


def test_what_cannot_be_promoted(store: Store) -> None:
    """No model, no version, no id."""
    with pytest.raises(ModelNotFound):
        promote(store, "m", "v1")
    put_model(store)
    with pytest.raises(VersionNotFound, match="model m has no version v1"):
        promote(store, "m", "v1")
    with pytest.raises(InvalidParameter):
        promote(store, "m", "../v1")


def test_promoting_at_once_with_another_change_loses_neither(store_url: str) -> None:
    """The file is read again when somebody wrote it between reading and writing."""
    store = open_store(store_url)
    put_model(store)
    put_version(store, "v1")
    edits: list[str] = []

    def edit(number: int, name: str, args: Any) -> None:
        if name == "write" and not edits:
            edits.append(put(store, "models/m/model.json", {"name": "edited"}))

    promote(Wrapped(store, before=edit), "m", "v1")
    assert read(store, "models/m/model.json") == {"name": "edited", "promoted_version": "v1"}


def test_a_file_that_is_always_changed_ends_in_an_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promotion gives up after ten lost races."""
    put_model(store)
    put_version(store, "v1")
    pauses: list[float] = []
    monkeypatch.setattr("infra.add.time.sleep", pauses.append)

    def edit(number: int, name: str, args: Any) -> None:
        if name == "write":
            put(store, "models/m/model.json", {"name": str(number)})

    with pytest.raises(WriteConflict):
        promote(Wrapped(store, before=edit), "m", "v1")
    assert len(pauses) == 9


@pytest.mark.parametrize("kind", ["folder", "weed"])
def test_many_promote_at_once(kind: str, request: pytest.FixtureRequest) -> None:
    """One of them is promoted in the end, and the file is whole."""
    store_url = request.getfixturevalue(f"{kind}_store")
    put_model(open_store(store_url))
    for number in range(4):
        put_version(open_store(store_url), f"v{number}")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: promote(open_store(store_url), "m", f"v{number}"), range(4)))
    document = read(open_store(store_url), "models/m/model.json")
    assert document.pop("promoted_version") in {"v0", "v1", "v2", "v3"}
    assert document == {"model_id": "m", "name": "Model"}


def test_the_same_settings_once_more(store: Store, files: list[Path]) -> None:
    """A command that adds one version adds the next, whichever was promoted meanwhile; another value is refused."""
    settings = {"name": "Churn", "labels": ["a", "b"], "threshold": 0.5}
    add_version(store, TARGET, files, settings=settings)
    promote(store, "m", "v1")
    before = read(store, "models/m/model.json")
    assert not add_version(store, Target("m", "v2"), files, settings=settings).new_model
    assert read(store, "models/m/model.json") == before
    for other in ({"threshold": 0.6}, {"examples": True}, {"promoted_version": "v2"}):
        with pytest.raises(InvalidParameter, match=r"other settings already; .* edit models/m/model\.json"):
            add_version(store, Target("m", "v3"), files, settings=settings | other)
