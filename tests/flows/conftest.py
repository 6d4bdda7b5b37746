"""What tests of the flows need: a small store, reports that cost nothing, and no Prefect but their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows import cli
from flows.outcome import Request
from flows.steps import settle, update_index
from tests.flows import stores


@pytest.fixture(autouse=True)
def no_prefect_named(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The developer's own Prefect is not used."""
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREFECT_PROFILES_PATH", str(tmp_path_factory.mktemp("prefect") / "profiles.toml"))


@pytest.fixture
def store(folder_store: str) -> Path:
    """A store with the models ``good`` (it passes) and ``bad`` (its gate fails)."""
    root = Path(folder_store)
    stores.put_model(root, "good", gates=[{"metric": "accuracy", "min": 0.5}])
    stores.put_model(root, "bad", gates=[{"metric": "accuracy", "min": 0.999}])
    return root


@pytest.fixture
def evaluated(store: Path) -> Path:
    """A store with both models evaluated."""
    update_index(str(store), [settle(Request(str(store), name)) for name in ("good", "bad")])
    return store


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str


@pytest.fixture
def assay(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder_store: str
) -> Callable[..., Ran]:
    """Runs a command on the test's store."""

    def run(*arguments: object, store: object = folder_store) -> Ran:
        monkeypatch.setenv("ASSAY_STORE", str(store))
        capsys.readouterr()
        status = cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Ran(status, out, err)

    return run


@pytest.fixture(scope="session")
def dask_cluster() -> Iterator[Any]:
    """A cluster of two worker processes, the same for the whole session."""
    from flows.cluster import local_cluster

    with local_cluster(2) as cluster:
        yield cluster
