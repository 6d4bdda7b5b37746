"""The house: imports go one way, files stay small, every part registers itself."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

from evalcore import registry

ROOT = Path(__file__).parent.parent
ROOMS = ("evalcore", "templates", "infra", "flows")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
LONGEST = 300


TOOLS = Path(sys.executable).parent


def run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The outcome of a tool of the environment that runs the tests."""
    command = [str(TOOLS / tool), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("lint-imports",),
    ],
    ids=lambda command: " ".join(command),
)
def test_the_checks_pass(command: tuple[str, ...]) -> None:
    """Lint, format, strict types of the figures, and the direction of imports."""
    outcome = run(*command)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_holds_one_thought(path: Path) -> None:
    """No file grows beyond what can be read at a sitting, and none is a drawer for odds and ends."""
    assert len(path.read_text().splitlines()) <= LONGEST
    assert "util" not in path.stem


@pytest.mark.parametrize("package", ["metrics", "checks", "parts", "tasks"])
def test_every_module_there_registers_something(package: str) -> None:
    """A module among the metrics, checks or tasks that registers nothing would be found and do nothing."""
    parent = importlib.import_module(f"evalcore.{package}")
    decorator = {"metrics": "metric", "checks": "check", "parts": "part", "tasks": "task"}[package]
    for module in pkgutil.iter_modules(parent.__path__):
        tree = ast.parse((Path(parent.__path__[0]) / f"{module.name}.py").read_text())
        calls = [
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        ]
        assert decorator in calls, module.name


def test_a_name_is_registered_once() -> None:
    """A second metric of the same name is refused."""
    taken = registry.metrics()[0]

    with pytest.raises(ValueError, match="registered twice"):
        registry.metric(taken.name, per=taken.per, of=taken.of, title="again")(taken.compute)


def imported(path: Path) -> set[str]:
    """The packages that a module imports, anywhere in it."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {name.partition(".")[0] for name in names}


def test_prefect_enters_by_few_doors() -> None:
    """The modules that define flows, and those that start its server and look for its API."""
    doors = {str(path.relative_to(ROOT)) for path in SOURCES if "prefect" in imported(path)}

    modules = ("artifacts", "embedded", "evaluate", "nightly", "runner", "serve")
    assert doors == {f"flows/{module}.py" for module in modules}


def test_the_command_line_starts_light() -> None:
    """Importing the commands loads none of the heavy libraries."""
    heavy = ("numpy", "pyarrow", "boto3", "jinja2", "weasyprint", "prefect", "pandas", "distributed", "dask")
    code = f"import sys, flows.cli; sys.exit(', '.join(m for m in {heavy} if m in sys.modules) or 0)"
    outcome = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (outcome.returncode, outcome.stderr) == (0, "")
