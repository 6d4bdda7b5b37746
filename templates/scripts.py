"""Which scripts this machine can print: each with a text in it, and the Debian package that brings a font."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from html import escape

_NOTO, _CJK, _EMOJI = "fonts-noto-core", "fonts-noto-cjk", "fonts-noto-color-emoji"


@dataclass(frozen=True)
class Script:
    """A way of writing that names from the data may come in."""

    name: str
    sample: str
    package: str


SCRIPTS = (
    Script("Latin", "Label ß", _NOTO),
    Script("Greek", "Ετικέτα", _NOTO),
    Script("Cyrillic", "Метка", _NOTO),
    Script("Arabic", "قطة", _NOTO),
    Script("Hebrew", "תווית", _NOTO),
    Script("Devanagari (Hindi)", "हिन्दी", _NOTO),
    Script("Bengali", "বাংলা", _NOTO),
    Script("Tamil", "தமிழ்", _NOTO),
    Script("Telugu", "తెలుగు", _NOTO),
    Script("Thai", "ไทย", _NOTO),
    Script("Armenian", "Պիտակ", _NOTO),
    Script("Georgian", "ქართული", _NOTO),
    Script("Ethiopic", "አማርኛ", _NOTO),
    Script("Chinese", "中文标签", _CJK),
    Script("Japanese", "ラベル", _CJK),
    Script("Korean", "한국어", _CJK),
    Script("emoji", "😀", _EMOJI),
)


class _Remarks(logging.Handler):
    """What the renderer says of characters that no font has."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.characters: set[object] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple):
            self.characters.update(record.args[:1])


def scripts_without_font() -> list[Script]:
    """The scripts of which some character cannot be printed here. Raises OSError where Pango is missing."""
    remarks = _Remarks()
    logger = logging.getLogger("weasyprint")
    level = logger.level
    logger.addHandler(remarks)
    logger.setLevel(logging.WARNING)
    try:
        _print_samples()
    finally:
        logger.removeHandler(remarks)
        logger.setLevel(level)
    return [script for script in SCRIPTS if not remarks.characters.isdisjoint(script.sample)]


def _print_samples() -> None:
    from weasyprint import HTML

    samples = "".join(f"<p>{escape(script.sample)}</p>" for script in SCRIPTS)
    HTML(string=f"<html lang=en><title>Scripts</title>{samples}</html>").write_pdf()
