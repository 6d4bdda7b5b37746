"""Assay against its peers on the same files: ratios of medians over interleaved rounds.

``./run bench`` makes the files, runs every contender in turn in a process of its own, several rounds, and
prints for every line the peer's cost over Assay's in CPU, wall and peak memory: above 1, Assay is cheaper.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks import files
from tests.benchmarks.contenders import CONTENDERS, few

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Line:
    """One line of the benchmark: a file and the work on it, by the settings of model.json."""

    name: str
    work: str
    make: Callable[[Path], None]
    peers: tuple[str, ...]
    threads: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""

    def path(self, folder: Path, scale: float) -> Path:
        """Where its file is kept; lines on the same rows share one."""
        name = self.file or self.name.removesuffix(", 2 threads").replace(" ", "-").replace(",", "")
        return folder / f"{name}-{scale}.parquet"


BINARY = {"labels": [0, 1], "positive_label": 1}
LABEL_PEERS = ("decode", "duckdb", "polars", "scikit-learn")


def lines(scale: float) -> list[Line]:
    """Every line, its rows scaled."""

    def rows(millions: float) -> int:
        return int(millions * 1_000_000 * scale)

    def text(n: float, **options: object) -> Callable[[Path], None]:
        return lambda path: files.labels_file(path, rows(n), 10, True, **options)

    large = ("decode", "duckdb", "polars")
    return [
        Line("10 text labels, 10 M rows", "labels", text(10), LABEL_PEERS),
        Line("10 text labels, 100 M rows", "labels", text(100), large),
        Line("10 text labels, 100 M rows, 2 threads", "labels", text(100), large, threads=2),
        Line("10 text labels, 10 M rows, PLAIN", "labels", text(10, use_dictionary=False), LABEL_PEERS),
        Line("10 text labels, 10 M rows, one PLAIN", "labels", text(10, use_dictionary=["y_true"]), large),
        Line(
            "10 text labels, 10 M rows, a tenth null",
            "labels",
            lambda path: files.null_labels_file(path, rows(10), 10),
            large,
        ),
        Line(
            "1,000 integer labels, 5 M rows",
            "labels",
            lambda path: files.labels_file(path, rows(5), 1000, False),
            LABEL_PEERS,
        ),
        Line(
            "5,000 text labels, 5 M rows",
            "labels",
            lambda path: files.labels_file(path, rows(5), 5000, True),
            large,
        ),
        Line(
            "binary scores, 10 M rows",
            "scores",
            lambda path: files.scores_file(path, rows(10)),
            LABEL_PEERS,
            settings=BINARY,
        ),
        Line(
            "10 probability columns, 2 M rows",
            "probabilities",
            lambda path: files.probabilities_file(path, rows(2), 10),
            ("decode", "scikit-learn"),
        ),
        *additions(rows(10)),
    ]


def additions(rows: int) -> list[Line]:
    """What ids, weights, slices and examples add to text labels, each alone; of no peer's concern."""
    name = f"10 text labels, {rows / 1e6:g} M rows"
    alone = {"id": None, "weight": None}
    settings: dict[str, Mapping[str, Any]] = {
        "labels alone": {"columns": alone},
        "with ids": {"columns": alone | {"id": "id"}},
        "with weights": {"columns": alone | {"weight": "weight"}},
        "with a slice of 5 values": {"columns": alone, "slices": ["region"]},
        "with examples": {"columns": alone, "examples": True},
    }

    def make(path: Path) -> None:
        files.wide_labels_file(path, rows, 10)

    return [
        Line(f"{name}, {what}", "labels", make, (), settings=given, file="wide-labels")
        for what, given in settings.items()
    ]


def once(contender: str, line: Line, path: Path) -> dict[str, float]:
    """One run in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.contenders",
        contender,
        line.work,
        str(path),
        str(line.threads),
        json.dumps(line.settings),
    ]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if outcome.returncode:
        raise SystemExit(f"{contender} failed on {line.name}:\n{outcome.stderr}")
    return dict(json.loads(outcome.stdout.splitlines()[-1]))


def medians(line: Line, path: Path, rounds: int) -> dict[str, dict[str, float]]:
    """The median cost of each contender, their runs interleaved."""
    contenders = ["assay", *(peer for peer in line.peers if (peer, line.work) in CONTENDERS)]
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name in contenders:
            runs[name].append(once(name, line, path))
    return {
        name: {key: statistics.median(run[key] for run in found) for key in ("cpu", "wall", "peak")}
        for name, found in runs.items()
    }


def show(line: Line, found: dict[str, dict[str, float]]) -> None:
    """The line's table."""
    ours = found["assay"]
    print(f"\n{line.name}: {ours['cpu']:.2f} s CPU, {ours['wall']:.2f} s wall, peak {ours['peak']:.0f} MiB")  # noqa: T201
    for name, cost in found.items():
        if name != "assay":
            ratios = "  ".join(f"{key} {cost[key] / ours[key]:6.2f}" for key in ("cpu", "wall", "peak"))
            print(f"  {name:14}{ratios}   (assay/{name} in CPU: {ours['cpu'] / cost['cpu']:.2f})")  # noqa: T201


def main() -> None:
    """Run the lines that are asked for."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="rows as a multiple of those named")
    parser.add_argument("--only", default="", help="lines whose name has this in it")
    parser.add_argument("--files", type=Path, help="where the files are kept for the next time")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.files or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for line in lines(given.scale):
            if given.only in line.name:
                path = line.path(folder, given.scale)
                line.make(path)
                files.first_rows_file(few(path), path)
                show(line, medians(line, path, given.rounds))


if __name__ == "__main__":
    main()
