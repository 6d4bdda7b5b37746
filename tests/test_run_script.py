"""What the scripts ``run`` and ``.ci/run`` do before they install or start anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def call(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; both outputs as text."""
    return subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with a space in its name whose environment is ready, with stand-ins for what it starts."""
    place = tmp_path / "my checkout"
    programs = place / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("run", "uv.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, place / name)
    for name in ("python", "assay"):
        stand_in(programs / name, f'echo "{name} in $PWD:" "$@"')
    total = call("sh", "-c", f"cat '{place}/uv.lock' '{place}/pyproject.toml' | cksum | tr ' ' -").stdout
    (place / ".venv" / ".ready").write_text(f"test {total.strip()}\n{place}\n")
    return place


@pytest.fixture
def programs(tmp_path: Path) -> str:
    """A PATH on which every package is installed, apt must not be called, and there is no other Python."""
    folder = tmp_path / "programs"
    folder.mkdir()
    everything = "for name; do case $name in -*) ;; *) printf 'installed:%s ' \"$name\" ;; esac; done"
    stand_in(folder / "dpkg-query", everything)
    stand_in(folder / "dpkg", "exit 0")
    stand_in(folder / "id", "echo 0")
    for name in ("apt-get", "sudo", "python3.13", "python3.12", "python3.11", "python3"):
        stand_in(folder / name, f'echo "{name} must not be called" >&2; exit 99')
    stand_in(folder / "chromium", "exit 99")
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def stand_in(path: Path, script: str) -> None:
    """Make an executable shell script."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_scripts_are_plain_posix_shell(script: str) -> None:
    """The plainest shell there is reads them without complaint, and they can be executed."""
    assert os.access(ROOT / script, os.X_OK)
    shell = shutil.which("dash") or "sh"
    assert call(shell, "-n", ROOT / script).returncode == 0


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_usage_names_every_command(arguments: list[str]) -> None:
    """Without a command, or asked for help, it says what there is and ends well."""
    done = call(ROOT / "run", *arguments)
    assert done.returncode == 0
    assert done.stderr == ""
    for command in ("demo [FOLDER]", "test [ARGUMENT ...]", "check ", "coverage [ARGUMENT ...]"):
        assert f"\n  {command}" in done.stdout


def test_an_unknown_command_is_bad_usage() -> None:
    """It is named in one line, and nothing is installed for it."""
    done = call(ROOT / "run", "dmeo")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "run: there is no command 'dmeo'; ./run --help lists them\n"


def test_a_ready_checkout_starts_at_once_where_the_caller_is(
    checkout: Path, programs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``demo`` gets its arguments whole, in the caller's folder, and neither apt nor Python is asked."""
    monkeypatch.chdir(tmp_path)
    done = call(checkout / "run", "demo", "a folder", "--json", PATH=programs)
    assert (done.stdout, done.stderr) == (f"assay in {tmp_path}: demo a folder --json\n", "")


def test_tests_run_in_the_checkout(checkout: Path, programs: str) -> None:
    """``test`` hands its arguments to pytest at the root, where the tests are."""
    done = call(checkout / "run", "test", "-k", "a or b", PATH=programs)
    assert (done.stdout, done.stderr) == (f"python in {checkout}: -m pytest -k a or b\n", "")


@pytest.mark.parametrize("change", ["lock", "place", "level", "broken"])
def test_an_environment_that_does_not_fit_is_not_used(checkout: Path, programs: str, change: str) -> None:
    """One made for another lock file, place or purpose, or half made, is made again; here nothing can."""
    ready = checkout / ".venv" / ".ready"
    if change == "lock":
        (checkout / "uv.lock").write_text("changed")
    elif change == "place":
        checkout = checkout.rename(checkout.with_name("elsewhere"))
    elif change == "level":
        ready.write_text(ready.read_text().replace("test ", "demo ", 1))
    else:
        ready.write_text("")
    done = call(checkout / "run", "test", PATH=programs, HOME=str(checkout))
    assert done.returncode not in (0, 2)
    assert "pytest" not in done.stdout
    assert "must not be called" in done.stderr


def test_what_is_missing_is_said_where_it_cannot_be_installed(checkout: Path, programs: str) -> None:
    """Without root and sudo, one line has the command to run; nothing else happens."""
    folder = Path(programs.split(os.pathsep)[0])
    stand_in(folder / "dpkg-query", "printf 'installed:ca-certificates '")
    stand_in(folder / "id", "echo 1000")
    done = call(checkout / "run", "demo", PATH=programs)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("\n") == 1
    assert "apt-get install -y --no-install-recommends libpango-1.0-0 " in done.stderr
    assert "ca-certificates" not in done.stderr


@pytest.mark.parametrize("status", [0, 1])
def test_the_build_server_sees_the_closing_line_and_the_status(tmp_path: Path, status: int) -> None:
    """``.ci/run`` ends with pytest's closing line, even where something is printed after it."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    stand_in(tmp_path / "run", f"echo '== 1 failed, 2 passed in 0.1s =='; echo later; exit {status}")
    done = call(tmp_path / ".ci" / "run")
    assert done.returncode == status
    assert done.stdout.splitlines()[-2:] == ["later", "== 1 failed, 2 passed in 0.1s =="]
