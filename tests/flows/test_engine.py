"""Which engine folds the rows, and that a Dask cluster gives the same bits as this process."""

from __future__ import annotations

import importlib
import json
import os
import pickle
import pkgutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import distributed
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalcore
import flows.cluster
import infra
from evalcore.accumulator import MergeTree
from evalcore.batch import Source
from evalcore.errors import (
    AssayError,
    EngineUnavailable,
    InvalidPredictions,
    StorageUnavailable,
    UnreadableFile,
)
from evalcore.settings import resolve_settings
from evalcore.states.rows import RowCounts
from flows import partitions
from flows.cluster import reached
from flows.engine import Engine, opened
from flows.measure import measure
from flows.rows import Rows, open_rows
from flows.store_files import stored
from infra.ids.facts import RowFacts, packed, set_bits
from infra.layout import Target
from infra.pieces import TableFile
from infra.registry import Registry
from infra.storage import InputChanged, Store, open_store
from tests.flows import odd_files
from tests.flows.conftest import Ran
from tests.infra.tablefiles import in_memory, written

LABELS = np.array([f"label {place}" for place in range(4)])
PREDICTIONS = "models/m/versions/v1/predictions/test/"


def put(store: Store, key: str, data: bytes) -> None:
    """Stores a file."""
    store.write(key, data, content_type="application/octet-stream")


def filled(url: str, tables: dict[str, pa.Table], *, rows: int = 140_000, **settings: Any) -> Store:
    """A store with one version, whose predictions are these files, in row groups of ``rows`` rows."""
    store = open_store(url)
    model = {"model_id": "m", "task_type": "classification", "promoted_version": "v1", **settings}
    put(store, "models/m/model.json", json.dumps(model).encode())
    put(store, "models/m/versions/v1/version.json", json.dumps({"version_id": "v1"}).encode())
    for name, table in tables.items():
        key = name if name.startswith("models/") else PREDICTIONS + name
        put(store, key, written(table, name[name.index(".") :], rows))
    return store


def measured(store: Store, engine: Engine) -> str:
    """The summary, all but its provenance, as text."""
    inputs = Registry(store).model("m").inputs(Target("m", "v1", "test", None))
    settings = resolve_settings(inputs.model, inputs.version)
    document = measure(store, inputs, settings, "0" * 64, engine=engine)
    del document["provenance"]
    return json.dumps(document)


def labelled(random: np.random.Generator, rows: int, first_id: int) -> pa.Table:
    """Labels with weights whose sums depend on their order, a slice, and ids that repeat now and then."""
    actual = random.integers(0, len(LABELS), rows)
    predicted = np.where(random.random(rows) < 0.3, random.integers(0, len(LABELS), rows), actual)
    return pa.table(
        {
            "id": np.arange(first_id, first_id + rows),
            "y_true": LABELS[actual],
            "y_pred": LABELS[predicted],
            "weight": random.lognormal(0, 4, rows),
            "region": random.choice(["north", "south", "east"], rows),
        }
    )


def labels_of_many_files(random: np.random.Generator) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """A file of several row groups, of which ids repeat in eleven small ones."""
    tables = {"a.parquet": labelled(random, 300_000, 0)}
    tables |= {f"b{place:02d}.parquet": labelled(random, 700, 700 * place) for place in range(11)}
    return tables, {"columns": {"weight": "weight"}, "slices": ["region"]}


def scores_beyond_their_budget(random: np.random.Generator) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """A binary model's scores in row groups that are cut as they are decoded, and rows of no file's."""
    rows = 300_000
    table = pa.table(
        {
            "y_true": random.choice(["no", "yes"], rows),
            "y_score": np.clip(random.normal(0.5, 0.2, rows), 0, 1),
            "weight": random.lognormal(0, 4, rows),
        }
    )
    tables = {"a.parquet": table.slice(0, 270_000), "b.parquet": table.slice(0, 0)}
    tables |= {"c.parquet": table.slice(270_000)}
    settings = {"labels": ["no", "yes"], "positive_label": "yes", "columns": {"weight": "weight"}}
    return tables, settings


def probabilities_with_examples(random: np.random.Generator) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """A column for each label's probability, and examples that show another column."""
    rows = 20_000
    scores = random.dirichlet([0.5] * len(LABELS), rows)
    columns = {f"p{place}": scores[:, place] for place in range(len(LABELS))}
    table = pa.table({"y_true": LABELS[random.integers(0, len(LABELS), rows)], **columns})
    tables = {f"{place}.parquet": table.slice(place * 3000, 3000) for place in range(7)}
    names = {label: f"p{place}" for place, label in enumerate(LABELS.tolist())}
    return tables, {"labels": LABELS.tolist(), "columns": {"probabilities": names}}


def ground_truth_apart(random: np.random.Generator) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """Predictions as CSV, where only reading tells how many rows there are, joined with ground truth."""
    ids = random.permutation(9000)
    guesses = pa.table({"id": ids, "y_pred": LABELS[random.integers(0, len(LABELS), len(ids))]})
    again = pa.table({"id": ids[:50], "y_pred": LABELS[:1].repeat(50)})
    truth = pa.table({"id": np.arange(100, 9500), "y_true": LABELS[random.integers(0, len(LABELS), 9400)]})
    tables = {f"{place}.csv": guesses.slice(place * 1000, 1000) for place in range(9)}
    return {**tables, "9.csv": again, "models/m/ground_truth/test/g.parquet": truth}, {}


def cells_beyond_one_pass(random: np.random.Generator) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """More cells than examples are kept of at first, and more labels than a byte has pairs of."""
    labels = [[f"label {code}" for code in random.integers(0, 60, 6000)] for _ in range(2)]
    table = pa.table({"y_true": labels[0], "y_pred": labels[1]})
    return {f"{place}.parquet": table.slice(place * 2000, 2000) for place in range(3)}, {}


CASES = [
    cells_beyond_one_pass,
    labels_of_many_files,
    scores_beyond_their_budget,
    probabilities_with_examples,
    ground_truth_apart,
]


def scaled(cluster: Any, workers: int) -> None:
    """Returns once the cluster has so many workers."""
    cluster.scale(workers)
    until = time.monotonic() + 60
    while len(cluster.scheduler_info["workers"]) != workers:
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture(scope="module")
def alone() -> dict[str, str]:
    """The summary of each case as this process makes it."""
    return {}


@pytest.mark.parametrize("workers", [3, 1, 2])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_cluster_gives_the_bits_of_one_process(
    case: Callable[[np.random.Generator], Any],
    workers: int,
    folder_store: str,
    dask_cluster: Any,
    alone: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With any number of workers, files, row groups, weights, slices, ids, examples and second passes."""
    tables, settings = case(np.random.default_rng(5))
    store = filled(folder_store, tables, **settings)
    spec = Rows.spec
    monkeypatch.setattr(Rows, "spec", lambda rows: replace(spec(rows), score_budget=100_000))
    monkeypatch.setattr(partitions, "FACT_ROWS", 2000 if workers == 2 else partitions.FACT_ROWS)
    scaled(dask_cluster, workers)
    if case.__name__ not in alone:
        alone[case.__name__] = measured(store, Engine(threads=1))

    with opened(dask_cluster.scheduler_address) as engine:
        assert measured(store, engine) == alone[case.__name__]


def test_a_real_store_is_read_by_workers_with_credentials_of_their_own(
    weed_store: str, dask_cluster: Any
) -> None:
    """The environment that counts is the worker's; no credential travels."""
    tables, settings = labels_of_many_files(np.random.default_rng(5))
    store = filled(weed_store, dict(list(tables.items())[1:5]), **settings)
    mine = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    with (
        reached(dask_cluster.scheduler_address) as cluster,
        distributed.Client(dask_cluster.scheduler_address, set_as_default=False) as client,
    ):
        client.run(lambda: os.environ.pop("AWS_ACCESS_KEY_ID", None))
        with pytest.raises(AssayError) as caught:
            measured(store, Engine(cluster=cluster))
        assert caught.value.code in ("unauthorized", "forbidden", "storage_unavailable")

        client.run(lambda: os.environ.update(mine))
        assert measured(store, Engine(cluster=cluster)) == measured(store, Engine())


# -- how a table is divided --------------------------------------------------------------------------


def joined(one: str, other: str) -> str:
    """A merge whose result tells its shape."""
    return f"({one} {other})"


def tree(leaves: Iterable[str]) -> str | None:
    """The fixed tree over leaves."""
    found = MergeTree(joined)
    for leaf in leaves:
        found.add(leaf)
    total: str | None = found.total()
    return total


@given(st.integers(0, 300), st.integers(1, 20), st.none() | st.integers(0, 40))
def test_partitions_are_subtrees(sections: int, workers: int, most: int | None) -> None:
    """Folded apart and merged by the same tree, they are the tree over all sections, in any number."""
    size = partitions.size_for(sections, workers, most)
    runs = list(partitions.divided([str(place) for place in range(sections)], size))

    assert tree(tree(run) or "" for run in runs) == tree(str(place) for place in range(sections))
    assert len(runs) >= min(sections, partitions.PER_WORKER * workers)
    assert most is None or all(len(run) <= max(1, most) for run in runs)


@given(st.data())
def test_facts_of_some_rows_are_those_of_all(data: st.DataObject) -> None:
    """Bits and codes are cut to a partition's rows."""
    lengths = data.draw(st.lists(st.integers(0, 40), min_size=1, max_size=4))
    total = sum(lengths)
    bits = packed(total)
    set_bits(
        bits, np.array(sorted(data.draw(st.sets(st.integers(0, max(total - 1, 0))))), dtype=np.int64)[:total]
    )
    starts = {str(place): sum(lengths[:place]) for place in range(len(lengths))}
    whole = RowFacts(starts, bits, np.arange(total) % 3, ("a", "b"))
    ranges = []
    for place, length in enumerate(lengths):
        first = data.draw(st.integers(0, length))
        ranges.append((Source(str(place), first), data.draw(st.integers(0, length - first))))

    part = whole.part(ranges)

    assert part.codes is not None and len(part.codes) == sum(rows for _, rows in ranges)
    for source, rows in ranges:
        mine, theirs = part.of(source, rows), whole.of(source, rows)
        assert mine.actual is not None and theirs.actual is not None
        np.testing.assert_array_equal(mine.actual.codes, theirs.actual.codes)
        assert (mine.repeated is None) == (theirs.repeated is None)
        assert mine.repeated is None or np.array_equal(mine.repeated, np.asarray(theirs.repeated))


# -- errors ------------------------------------------------------------------------------------------


def test_every_error_survives_a_pickle() -> None:
    """Those of the tree and those that other modules add to it, with their details."""
    for package in (evalcore, infra, flows):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".demo" not in module.name:
                importlib.import_module(module.name)
    kinds = [AssayError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert len(kinds) > 20
    for kind in kinds:
        error = pickle.loads(pickle.dumps(kind("what", "remedy", row=3, file="f")))  # noqa: S301
        assert type(error) is kind and error.document() == kind("what", "remedy", row=3, file="f").document()


def bad_weight(store: Store) -> None:
    """A row that breaks a rule."""
    table = pa.table({"y_true": ["a"] * 9, "y_pred": ["a"] * 9, "weight": [1.0] * 8 + [-1.0]})
    put(store, PREDICTIONS + "b.parquet", written(table, ".parquet"))


def cut_short(store: Store) -> None:
    """A file that is not whole."""
    table = pa.table({"y_true": ["a"], "y_pred": ["a"], "weight": [1.0]})
    put(store, PREDICTIONS + "b.parquet", written(table, ".parquet")[:-20])


def other_columns(store: Store) -> None:
    """A file that lacks a column."""
    put(store, PREDICTIONS + "b.parquet", written(pa.table({"y_true": ["a"], "y_pred": ["a"]}), ".parquet"))


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [(bad_weight, InvalidPredictions), (cut_short, UnreadableFile), (other_columns, InvalidPredictions)],
)
def test_an_error_on_a_worker_is_that_of_one_process(
    spoil: Callable[[Store], None], kind: type[AssayError], folder_store: str, dask_cluster: Any
) -> None:
    """With its file and row."""
    good = pa.table({"y_true": ["a"], "y_pred": ["a"], "weight": [1.0]})
    tables = dict.fromkeys(("a.parquet", "c.parquet"), good)
    store = filled(folder_store, tables, columns={"weight": "weight"})
    spoil(store)
    documents = []
    with opened(dask_cluster.scheduler_address) as engine:
        for each in (engine, Engine()):
            with pytest.raises(kind) as caught:
                measured(store, each)
            documents.append(caught.value.document())

    assert documents[0] == documents[1]


def test_a_file_that_was_replaced_is_noticed_on_a_worker(folder_store: str, dask_cluster: Any) -> None:
    """Whoever reads it reads what was listed."""
    good = pa.table({"y_true": ["a"], "y_pred": ["a"]})
    store = filled(folder_store, dict.fromkeys(("a.parquet", "b.parquet"), good))
    inputs = Registry(store).model("m").inputs(Target("m", "v1", "test", None))
    put(
        store,
        PREDICTIONS + "b.parquet",
        written(pa.table({"y_true": ["a", "b"], "y_pred": ["a", "a"]}), ".parquet"),
    )

    with opened(dask_cluster.scheduler_address) as engine, pytest.raises(InputChanged, match=r"b\.parquet"):
        measure(store, inputs, resolve_settings(inputs.model, inputs.version), "0" * 64, engine=engine)


def test_a_worker_that_does_not_see_the_folder_says_so(folder_store: str) -> None:
    """The remedy is to share it."""
    store = filled(folder_store, {"a.parquet": pa.table({"y_true": ["a"], "y_pred": ["a"]})})
    inputs = Registry(store).model("m").inputs(Target("m", "v1", "test", None))
    told = partitions.packed(stored(store, inputs.predictions), None, None)
    Path(folder_store).rename(folder_store + "-elsewhere")

    with pytest.raises(StorageUnavailable, match=r"the worker on .*shared with every worker"):
        partitions.look(partitions.versions(), told)


def test_a_worker_of_another_version_is_refused() -> None:
    """Its figures might differ."""
    with pytest.raises(EngineUnavailable, match=r"has numpy .* and here it is 1\.0"):
        partitions.look(partitions.versions() | {"numpy": "1.0"}, b"")


# -- workers and schedulers that go ------------------------------------------------------------------


def files(*odd: Callable[[], Any], good: int = 3) -> list[TableFile]:
    """Some files of a row, of which those that are odd come last."""
    data = written(pa.table({"y_true": ["a"], "y_pred": ["a"]}), ".parquet")
    found = [in_memory(f"a{place}.parquet", data) for place in range(good)]
    return found + [TableFile(f"b{place}.parquet", "", len(data), opens) for place, opens in enumerate(odd)]


def rows_of(found: list[TableFile], engine: Engine) -> int:
    """How many rows there are."""
    rows = open_rows(found, (), resolve_settings({}, {}), engine=engine)
    return int(rows.fold([RowCounts], rows.spec())[RowCounts].rows)


DATA = written(pa.table({"y_true": ["a"], "y_pred": ["a"]}), ".parquet")


def test_a_killed_worker_costs_a_retry(dask_cluster: Any, tmp_path: Path) -> None:
    """Killed in the middle of a partition; another process does it again."""
    scaled(dask_cluster, 2)
    with opened(dask_cluster.scheduler_address) as engine:
        assert rows_of(files(partial(odd_files.kills, DATA, tmp_path, 1)), engine) == 4

    assert len(list(tmp_path.iterdir())) == 1


def test_a_partition_that_kills_every_worker_is_given_up(dask_cluster: Any, tmp_path: Path) -> None:
    """After so many as Dask allows; the cluster serves others again."""
    dask_cluster.scheduler.allowed_failures = 1  # of 3, for a worker takes seconds to be there again
    with (
        opened(dask_cluster.scheduler_address) as engine,
        pytest.raises(EngineUnavailable, match="2 workers in a row died"),
    ):
        rows_of(files(partial(odd_files.kills, DATA, tmp_path, 99)), engine)

    assert len(list(tmp_path.iterdir())) == 2
    with opened(dask_cluster.scheduler_address) as engine:
        assert rows_of(files(), engine) == 3


CLUSTER = """
import sys
from flows.cluster import local_cluster
if __name__ == "__main__":
    cluster = local_cluster(1)
    print(cluster.scheduler_address, flush=True)
    sys.stdin.read()
"""


def test_a_scheduler_that_goes_away_is_an_error(tmp_path: Path) -> None:
    """At once, though a partition is being worked on."""
    script, marks = tmp_path / "cluster.py", tmp_path / "marks"
    script.write_text(CLUSTER)
    marks.mkdir()
    there = subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(flows.__file__).parent.parent)},
    )
    assert there.stdin is not None and there.stdout is not None
    address = there.stdout.readline().strip()

    def kill() -> None:
        while not list(marks.iterdir()):
            time.sleep(0.05)
        there.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    began = time.monotonic()
    with (
        pytest.raises(EngineUnavailable, match="went away"),
        opened(address) as engine,
    ):
        rows_of(files(partial(odd_files.waits, DATA, marks)), engine)
    assert time.monotonic() - began < 30
    killer.join()
    there.wait()
    there.stdin.close()
    there.stdout.close()


def test_a_cluster_without_workers_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the start, and where the last one has gone."""
    monkeypatch.setattr("flows.cluster.WORKERS_SECONDS", 1.0)
    monkeypatch.setattr("flows.cluster.BEAT", 0.2)
    with flows.cluster.local_cluster(0) as alone:
        with pytest.raises(EngineUnavailable, match="has had no worker"), opened(alone.scheduler_address):
            pass
        with distributed.Client(alone.scheduler_address, set_as_default=False) as client:
            lone = flows.cluster.Cluster(client, alone.scheduler_address)
            with pytest.raises(EngineUnavailable, match="has had no worker"):
                rows_of(files(), Engine(cluster=lone))


def test_a_scheduler_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the time that is stated."""
    monkeypatch.setattr("flows.cluster.CONNECT_SECONDS", 0.5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with (
            pytest.raises(EngineUnavailable, match="does not answer"),
            opened(f"tcp://127.0.0.1:{taken.getsockname()[1]}"),
        ):
            pass


# -- the commands ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        ("--engine", "spark"),
        ("--engine", "tcp://nowhere"),
        ("--engine", "tcp://h:1", "--workers", "2"),
        ("--workers", "0"),
        ("--engine", "tcp://me:hunter2@host"),
    ],
)
def test_engines_that_are_none(options: tuple[str, ...], assay: Callable[..., Ran]) -> None:
    """Bad usage, which repeats no password."""
    ran = assay("evaluate", "m", *options)

    assert ran.status == 2 and ran.err.startswith("error[invalid_parameter]") and "hunter2" not in ran.err


def test_without_dask_the_error_says_how_to_get_it(store: Path) -> None:
    """And everything else works."""
    code = "import sys; sys.modules['distributed'] = None; from flows import cli; sys.exit(cli.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "evaluate", "good", "--store", str(store), "--engine", "dask"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout) == (6, "")
    assert ran.stderr.splitlines()[-1].startswith("error[engine_unavailable]: distributed is not installed")


def test_a_night_has_one_cluster(
    store: Path, assay: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the number of evaluations."""
    started = []
    start = flows.cluster.local_cluster
    monkeypatch.setattr("flows.cluster.local_cluster", lambda n: started.append(n) or start(n))

    first = assay("nightly", "--engine", "dask", "--workers", 1, "--runner", "inline", store=store)

    assert (first.status, started) == (1, [1])
    assert "2 published" in first.out
