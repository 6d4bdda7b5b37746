"""``report.pdf``: tags, text, pages and margins."""

from __future__ import annotations

import io
import logging
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pypdfium2
import pytest
from pypdf import PdfReader

from templates.examples import PAPER_ROWS
from templates.paper import paper_view
from templates.pdf import render as pdf
from tests.browser import models
from tests.templates import samples

MARGIN = 0.9  # of the 16 mm at either side, 17 mm at the top: a hair is left for strokes


def _read(summary: dict[str, Any]) -> PdfReader:
    return PdfReader(io.BytesIO(pdf(summary)))


def test_it_is_tagged_and_knows_what_it_is() -> None:
    """PDF/UA-1 with title, language, structure, outline and the version's date, from data alone."""
    found = _read(samples.churn())
    root = found.trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    assert found.metadata is not None
    assert found.metadata.title == "Customer churn · ver-001a1 · test"
    assert found.metadata["/CreationDate"].startswith("D:20261120")
    titles = _titles(found.outline)
    assert titles[:2] == ["Customer churn", "✓ Pass"]
    assert titles[2:5] == ["What needs attention", "Confusion matrix", "Per label"]
    assert "Inputs" in titles


def _titles(outline: list[Any]) -> list[str]:
    return [
        title for each in outline for title in (_titles(each) if isinstance(each, list) else [each.title])
    ]


def test_it_says_what_the_screen_says() -> None:
    """Verdict, gates, matrix, figures and warnings are text on paper too, and pages are numbered."""
    found = _read(samples.churn(what_if={"threshold": 0.3}, thresholds={"operating_point": 0.3}))
    assert found.metadata.title.startswith("What-if at threshold 0.3 · ")
    pages = [page.extract_text() for page in found.pages]
    text = " ".join(" ".join(pages).split())
    for part in (
        "Pass",
        "Recall of churned",
        "What-if at threshold 0.3: not the evaluation in force",
        "Threshold 0.3",
        "9,120",
        "380",
        "0.918",
        "Training has 38,000 rows",
        "5d41402abc4b2a76",
    ):
        assert part in text
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert "What-if · Customer churn" in page


@pytest.mark.parametrize(
    ("make", "most"),
    [
        (samples.churn, 3),
        (samples.ten, 5),
        (lambda: samples.many(30), 8),
        (lambda: samples.warned(1000), 12),
    ],
)
def test_pages_are_few_and_nothing_is_cut_off(make: Callable[[], dict[str, Any]], most: int) -> None:
    """The number of pages has a bound, none is blank, and nothing reaches into a side margin."""
    document = pypdfium2.PdfDocument(pdf(make()))
    assert len(document) <= most
    for page in document:
        image = page.render(scale=1).to_pil().convert("L").point(lambda shade: 255 if shade < 250 else 0)
        box = image.getbbox()
        assert box is not None
        millimetre = image.width / 210
        assert box[0] >= 16 * MARGIN * millimetre
        assert box[2] <= image.width - 16 * MARGIN * millimetre
        assert box[1] >= 17 * MARGIN * millimetre
    document.close()


def _calm() -> dict[str, Any]:
    return samples.ten() | {"gates": samples.ten()["gates"][:1], "warnings": []}


@pytest.mark.parametrize(
    "make", [samples.churn, samples.ten, _calm, lambda: samples.many(12), lambda: samples.many(30)]
)
def test_the_first_page_is_filled_and_the_matrix_whole(make: Callable[[], dict[str, Any]]) -> None:
    """The matrix is on one page with its heading, and no gap is left before it."""
    summary = make()
    data = pdf(summary)
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(data)).pages]
    on = next(number for number, text in enumerate(pages) if "Rows are the actual label" in text)
    assert "share of the row" in pages[on]
    document = pypdfium2.PdfDocument(data)
    image = document[0].render(scale=1).to_pil().convert("L").crop((0, 0, 595, 780))
    bottom = image.point(lambda shade: 255 if shade < 250 else 0).getbbox()[3]
    document.close()
    assert bottom >= 0.75 * 780


def test_a_matrix_that_fits_is_on_the_first_page() -> None:
    """With few gates and findings even a matrix of ten labels stands beside the verdict."""
    assert "Rows are the actual label" in _read(_calm()).pages[0].extract_text()


@pytest.fixture(scope="module")
def every_part(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Models whose summaries have all that a summary can have."""
    root = tmp_path_factory.mktemp("models")
    names = tuple(f"label {i}" for i in range(10))
    several = models.several_sliced(root / "ten", names).summary()
    return {"binary": models.binary(root / "binary").summary(), "ten": several}


def _ink(page: Any) -> tuple[int, int, int, int]:
    image = page.render(scale=1).to_pil().convert("L").point(lambda shade: 255 if shade < 250 else 0)
    return tuple(round(side * 210 / image.width) for side in image.getbbox())


def test_paper_doubts_a_gap_that_may_be_chance(every_part: dict[str, dict[str, Any]]) -> None:
    """Of the gaps that are printed, exactly those whose interval holds 0; of none that is clear it says so."""
    summary = every_part["binary"]
    gaps = summary["slices"]["widest_gaps"]
    unsure = [gap for gap in gaps if gap["gap_interval"][0] <= 0]

    def text(shown: list[dict[str, Any]]) -> str:
        found = _read(summary | {"slices": summary["slices"] | {"widest_gaps": shown}})
        return " ".join(" ".join(page.extract_text() for page in found.pages).split())

    sure = [gap for gap in gaps if gap not in unsure]
    assert sure and unsure
    assert "may be chance" not in text(sure[:1])
    assert "may be chance" in text(unsure[:1])
    assert "none is clear of chance" in text(unsure[:1])


def test_every_part_of_a_summary_is_on_paper(every_part: dict[str, dict[str, Any]]) -> None:
    """Thresholds, pictures, slices, changes and examples: in the text, in the outline, within the margins."""
    data = pdf(every_part["binary"])
    found = PdfReader(io.BytesIO(data))
    text = " ".join(" ".join(page.extract_text() for page in found.pages).split())
    summary = every_part["binary"]
    least = summary["thresholds"]["recommended"]["least_cost"]
    place = round(1000 * least["threshold"])
    for part in (
        f"{least['threshold']:g} Least cost",
        f"{summary['thresholds']['false_positive'][place]:,}",
        "In force",
        f"ROC AUC {summary['overall']['roc_auc']:.3f}",
        "Expected calibration error",
        "the widest gaps".capitalize(),
        "Changes are against version v1",
        "by region",
        "customer-",
        "All 1,001 thresholds are in summary.json",
    ):
        assert part in text, part
    titles = _titles(found.outline)
    for title in (
        "Thresholds",
        "Curves, calibration and scores",
        "Slices",
        "Examples",
        "All overall figures",
    ):
        assert title in titles
    document = pypdfium2.PdfDocument(data)
    assert len(document) <= 8
    for page in document:
        left, top, right, _ = _ink(page)
        assert left >= 15 and top >= 16 and right <= 195
    document.close()


def test_the_threshold_in_force_has_neighbours(every_part: dict[str, dict[str, Any]]) -> None:
    """A short table stands for the slider: the points, and what lies on either side, by threshold."""
    view = paper_view(every_part["binary"])["thresholds"]["around"]
    thresholds = [float(row["threshold"]) for row in view]
    assert thresholds == sorted(thresholds)
    assert {0.4, 0.45, 0.5, 0.55, 0.6} <= set(thresholds)
    assert {row["name"] for row in view} == {"", "In force", "Best F1", "Youden’s J", "Least cost"}
    labelled = every_part["binary"] | {}
    labelled["thresholds"] = labelled["thresholds"] | {"operating_point": None}
    assert paper_view(labelled)["thresholds"]["around"][0]["threshold"] == "none"


def test_examples_are_of_the_largest_confusions(every_part: dict[str, dict[str, Any]]) -> None:
    """A few rows, of as many confusions as there are, and each is wrong."""
    rows = paper_view(every_part["ten"])["examples"]["rows"]
    assert len(rows) == PAPER_ROWS
    assert len({(row["actual"], row["predicted"]) for row in rows}) == PAPER_ROWS
    assert not any(row["right"] for row in rows)


def test_pictures_have_no_letters(every_part: dict[str, dict[str, Any]]) -> None:
    """Letters within a picture would be laid out one by one; what it shows is said in a text for readers aloud."""
    view = paper_view(every_part["binary"])
    drawn = [each["svg"] for each in view["curves"]["pictures"]]
    for svg in (*drawn, view["calibration"]["svg"], view["histogram"]["svg"]):
        assert "<text" not in svg
        assert "<title>" in svg
    assert len(view["curves"]["pictures"][0]["svg"]) < 4000


def test_a_row_of_the_matrix_is_one_text() -> None:
    """Above a few labels a row's counts stand over a picture of its shades, right below the labels' numbers."""
    text = _read(samples.ten()).pages[1].extract_text()
    row = next(line for line in text.splitlines() if line.startswith("4 cat") or "1208" in line)
    assert "1208" in row
    matrix = paper_view(samples.ten())["matrix"]
    columns = [row["counts"] for row in matrix["rows"]]
    assert len({len(each) for each in (*columns, matrix["heads"])}) == 1
    assert [int(each) for each in columns[3].replace("\u2007", " ").split()] == [
        24,
        8,
        57,
        1208,
        49,
        214,
        5,
        4,
        26,
        0,
    ]


def test_a_label_without_room_beside_the_matrix_ends_with_an_ellipsis() -> None:
    """It does not end in mid-word as if that were all; in full it stands in the per-label table."""
    labels = [f"mobile_transactional_inquir{i}" for i in range(6)] + ["short"]
    text = _read(samples.summary(samples.spread(7, 500), labels)).pages[0].extract_text()
    rows = re.findall(r"^\d (mobile\S*|short)", text, re.MULTILINE)
    assert len(rows) == 7
    assert rows[6] == "short"
    assert all(each.endswith("…") and labels[0].startswith(each[:-1]) for each in rows[:6])


@pytest.mark.parametrize("name", ["中文标签", "قطة جميلة", "हिन्दी", "ไทย", "한국어", "😀"])
def test_any_script_is_printed(name: str) -> None:
    """A label's letters come out of the PDF as they went in, from a font that has them, in text and matrix."""
    labels = [name, *(f"{name} {i}" for i in range(6))]
    found = _read(samples.summary(samples.spread(7, 500), labels, model_name=name))
    text = "\n".join(page.extract_text() for page in found.pages)
    assert text.count(name) >= 20
    fonts = {
        str(font.get_object()["/BaseFont"])
        for page in found.pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert any(not font.endswith(("Noto-Sans", "Noto-Sans-Bold", "Mono")) for font in fonts)


def test_a_name_from_right_to_left_moves_nothing() -> None:
    """Beside an Arabic label the numbers keep their columns, as beside any other."""
    labels = ["قطة جميلة", "leaves"]
    counts = dict(zip(labels, (3800, 900), strict=True))
    data = pdf(samples.summary(samples.CHURN, labels, training_counts=counts))
    document = pypdfium2.PdfDocument(data)
    places = []
    for page in document:
        text = page.get_textpage()
        search = text.search("training ", match_case=True)
        while found := search.get_next():
            places.append(round(text.get_charbox(found[0])[0]))
    assert len(places) >= 2
    assert len(set(places[-2:])) == 1


def test_hostile_names_are_within_the_margins() -> None:
    """A name of 300 letters is wrapped, not cut, and markup is text."""
    data = pdf(samples.hostile())
    text = re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages))
    assert "<script>alert(1)</script>" in text
    assert "{{7*7}}" in text
    assert "x" * 300 in text
    document = pypdfium2.PdfDocument(data)
    for page in document:
        image = page.render(scale=1).to_pil().convert("L").point(lambda shade: 255 if shade < 250 else 0)
        assert image.getbbox()[2] <= image.width * (1 - 16 * MARGIN / 210)
    document.close()


def test_heads_of_tables_are_repeated() -> None:
    """A table that goes on has its head on every page."""
    pages = [page.extract_text() for page in _read(samples.many(300)).pages]
    assert sum("For ±5" in page for page in pages) >= 2


@pytest.mark.parametrize("make", [samples.churn, samples.ten, samples.hostile])
def test_the_same_summary_gives_the_same_bytes(make: Callable[[], dict[str, Any]]) -> None:
    """Nothing of the clock or of chance is in the file."""
    assert pdf(make()) == pdf(make())


def test_threads_may_draw_at_once() -> None:
    """Several reports at a time come out as they do one after the other."""
    summaries = [samples.churn(), samples.tiny(), samples.hostile(), samples.churn()]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(pdf, summaries)) == [pdf(summary) for summary in summaries]


def test_it_fetches_nothing_and_says_nothing(caplog: pytest.LogCaptureFixture, tmp_path: Any) -> None:
    """A name that looks like a link to a file attaches no file; what the renderer remarks reaches nobody."""
    secret = tmp_path / "secret.txt"
    secret.write_text("not for readers")
    name = f'<link rel=attachment href="{secret.as_uri()}"><img src="{secret.as_uri()}">'
    with caplog.at_level(logging.INFO):
        found = _read(samples.churn(model_name=name))
    assert found.attachments == {}
    assert [record for record in caplog.records if record.name.startswith(("weasyprint", "fontTools"))] == []


def test_a_name_without_end_is_cut() -> None:
    """Laid out whole, its letters would take minutes; summary.json has them."""
    found = _read(samples.churn(model_name="x" * 60_000))
    assert "x" * 40 in found.pages[0].extract_text()
    assert len(found.pages) <= 4


def test_without_a_time_and_a_digest() -> None:
    """An evaluation without a store is printed too, without a date of creation."""
    found = _read(samples.churn(created_at=None, evaluation="0" * 64))
    assert found.metadata is not None
    assert "/CreationDate" not in found.metadata
    assert not any("version created" in page for page in found.pages)


@pytest.mark.parametrize(("name", "most"), [("binary", 4), ("ten", 6)])
def test_every_part_is_on_few_pages(name: str, most: int, every_part: dict[str, dict[str, Any]]) -> None:
    """Even with every part there is, a report has the pages that a reader takes to a meeting."""
    assert len(_read(every_part[name]).pages) <= most


def test_pictures_have_numbers_on_both_axes(every_part: dict[str, dict[str, Any]]) -> None:
    """Curves and calibration have the same numbers across and up; the histogram has its largest share."""
    text = " ".join("".join(page.extract_text() for page in _read(every_part["binary"]).pages).split())
    peak = paper_view(every_part["binary"])["histogram"]["peak"]
    assert text.count("0.25 0.5 0.75 1") == 7
    assert f"{peak} 0 {peak}" in text


@pytest.mark.parametrize(("name", "seconds"), [("binary", 0.55), ("ten", 0.65), ("many", 1.6)])
def test_it_is_quick(name: str, seconds: float, every_part: dict[str, dict[str, Any]]) -> None:
    """Processor time of a warm process, every part included; the bound is less than twice what it takes."""
    summary = every_part.get(name) or samples.warned(300)
    pdf(summary)
    taken = []
    for _ in range(5):
        start = time.process_time()
        pdf(summary)
        taken.append(time.process_time() - start)
    assert min(taken) <= seconds
