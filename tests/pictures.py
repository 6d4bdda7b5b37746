"""Pictures of reports: small ones that tests compare with, and the README's; run as a program it redraws them."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageFilter, ImageStat

from templates.html import render
from tests.browser import models
from tests.browsers import Opened, chromium

ROOT = Path(__file__).parent.parent
STORED = Path(__file__).parent / "browser" / "pictures"
SIDE = 64
DRAWN = {
    "binary": (
        "#roc svg",
        "#precision-recall svg",
        "#histogram svg",
        "#calibration svg",
        "#confusion-matrix tbody",
    ),
    "sixty": ("#confusion-matrix svg",),
}
"""What is compared of each report: charts and cells, whose places no font decides."""


def parts(page: Any, name: str) -> dict[str, Image.Image]:
    """Small grey pictures of a report's charts, without their texts."""
    page.evaluate(_WITHOUT_TEXTS)
    return {_file(name, where): _small(page.locator(where).first.screenshot()) for where in DRAWN[name]}


# The report's policy lets no further stylesheet in, but a tester may construct one.
_WITHOUT_TEXTS = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("svg text, td *, th * { visibility: hidden !important; }");
    document.adoptedStyleSheets = [sheet];
}"""


def distance(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two small pictures, 0 to 255."""
    return float(ImageStat.Stat(ImageChops.difference(one, other)).mean[0])


def stored(file: str) -> Image.Image:
    """The picture that was stored."""
    with Image.open(STORED / file) as found:
        return found.convert("L")


def _file(name: str, where: str) -> str:
    return f"{name}-{where.split()[0].strip('#')}.png"


def _small(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as found:
        return found.convert("L").filter(ImageFilter.GaussianBlur(2)).resize((SIDE, SIDE))


def _redraw(folder: Path) -> None:
    STORED.mkdir(exist_ok=True)
    summaries = {
        "binary": models.binary(folder / "binary").summary(),
        "sixty": models.several(folder / "sixty", models.SIXTY, 4000, probabilities=False).summary(),
    }
    with chromium() as browser:
        for name, summary in summaries.items():
            path = folder / f"{name}.html"
            path.write_bytes(render(summary))
            page = Opened(browser, path, width=1180).page
            if name == "binary":
                page.screenshot(
                    path=ROOT / "docs" / "report.png",
                    clip={"x": 0, "y": 0, "width": 1180, "height": 1240},
                    full_page=True,
                )
            for file, picture in parts(page, name).items():
                picture.save(STORED / file)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        _redraw(Path(made))
