"""What numpy is told about the machine before the work begins.

Nothing here changes a figure, only what it costs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_SLOW_SORTING = "X86_V4 AVX512_ICL"
"""numpy's names for the AVX-512 instructions that it sorts with."""


def prepare() -> None:
    """Make sorting quick. To be called before numpy is imported."""
    if sys.platform == "linux" and "numpy" not in sys.modules:
        _sort_without_avx512()


def _sort_without_avx512(processors: Path = Path("/proc/cpuinfo")) -> None:
    """Let AVX2 sort on Zen 4, six times as fast: it runs AVX-512's compressing stores in microcode.

    Whoever has set numpy's own variable keeps it.
    """
    try:
        with processors.open() as stream:
            first = stream.read(4096).split("\n\n")[0]
    except OSError:
        return
    facts = dict(line.replace("\t", "").split(":", 1) for line in first.splitlines() if ":" in line)
    zen_4 = (facts.get("vendor_id"), facts.get("cpu family")) == (" AuthenticAMD", " 25")
    if zen_4 and "avx512" in facts.get("flags", ""):
        os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", _SLOW_SORTING)
