"""The command line: help, usage, errors, and what every command has in common."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalcore.errors import StorageUnavailable
from tests.flows.conftest import Ran
from tests.flows.stores import document, snapshot

Assay = Callable[..., Ran]
pytestmark = pytest.mark.usefixtures("quick_reports")

COMMANDS = [
    "add",
    "announce",
    "confusion-matrix",
    "demo",
    "doctor",
    "evaluate",
    "list",
    "nightly",
    "promote",
    "prune",
    "schema",
    "serve",
    "summary",
]


def test_help_lists_every_command(assay: Assay) -> None:
    """``assay --help`` lists the commands, the demo first."""
    ran = assay("--help")

    listed = re.findall(r"^  ([a-z-]+)  ", ran.out.partition("Commands:")[2], re.MULTILINE)
    assert (ran.status, ran.err, sorted(listed)) == (0, "", COMMANDS)
    assert listed[0] == "demo"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_the_common_options(command: str, assay: Assay) -> None:
    """Each command explains itself and takes the options that all take."""
    ran = assay(command, "--help")

    assert ran.status == 0
    assert all(option in ran.out for option in ("--store", "--json", "--quiet", "--debug"))


def test_help_speaks_no_python(assay: Assay) -> None:
    """Arguments have their names alone."""
    assert re.search(r"^  MODEL +The model's id", assay("evaluate", "--help").out, re.MULTILINE)


def test_evaluate_without_a_model_names_the_option_that_files_need(assay: Assay) -> None:
    """``--output`` is the one that cannot be left out."""
    assert "--file FILE… with --output FOLDER" in assay("evaluate").err


def test_version(assay: Assay) -> None:
    """``assay --version`` prints name and version."""
    assert re.fullmatch(r"assay \d+\.\d+\.\d+\n", assay("--version").out)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["evaluate"],
        ["evaluate", "good", "bad"],
        ["evaluate", "good", "--frob"],
        ["evaluate", "good", "--threshold", "1.5"],
        ["evaluate", "good", "--threshold", "nan"],
        ["evaluate", "good", "--threshold", "high"],
        ["evaluate", "good", "--runner", "cron"],
        ["evaluate", "good", "--split", "tset"],
        ["evaluate", "../good"],
        ["evaluate", "good", "--settings", "model.json"],
        ["evaluate", "--file", "x.parquet"],
        ["evaluate", "--file", "x.parquet", "--output", "out", "--version", "v1"],
        ["confusion-matrix"],
        ["nightly", "--versions", "some"],
        ["nightly", "--workers", "0"],
        ["nightly", "--split", "tset"],
        ["promote", "good"],
        ["add", "good", "v2"],
        ["add", "good", "v2", "--split"],
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_bad_usage(arguments: list[str], as_json: bool, assay: Assay, store: Path) -> None:
    """Bad usage is invalid_parameter with exit status 2, a line of text or an object, and writes nothing."""
    before = snapshot(store)

    ran = assay(*arguments, *(["--json"] if as_json else []))

    assert ran.status == 2
    if as_json:
        error = json.loads(ran.out)["error"]
        assert (ran.err, error["code"]) == ("", "invalid_parameter")
        assert {"code", "message", "details"} == set(error)
    else:
        assert ran.out == ""
        assert re.fullmatch(r"error\[invalid_parameter\]: \S.*; \S.*\n", ran.err)
    assert before == snapshot(store)


@pytest.mark.parametrize(
    "arguments", [["--json", "list"], ["list", "--json"], ["--store", "{store}", "--json", "list"]]
)
def test_common_options_before_or_after(arguments: list[str], assay: Assay, store: Path) -> None:
    """The options that all commands take may stand before the command too."""
    ran = assay(*[argument.format(store=store) for argument in arguments])

    assert [model["model_id"] for model in json.loads(ran.out)["models"]] == ["bad", "good"]


def test_store_is_an_option_else_the_environment_else_a_folder(
    assay: Assay, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--store wins over ASSAY_STORE, which wins over ./assay-store."""
    monkeypatch.chdir(tmp_path)
    assert "good" in assay("list", "--store", store, store=tmp_path / "none").out
    assert "good" in assay("list", store=store.as_uri()).out
    assert assay("list", store="").status == 6
    store.rename(tmp_path / "assay-store")
    assert "good" in assay("list", store="").out


def test_a_bug_is_one_line(assay: Assay, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception of no kind of ours is internal_error, 70, one line; ``--debug`` adds the traceback."""
    monkeypatch.setattr("flows.stored.read_summary", lambda *_: {}["no such\nkey"])

    ran = assay("summary", "good")
    debugged = assay("summary", "good", "--debug")

    assert 70 == ran.status == debugged.status
    assert re.fullmatch(r"error\[internal_error\]: unexpected KeyError: .*report it.*--debug\n", ran.err)
    assert "Traceback" in debugged.err
    assert debugged.err.endswith(ran.err)


def test_ctrl_c_is_130(assay: Assay, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a command with 130 and without an error."""

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flows.stored.read_summary", interrupted)

    assert Ran(130, "", "") == assay("summary", "good")


def test_errors_of_ours_keep_their_exit_status(assay: Assay, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``--json`` an error is an object on standard output, and nothing is on standard error."""

    def unavailable(*_: Any) -> None:
        raise StorageUnavailable("it is full", "make room", store="here")

    monkeypatch.setattr("flows.stored.read_summary", unavailable)

    ran = assay("summary", "good", "--json")

    assert (ran.status, ran.err) == (6, "")
    assert json.loads(ran.out) == {
        "error": {
            "code": "storage_unavailable",
            "message": "it is full; make room",
            "details": {"store": "here"},
        }
    }


def command(*arguments: object, **options: Any) -> subprocess.Popen[bytes]:
    """The installed command, in a process of its own."""
    program = str(Path(sys.executable).parent / "assay")
    return subprocess.Popen([program, *map(str, arguments)], stderr=subprocess.PIPE, **options)


def test_a_closed_pipe_is_quiet(evaluated: Path) -> None:
    """A reader who has seen enough gets no error and no traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    with command("schema", stdout=writer) as process:
        os.close(writer)
        _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (141, b"")


def test_a_closed_standard_error_is_no_harm(evaluated: Path, tmp_path: Path) -> None:
    """Daemons start programs so: what is said goes nowhere, and the work is done."""
    file = evaluated / "models/good/versions/v1/predictions/test/part-0.parquet"
    program = str(Path(sys.executable).parent / "assay")
    line = 'exec "$0" evaluate --file "$1" --output "$2" --json 2>&-'
    ran = subprocess.run(
        ["sh", "-c", line, program, str(file), str(tmp_path)], capture_output=True, timeout=120, check=True
    )

    assert json.loads(ran.stdout)["examples"] == document(tmp_path / "summary.json")["examples"]


@pytest.mark.parametrize(
    "arguments", [["confusion-matrix", "good"], ["summary", "good"], ["list"], ["--help"]]
)
def test_reading_commands_load_no_heavy_library(arguments: list[str], evaluated: Path) -> None:
    """Commands that only read import neither NumPy, PyArrow, boto3, Prefect nor WeasyPrint."""
    heavy = ("boto3", "jinja2", "numpy", "prefect", "pyarrow", "weasyprint")
    code = (
        "import sys; from flows.cli import main; status = main(sys.argv[1:]); "
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr); sys.exit(status)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "ASSAY_STORE": str(evaluated)},
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "[]\n")
