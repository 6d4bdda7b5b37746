"""What numpy is told of the processor before it is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infra import machine

FEATURES = "NPY_DISABLE_CPU_FEATURES"


def facts(tmp_path: Path, vendor: str, family: int, flags: str) -> Path:
    """The system's description of a processor with two cores."""
    core = f"processor\t: 0\nvendor_id\t: {vendor}\ncpu family\t: {family}\nflags\t\t: fpu {flags} sse\n"
    path = tmp_path / "cpuinfo"
    path.write_text(f"{core}\n{core}\n")
    return path


@pytest.mark.parametrize(
    ("vendor", "family", "flags", "told"),
    [
        ("AuthenticAMD", 25, "avx2 avx512f avx512bw", True),
        ("AuthenticAMD", 25, "avx2", False),
        ("AuthenticAMD", 26, "avx512f", False),
        ("GenuineIntel", 6, "avx512f", False),
    ],
)
def test_only_zen_4_sorts_without_avx_512(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: str, family: int, flags: str, told: bool
) -> None:
    """Numpy is told to sort without AVX-512 where that is slow, and nowhere else."""
    monkeypatch.delenv(FEATURES, raising=False)

    machine._sort_without_avx512(facts(tmp_path, vendor, family, flags))

    assert (FEATURES in machine.os.environ) is told
    monkeypatch.delenv(FEATURES, raising=False)


def test_a_setting_of_the_user_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has set numpy's variable keeps it."""
    monkeypatch.setenv(FEATURES, "AVX512_ICL")

    machine._sort_without_avx512(facts(tmp_path, "AuthenticAMD", 25, "avx512f"))

    assert machine.os.environ[FEATURES] == "AVX512_ICL"


def test_a_system_that_does_not_say_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a description of the processor nothing is set."""
    monkeypatch.delenv(FEATURES, raising=False)

    machine._sort_without_avx512(tmp_path / "none")

    assert FEATURES not in machine.os.environ


def test_numpy_knows_what_it_is_told() -> None:
    """Numpy takes the setting without a word, wherever it is given."""
    code = f"import os, infra.machine as m; os.environ.setdefault('{FEATURES}', '');m.prepare();import numpy"

    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
