"""What the documents say is so: their commands, tables and links."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from evalcore import errors
from tests import docs

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = sorted(ROOT.glob("*.md"))
ASSAY = Path(sys.executable).with_name("assay")
COMMANDS = sorted(set(re.findall(r"^assay .*$", README, re.MULTILINE)))


def options_of(command: str) -> str:
    """The help of a command."""
    outcome = subprocess.run([ASSAY, command, "--help"], capture_output=True, text=True, check=True)
    return outcome.stdout


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_readme_is_there(line: str) -> None:
    """The command exists, and so does each of its options."""
    _, command, *words = shlex.split(line, comments=True)
    known = options_of(command)
    for word in words:
        if word.startswith("--"):
            assert word in known, word


def test_the_metric_table_is_generated() -> None:
    """The README's table of figures is that of the registry."""
    assert docs.generated(README) == README, "run: python -m tests.docs"


def test_every_code_is_in_the_readme_with_its_status() -> None:
    """The README's table of exits has each error code beside its exit status."""
    table = dict(re.findall(r"^\| (\d+) \| (`[^|]*`) \|", README, re.MULTILINE))
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and "code" in vars(kind)]
    for kind in kinds:
        assert f"`{kind.code}`" in table[str(kind.exit_status)], kind.code


def test_the_settings_example_is_read() -> None:
    """The README's model.json, with its further keys too, is accepted and leaves nothing unknown."""
    from evalcore.settings import resolve_settings

    model, further = map(json.loads, re.findall(r"```json\n(.*?)```", README, re.DOTALL)[:2])

    assert resolve_settings(model, {}).unknown == ()
    assert resolve_settings(model, further).unknown == ()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture of a document is a file."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize(
    "name",
    re.findall(
        r"`((?:evalcore|templates|infra|flows|tests)/[\w/.]*)`", (ROOT / "CONTRIBUTING.md").read_text()
    ),
)
def test_named_places_exist(name: str) -> None:
    """Every file and folder that CONTRIBUTING names is there, but for those yet to be made."""
    assert (ROOT / name).exists() or name == "tests/evalcore/tasks/"
