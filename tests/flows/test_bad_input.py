"""Bad input and bad stores: each its code and exit status, one line, and nothing half-written."""

from __future__ import annotations

import errno
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.retry import Patience
from tests.faults import FaultyServer, hangs
from tests.flows.conftest import Ran
from tests.flows.stores import document, snapshot, write_predictions

Assay = Callable[..., Ran]
Break = Callable[[Path], None]
pytestmark = pytest.mark.usefixtures("quick_reports")

PREDICTIONS = "models/good/versions/v1/predictions/test/part-0.parquet"


def no_predictions(store: Path) -> None:
    """The folder of predictions is empty."""
    (store / PREDICTIONS).unlink()


def no_prediction_column(store: Path) -> None:
    """The predictions lack their column."""
    pq.write_table(pa.table({"y_true": ["cat", "dog"]}), store / PREDICTIONS)


def no_truth_column(store: Path) -> None:
    """The actual labels lack their column."""
    pq.write_table(pa.table({"y_pred": ["cat", "dog"]}), store / PREDICTIONS)


def label_outside(store: Path) -> None:
    """A label is none of the given ones."""
    pq.write_table(pa.table({"y_true": ["cat", "emu"], "y_pred": ["cat", "dog"]}), store / PREDICTIONS)


def no_rows(store: Path) -> None:
    """There is nothing to evaluate."""
    write_predictions(store / PREDICTIONS, 0)


def broken_model(store: Path) -> None:
    """model.json is no JSON."""
    (store / "models/good/model.json").write_text('{"model_id": "good",')


def broken_version(store: Path) -> None:
    """version.json is no JSON."""
    (store / "models/good/versions/v1/version.json").write_text("")


def wrong_type(store: Path) -> None:
    """A setting has a value of the wrong type."""
    path = store / "models/good/model.json"
    path.write_text(json.dumps(document(path) | {"threshold": "high"}))


def other_task(store: Path) -> None:
    """A task that cannot be evaluated."""
    path = store / "models/good/model.json"
    path.write_text(json.dumps(document(path) | {"task_type": "divination"}))


def truncated(store: Path) -> None:
    """The Parquet file ends too early."""
    path = store / PREDICTIONS
    path.write_bytes(path.read_bytes()[:-100])


def damaged(store: Path) -> None:
    """The Parquet file's pages are overwritten, its end is whole."""
    path = store / PREDICTIONS
    data = bytearray(path.read_bytes())
    data[4:60] = b"\xff" * 56
    path.write_bytes(data)


def no_parquet(store: Path) -> None:
    """The file is of another format than its name says."""
    (store / PREDICTIONS).write_text("y_true,y_pred\ncat,dog\n")


BROKEN: list[tuple[Break, int, str, str]] = [
    (no_predictions, 4, "predictions_not_found", "predictions/test"),
    (no_prediction_column, 5, "invalid_predictions", "y_pred"),
    (no_truth_column, 5, "invalid_predictions", "y_true"),
    (label_outside, 5, "invalid_predictions", "emu"),
    (no_rows, 5, "invalid_predictions", ""),
    (broken_model, 5, "invalid_settings", "model.json"),
    (broken_version, 5, "invalid_settings", "version.json"),
    (wrong_type, 5, "invalid_settings", "threshold"),
    (truncated, 5, "unreadable_file", "part-0.parquet"),
    (damaged, 5, "unreadable_file", "part-0.parquet"),
    (no_parquet, 5, "unreadable_file", "part-0.parquet"),
]


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    ("spoil", "status", "code", "named"), BROKEN, ids=[str(row[0].__name__) for row in BROKEN]
)
def test_broken_input(
    spoil: Break, status: int, code: str, named: str, as_json: bool, assay: Assay, store: Path
) -> None:
    """Input that cannot be evaluated is told in one line; the evaluation that was there stays as it was."""
    assert assay("evaluate", "good").status == 0
    before = snapshot(store / "evaluations/good")
    spoil(store)

    ran = assay("evaluate", "good", *(["--json"] if as_json else []), "--quiet")

    assert status == ran.status
    if as_json:
        error = json.loads(ran.out)["error"]
        assert (code, "") == (error["code"], ran.err)
        assert named in error["message"]
    else:
        assert ran.out == ""
        assert re.fullmatch(rf"error\[{code}\]: \S.*{re.escape(named)}.*; \S.*\n", ran.err)
    after = snapshot(store / "evaluations/good")
    after.pop("v1/test/failure.json", None)
    assert before == after
    assert document(store / "evaluations/good/v1/test/summary.json")["verdict"] == "pass"


def test_unsupported_task(assay: Assay, store: Path) -> None:
    """A task that there is not yet, or never, cannot be evaluated: exit status 5."""
    other_task(store)

    ran = assay("evaluate", "good", "--quiet")

    assert ran.status == 5
    assert re.fullmatch(r"error\[(unsupported_task|invalid_settings)\]: \S.*divination.*; \S.*\n", ran.err)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["evaluate", "nobody"], "model_not_found"),
        (["evaluate", "nobody", "--version", "v1"], "model_not_found"),
        (["evaluate", "good", "--version", "v9"], "version_not_found"),
        (["evaluate", "good", "--split", "validation"], "predictions_not_found"),
        (["evaluate", "good", "--checkpoint", "7"], "predictions_not_found"),
        (["summary", "nobody"], "model_not_found"),
        (["summary", "nobody", "--version", "v1"], "model_not_found"),
        (["summary", "good", "--version", "v9"], "version_not_found"),
        (["summary", "good"], "evaluation_not_found"),
        (["confusion-matrix", "good", "--split", "train"], "evaluation_not_found"),
        (["promote", "nobody", "v1"], "model_not_found"),
        (["promote", "good", "v9"], "version_not_found"),
        (["nightly", "--runner", "inline", "--models", "nobody"], "model_not_found"),
    ],
)
def test_what_is_not_there(arguments: list[str], code: str, assay: Assay, store: Path) -> None:
    """An unknown model, version, split or evaluation is exit status 4, and leaves nothing behind."""
    before = snapshot(store / "models")

    ran = assay(*arguments)

    assert (ran.status, ran.out) == (4, "")
    assert ran.err.splitlines()[-1].startswith(f"error[{code}]: ")
    assert before == snapshot(store / "models")
    assert not list((store / "evaluations").rglob("failure.json"))


@pytest.mark.parametrize(
    "arguments",
    [["--file", "{0}/none.parquet"], ["--file", "{0}/a.parquet", "--settings", "{0}/none.json"]],
)
def test_files_that_are_not_there(arguments: list[str], assay: Assay, tmp_path: Path) -> None:
    """Without a store a missing file is exit status 5, and no report is written."""
    write_predictions(tmp_path / "a.parquet")

    ran = assay("evaluate", *[part.format(tmp_path) for part in arguments], "--output", tmp_path / "out")

    assert (ran.status, ran.out) == (5, "")
    assert "none." in ran.err
    assert not (tmp_path / "out").exists()


# -- stores that do not serve ------------------------------------------------------------------------

ANY = [
    ["evaluate", "good"],
    ["evaluate", "good", "--version", "v1"],
    ["nightly", "--runner", "inline"],
    ["nightly"],
    ["list"],
    ["confusion-matrix", "good", "--version", "v1"],
]


def one_line(ran: Ran, status: int, code: str) -> bool:
    """Whether a command ended with an error, told as one line of ours after its progress."""
    lines = ran.err.splitlines()
    return (
        ran.status == status
        and ran.out == ""
        and lines[-1].startswith(f"error[{code}]: ")
        and not any("Traceback" in line or line.startswith("error[") for line in lines[:-1])
    )


@pytest.mark.parametrize("arguments", ANY)
def test_a_folder_that_is_not_there(arguments: list[str], assay: Assay, tmp_path: Path) -> None:
    """A folder that is not there is storage_unavailable, and is not made."""
    ran = assay(*arguments, store=tmp_path / "none")

    assert one_line(ran, 6, "storage_unavailable")
    assert not (tmp_path / "none").exists()


@pytest.mark.usefixtures("weed_environment")
@pytest.mark.parametrize("arguments", ANY)
def test_a_bucket_that_is_not_there(arguments: list[str], assay: Assay) -> None:
    """A bucket that is not there is storage_unavailable, before Prefect is started."""
    ran = assay(*arguments, store="s3://no-such-bucket/here")

    assert one_line(ran, 6, "storage_unavailable")
    assert "no such bucket" in ran.err


@pytest.mark.parametrize("arguments", ANY)
def test_wrong_credentials(
    arguments: list[str], assay: Assay, weed_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials that the store does not know are exit status 3, and are shown to nobody."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2hunter2")

    ran = assay(*arguments, store=weed_store)

    assert one_line(ran, 3, "unauthorized")
    assert "hunter2" not in ran.err


@pytest.fixture
def silent_store(faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> FaultyServer:
    """An S3 server that accepts connections and never answers, and little patience with it."""
    monkeypatch.setattr("infra.s3.Patience", lambda: Patience(connect=0.3, read=0.3, total=1, pause=0.001))
    faulty.steps = [hangs]
    return faulty


@pytest.mark.parametrize("arguments", ANY)
def test_a_store_that_does_not_answer(arguments: list[str], assay: Assay, silent_store: FaultyServer) -> None:
    """Silence is storage_unavailable once the time for one call is up, not that time again and again."""
    started = time.monotonic()

    ran = assay(*arguments, store="s3://bucket/here")

    assert one_line(ran, 6, "storage_unavailable")
    assert time.monotonic() - started < 2
    assert Patience().total == 30


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), 3, "forbidden"),
        (OSError(errno.ENOSPC, "full"), 6, "storage_unavailable"),
    ],
)
def test_an_output_folder_that_takes_nothing(
    assay: Assay, store: Path, monkeypatch: pytest.MonkeyPatch, failure: OSError, status: int, code: str
) -> None:
    """Who may not write there is told so, and who has no room."""

    def refuse(*_: object) -> int:
        raise failure

    assay("evaluate", "good")
    monkeypatch.setattr(Path, "write_bytes", refuse)
    ran = assay("evaluate", "good", "--output", store / "elsewhere")

    assert (ran.status, ran.err.startswith(f"error[{code}]: ")) == (status, True)
