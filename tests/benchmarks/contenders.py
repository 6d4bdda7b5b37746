"""What is measured: each contender does one piece of work on one file, in a process of its own.

Started as ``python -m tests.benchmarks.contenders NAME WORK FILE THREADS SETTINGS`` it prints one JSON object with the
CPU and wall seconds of the work, imports not counted, and the peak memory of the process in MiB.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

Settings = dict[str, Any]
Work = Callable[[str, int, Settings], Any]
CONTENDERS: dict[tuple[str, str], Work] = {}


def contender(name: str, *works: str) -> Callable[[Work], Work]:
    """Register what a contender does for some works."""

    def register(function: Work) -> Work:
        CONTENDERS.update({(name, work): function for work in works})
        return function

    return register


@contender("decode", "labels", "scores", "probabilities")
def decode(path: str, threads: int, settings: Settings) -> None:
    """Bare pyarrow: every column of every row group, nothing else."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    dictionaries = [name for name in ("y_true", "y_pred") if _is_text(file, name)]
    file = pq.ParquetFile(path, read_dictionary=dictionaries)
    for group in range(file.num_row_groups):
        file.read_row_group(group, use_threads=False)


def _is_text(file: Any, name: str) -> bool:
    return name in file.schema_arrow.names and str(file.schema_arrow.field(name).type) == "string"


@contender("assay", "labels", "scores", "probabilities")
def assay(path: str, threads: int, settings: Settings) -> Any:
    """The whole evaluation, from the file to the summary document, as a store's command makes it.

    Of no file the digest is computed, which a store knows.
    """
    from evalcore.settings import resolve_settings
    from evalcore.summary import Identity
    from flows.engine import Engine
    from flows.measure import measure_tables
    from infra.pieces import TableFile

    identity = Identity("bench", "bench", "v1", None, "0" * 64, "test", None)
    given = {"columns": {"id": None}, "examples": False, **settings}
    file = TableFile(path, "0" * 32, Path(path).stat().st_size, partial(open, path, "rb"))
    return measure_tables([file], resolve_settings(given, {}), identity, engine=Engine(threads))


@contender("duckdb", "labels")
def duckdb_labels(path: str, threads: int, settings: Settings) -> Any:
    """The confusion matrix as a group by."""
    import duckdb

    connection = duckdb.connect(config={"threads": threads})
    query = f"select y_true, y_pred, count(*) from read_parquet('{path}') group by all"
    return connection.execute(query).fetchall()


@contender("duckdb", "scores")
def duckdb_scores(path: str, threads: int, settings: Settings) -> Any:
    """Positives and negatives by distinct score, ordered, with the area, losses and thresholds from them."""
    import duckdb

    connection = duckdb.connect(config={"threads": threads})
    grouped = f"""create temp table g as select y_score s, sum(y_true) p, count(*) - sum(y_true) n
        from read_parquet('{path}') group by all"""
    connection.execute(grouped)
    area = """select sum(n * (above + p / 2.0)) from (select n, p, sum(p) over (order by s desc
        rows between unbounded preceding and 1 preceding) above from g)"""
    precision = """select sum(p * tp / (tp + fp)) from (select p, sum(p) over w tp, sum(n) over w fp from g
        window w as (order by s desc))"""
    losses = "select sum(-p * ln(s) - n * ln(1 - s)), sum(p * (1 - s) ** 2 + n * s ** 2) from g"
    bins = "select floor(s * 1000) b, sum(p), sum(n), sum(s * (p + n)) from g group by all"
    return [connection.execute(query).fetchall() for query in (area, precision, losses, bins)]


@contender("polars", "labels")
def polars_labels(path: str, threads: int, settings: Settings) -> Any:
    """The confusion matrix as a group by, streaming."""
    import polars as pl

    frame = pl.scan_parquet(path)
    return frame.group_by("y_true", "y_pred").agg(pl.len()).collect(engine="streaming")


@contender("polars", "scores")
def polars_scores(path: str, threads: int, settings: Settings) -> Any:
    """Positives and negatives by distinct score, with the area, losses and thresholds from them."""
    import polars as pl

    p, n, s = pl.col("p").cast(pl.Float64), pl.col("n").cast(pl.Float64), pl.col("y_score").cast(pl.Float64)
    counts = (
        pl.col("y_true").cast(pl.Int64).sum().alias("p"),
        (1 - pl.col("y_true").cast(pl.Int64)).sum().alias("n"),
    )
    groups = pl.scan_parquet(path).group_by("y_score").agg(*counts).sort("y_score", descending=True)
    found = groups.collect(engine="streaming").with_columns(
        tp=pl.col("p").cum_sum(), fp=pl.col("n").cum_sum()
    )
    figures = found.select(
        area=(n * (pl.col("tp") - p / 2)).sum(),
        precision=(p * pl.col("tp") / (pl.col("tp") + pl.col("fp"))).sum(),
        loss=(-p * s.log() - n * (1 - s).log()).sum(),
        brier=(p * (1 - s) ** 2 + n * s**2).sum(),
    )
    bins = found.group_by((s * 1000).floor()).agg(
        pl.col("p").sum(), pl.col("n").sum(), (s * (p + n)).sum().alias("s")
    )
    return figures, bins


@contender("scikit-learn", "labels")
def sklearn_labels(path: str, threads: int, settings: Settings) -> Any:
    """Pandas and scikit-learn on integer codes: matrix, per-label figures, averages, agreement."""
    import pandas as pd
    from sklearn import metrics as sk

    frame = pd.read_parquet(path)
    if frame["y_true"].dtype != "int32":
        kind = pd.CategoricalDtype(sorted(set(frame["y_true"].unique()) | set(frame["y_pred"].unique())))
        frame = frame.astype(kind).apply(lambda column: column.cat.codes)
    actual, predicted = frame["y_true"].to_numpy(), frame["y_pred"].to_numpy()
    return (
        sk.confusion_matrix(actual, predicted),
        sk.classification_report(actual, predicted, output_dict=True),
        sk.balanced_accuracy_score(actual, predicted),
        sk.cohen_kappa_score(actual, predicted),
        sk.matthews_corrcoef(actual, predicted),
    )


@contender("scikit-learn", "scores")
def sklearn_scores(path: str, threads: int, settings: Settings) -> Any:
    """Every figure of scores that scikit-learn has, and its curves."""
    import pandas as pd
    from sklearn import metrics as sk
    from sklearn.calibration import calibration_curve

    frame = pd.read_parquet(path)
    actual, scores = frame["y_true"].to_numpy(), frame["y_score"].to_numpy()
    single = (sk.roc_auc_score, sk.average_precision_score, sk.log_loss, sk.brier_score_loss, sk.roc_curve)
    figures = [function(actual, scores) for function in (*single, sk.precision_recall_curve)]
    return figures, calibration_curve(actual, scores, n_bins=15)


@contender("scikit-learn", "probabilities")
def sklearn_probabilities(path: str, threads: int, settings: Settings) -> Any:
    """The figures of several labels' probabilities, one against the rest."""
    import pandas as pd
    from sklearn import metrics as sk

    frame = pd.read_parquet(path)
    actual = frame["y_true"].to_numpy()
    shares = frame.drop(columns="y_true").to_numpy().astype("float64")
    shares /= shares.sum(axis=1, keepdims=True)
    return (
        sk.roc_auc_score(actual, shares, multi_class="ovr", average=None),
        sk.average_precision_score(actual, shares, average=None),
        sk.log_loss(actual, shares),
        sk.brier_score_loss(actual, shares),
        sk.top_k_accuracy_score(actual, shares, k=5),
        sk.classification_report(actual, shares.argmax(axis=1), output_dict=True),
    )


def few(path: str | Path) -> Path:
    """Where a file's first rows are, to warm up with."""
    return Path(path).with_suffix(".few.parquet")


def measured(name: str, work: str, path: str, threads: int, settings: Settings) -> dict[str, float]:
    """What the work cost, its libraries loaded and everything used once before, on a few of its rows."""
    function = CONTENDERS[name, work]
    _load(name)
    function(str(few(path)), threads, settings)
    wall, cpu = time.perf_counter(), time.process_time()
    function(path, threads, settings)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": cpu, "wall": wall, "peak": _peak()}


def _peak() -> float:
    """MiB at the most, of this program alone: getrusage counts what the process was before it started."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _load(name: str) -> None:
    import importlib

    if name == "assay":
        from infra.machine import prepare

        prepare()  # as the command line does

    needed = {
        "decode": ["pyarrow.parquet"],
        "assay": ["pyarrow.parquet", "flows.measure", "evalcore.evaluate", "evalcore.reading"],
        "scikit-learn": ["pandas", "pyarrow.parquet", "sklearn.metrics", "sklearn.calibration"],
    }
    for module in needed.get(name, [name]):
        importlib.import_module(module)
    if name == "assay":
        from evalcore import registry

        for found in (registry.metrics, registry.checks, registry.parts, registry.tasks):
            found()


if __name__ == "__main__":
    who, what, where, count, given = sys.argv[1:]
    os.environ["POLARS_MAX_THREADS"] = count
    sys.stdout.write(json.dumps(measured(who, what, where, int(count), json.loads(given))) + "\n")
