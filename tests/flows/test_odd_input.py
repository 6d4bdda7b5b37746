"""Odd files, odd times and an output that takes nothing: each its own error, in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flows.conftest import Ran
from tests.flows.stores import document, put_model, write_predictions

Assay = Callable[..., Ran]
pytestmark = pytest.mark.usefixtures("quick_reports")

TIMES = ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"]


def shell(line: str, store: Path) -> subprocess.CompletedProcess[str]:
    """A command line of the shell, in which ``assay`` is the one that is tested."""
    script = f'assay() {{ "{sys.executable}" -c "import sys; from flows.cli import main; sys.exit(main())" "$@"; }}; '
    environment = {**os.environ, "ASSAY_STORE": str(store)}
    return subprocess.run(
        ["sh", "-c", script + line], capture_output=True, text=True, check=False, env=environment
    )


@pytest.mark.parametrize("where", [">/dev/full", ">&-"])
@pytest.mark.parametrize(
    "command", ["summary good --json", "list", "list --json --store /nowhere", "list --help"]
)
def test_output_that_takes_nothing(command: str, where: str, evaluated: Path) -> None:
    """One line says so, and the exit status is not that of a gate that failed."""
    ran = shell(f"assay {command} {where}", evaluated)

    if command == "list --help" and where == ">&-":  # its parser says nothing then
        assert "Traceback" not in ran.stderr
        return
    assert ran.returncode == 6, ran.stderr
    [line] = ran.stderr.splitlines()
    assert line.startswith("error[storage_unavailable]: ")


def test_quiet_needs_no_output(evaluated: Path) -> None:
    """A command that prints nothing works with standard output closed."""
    ran = shell("assay summary good --quiet >&-", evaluated)

    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(
    ("option", "code"), [("--file", "unreadable_file"), ("--settings", "invalid_settings")]
)
def test_a_pipe_is_not_waited_for(option: str, code: str, assay: Assay, tmp_path: Path) -> None:
    """Who names a pipe is told that it is no file."""
    os.mkfifo(tmp_path / "pipe")
    given = {"--file": write_predictions(tmp_path / "a.parquet"), option: tmp_path / "pipe"}

    ran = assay("evaluate", *(part for pair in given.items() for part in pair), "--output", tmp_path / "out")

    assert ran.status == 5
    assert ran.err.splitlines()[-1].startswith(f"error[{code}]: ")


@pytest.mark.parametrize("more", [{}, {"weight": 1.0}])
def test_rows_whose_lists_are_all_empty(more: dict[str, float], assay: Assay, tmp_path: Path) -> None:
    """Rows are there, and nothing in them to be right or wrong."""
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps({"y_true": [], "y_pred": []} | more) + "\n")

    ran = assay("evaluate", "--file", file, "--output", tmp_path / "out")

    assert ran.status == 5
    assert "there is no label to evaluate: the lists of all 1 rows are empty" in ran.err


def test_a_file_given_twice(assay: Assay, tmp_path: Path) -> None:
    """Its rows would count twice."""
    file = write_predictions(tmp_path / "a.parquet")

    ran = assay("evaluate", "--file", file, "--file", file, "--output", tmp_path / "out")

    assert (ran.status, "is given twice" in ran.err) == (2, True)


def test_a_file_whose_name_is_not_unicode(assay: Assay, tmp_path: Path) -> None:
    """The summary shows what cannot be said in JSON as an escape."""
    file = write_predictions(tmp_path / "a.parquet").rename(tmp_path / "a\udcfe.parquet")

    ran = assay("evaluate", "--file", file, "--output", tmp_path / "out")

    assert ran.status == 0, ran.err
    [read] = document(tmp_path / "out/summary.json")["inputs"]
    assert read["key"].endswith("a\\udcfe.parquet")


@pytest.mark.parametrize("time", [*TIMES, 3, ["x"]])
@pytest.mark.parametrize("stored", [True, False])
def test_created_at_that_is_no_time(time: object, stored: bool, assay: Assay, store: Path) -> None:
    """In the store and in a settings file alike."""
    settings = store / "models/good/versions/v1/version.json"
    settings.write_text(json.dumps({"created_at": time}))
    file = settings.parent / "predictions/test/part-0.parquet"
    local = ("--file", file, "--settings", settings, "--output", store / "out")

    ran = assay("evaluate", *(("good",) if stored else local))

    assert ran.status == 5
    assert ran.err.startswith("error[invalid_settings]: created_at")


@pytest.mark.parametrize("command", ["summary", "confusion-matrix"])
@pytest.mark.parametrize("content", ['{"evaluation": 1}', "{"])
def test_a_summary_that_is_none(command: str, content: str, assay: Assay, evaluated: Path) -> None:
    """It is damaged, whether or not it is JSON."""
    (evaluated / "evaluations/good/v1/test/summary.json").write_text(content)

    ran = assay(command, "good")

    assert ran.status == 5
    assert ran.err.startswith("error[unreadable_file]: ")


def test_a_home_of_nobody(assay: Assay) -> None:
    """A store in the home folder of a user who does not exist."""
    ran = assay("list", "--store", "~no-such-user/x")

    assert (ran.status, ran.err.startswith("error[invalid_parameter]: ")) == (2, True)


@pytest.mark.parametrize("kind", ["link to nothing", "may not be read"])
def test_one_odd_model_does_not_hide_the_others(
    kind: str, assay: Assay, evaluated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is listed with its error, and a folder whose name can be no id is not seen."""
    put_model(evaluated, "odd")
    (evaluated / "models/\udcfe/x").mkdir(parents=True)
    (evaluated / "models/\udcfe/x/y").write_bytes(b"")
    odd = evaluated / "models/odd/model.json"
    if kind == "link to nothing":
        odd.unlink()
        odd.symlink_to("gone.json")
        code = "unreadable_file"
    else:
        code = "forbidden"
        read = Path.read_bytes

        def refused(path: Path) -> bytes:
            if path == odd:
                raise PermissionError(13, "Permission denied")
            return read(path)

        monkeypatch.setattr(Path, "read_bytes", refused)

    ran = assay("list", "--json")

    assert ran.status == 0, ran.err
    errors = {model["model_id"]: model["error"] for model in json.loads(ran.out)["models"]}
    assert (errors["good"], errors["bad"], errors["odd"]["code"]) == (None, None, code)
