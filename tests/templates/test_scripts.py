"""Which scripts this machine can print."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from templates.scripts import SCRIPTS, scripts_without_font

_CODE = "import json; from templates.scripts import scripts_without_font as s; print(json.dumps([each.name for each in s()]))"


def test_with_the_packages_that_are_named_nothing_is_lacking() -> None:
    """``./run`` installs them all; looking changes nothing about what the renderer may say later."""
    import logging

    level = logging.getLogger("weasyprint").level
    assert scripts_without_font() == []
    assert logging.getLogger("weasyprint").level == level


@pytest.mark.skipif(
    not Path("/usr/share/fonts/truetype/dejavu").is_dir(), reason="needs a font that lacks scripts"
)
def test_a_script_without_a_font_is_named(tmp_path: Path) -> None:
    """With DejaVu alone there is Latin, Greek and Arabic, and no Chinese, Hindi or Thai."""
    settings = tmp_path / "fonts.conf"
    settings.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>/usr/share/fonts/truetype/dejavu</dir><cachedir>{tmp_path}/cache</cachedir></fontconfig>"
    )
    environment = {**os.environ, "FONTCONFIG_FILE": str(settings)}
    ran = subprocess.run(
        [sys.executable, "-c", _CODE], env=environment, capture_output=True, text=True, check=True
    )
    lacking = set(json.loads(ran.stdout))
    assert lacking >= {"Chinese", "Japanese", "Korean", "Devanagari (Hindi)", "Thai"}
    assert lacking.isdisjoint({"Latin", "Greek", "Cyrillic", "Arabic"})


def test_every_script_names_a_package() -> None:
    """Each has a text of its own letters and one of Debian's packages of Noto fonts."""
    assert len({script.sample for script in SCRIPTS}) == len(SCRIPTS)
    assert {script.package for script in SCRIPTS} == {
        "fonts-noto-core",
        "fonts-noto-cjk",
        "fonts-noto-color-emoji",
    }
