"""What a cluster costs and gains: state bytes, merge time and wall time by the number of partitions.

``./run bench-engine`` makes a file of labels or scores, folds it in 1, 2, 4 and 8 partitions on a Dask cluster of this
machine, and compares an evaluation of all of it on that cluster with one process.
"""

from __future__ import annotations

import argparse
import json
import pickle
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evalcore.accumulator import MergeTree
from evalcore.registry import tasks
from evalcore.settings import Settings, resolve_settings
from evalcore.summary import Identity
from flows import partitions
from flows.engine import Engine
from flows.measure import local_files, measure_files
from flows.partitions import Folded, Work
from flows.rows import open_rows
from tests.benchmarks.files import labels_file, scores_file

IDENTITY = Identity("bench", "bench", "v1", None, "0" * 64, "test", None)
KINDS: dict[str, tuple[Callable[[Path, int], None], dict[str, Any]]] = {
    "labels": (lambda path, rows: labels_file(path, rows, 10, True), {}),
    "scores": (scores_file, {"labels": [0, 1], "positive_label": 1}),
}
"""What the file holds: how it is made, and the settings that go with it."""


def say(text: str) -> None:
    """A line of the report."""
    print(text, flush=True)  # noqa: T201


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long it takes, and what comes of it."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def by_partitions(path: Path, address: str, settings: Settings) -> None:
    """A fold in 1, 2, 4 and 8 partitions."""
    import distributed

    rows = open_rows(local_files([path]), (), settings)
    work = Work(tasks()["classification"].kinds(settings, rows.reading), rows.spec(), settings, rows.reading)
    told = partitions.packed(rows.tables.files, settings, rows.reading)
    found = partitions.sections(rows.tables.files, partitions.look(partitions.versions(), told))
    found = found[: 1 << (len(found).bit_length() - 1)]  # so that partitions are of one size
    say(f"\n{len(found)} sections\npartitions  state bytes  merges ms  wall s")
    with distributed.Client(address, set_as_default=False) as client:
        for wanted in (1, 2, 4, 8):
            size = max(1, len(found) // wanted)
            runs = [partitions.spans(run) for run in partitions.divided(found, size)]

            def fold(runs: list[Any] = runs) -> list[Folded]:
                told = [partitions.packed(work, run, None) for run in runs]
                versions = partitions.versions()
                return list(
                    client.gather([client.submit(partitions.fold, versions, one, pure=False) for one in told])
                )

            wall, states = seconds(fold)
            tree = MergeTree(partitions.merge)
            merging, _ = seconds(lambda states=states, tree=tree: [tree.add(state) for state in states])
            total, _ = seconds(tree.total)
            size_of = len(pickle.dumps(states[0]))
            say(f"{len(runs):10}  {size_of:11,}  {(merging + total) * 1000:9.1f}  {wall:6.2f}")


def against_one_process(path: Path, address: str, settings: Settings, workers: int, rounds: int) -> None:
    """The whole measurement, rounds interleaved; raises where one summary differs."""
    from flows.cluster import reached

    engines = {"1 process, 1 thread": Engine(threads=1), "1 process, 2 threads": Engine(threads=2)}
    with reached(address) as cluster:
        engines[f"{workers} workers"] = Engine(cluster=cluster)
        found: dict[str, list[float]] = {name: [] for name in engines}
        summaries = set()
        for _ in range(rounds):
            for name, engine in engines.items():
                wall, document = seconds(
                    lambda engine=engine: measure_files([path], settings, IDENTITY, engine=engine)
                )
                found[name].append(wall)
                summaries.add(
                    json.dumps({key: value for key, value in document.items() if key != "provenance"})
                )
    say("")
    for name, times in found.items():
        say(f"{name:22}{min(times):7.2f} s wall, the best of {', '.join(f'{each:.2f}' for each in times)}")
    if len(summaries) != 1:
        raise SystemExit("the summaries differ")
    say("the summaries are the same to the byte")


def main() -> None:
    """Make the file, and run both."""
    from flows.cluster import local_cluster

    parser = argparse.ArgumentParser(prog="./run bench-engine", description=__doc__.split("\n")[0])
    parser.add_argument("--kind", choices=KINDS, default="labels", help="what the file holds")
    parser.add_argument("--rows", type=int, default=200_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--file", type=Path, help="where the file is kept for the next time")
    given = parser.parse_args()
    make, document = KINDS[given.kind]
    settings = resolve_settings(document, {})
    with tempfile.TemporaryDirectory() as temporary:
        path = given.file or Path(temporary) / "labels.parquet"
        if not path.exists():
            say(f"making {given.rows:,} rows of {given.kind} ...")
            make(path, given.rows)
        say(f"{given.rows:,} rows, {path.stat().st_size:,} bytes")
        starting, cluster = seconds(lambda: local_cluster(given.workers))
        with cluster:
            say(f"a cluster of {given.workers} workers started in {starting:.1f} s")
            by_partitions(path, cluster.scheduler_address, settings)
            against_one_process(path, cluster.scheduler_address, settings, given.workers, given.rounds)


if __name__ == "__main__":
    main()
