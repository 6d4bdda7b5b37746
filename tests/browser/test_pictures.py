"""Charts look as they did when someone last looked at them; `python -m tests.pictures` redraws what is stored."""

from __future__ import annotations

import pytest
from PIL import ImageChops

from tests import pictures
from tests.browser import models
from tests.browser.conftest import Show

FAR = 4.0


@pytest.mark.parametrize("name", pictures.DRAWN)
def test_charts_look_as_stored(request: pytest.FixtureRequest, page: Show, name: str) -> None:
    """Small grey pictures of charts and cells, without texts, differ by little from the stored ones."""
    found = pictures.parts(page(request.getfixturevalue(name), width=1180), name)
    far = {file: pictures.distance(picture, pictures.stored(file)) for file, picture in found.items()}
    assert {file: by for file, by in far.items() if by > FAR} == {}


def test_a_chart_that_changes_is_noticed(page: Show, model: models.Model) -> None:
    """The matrix of another threshold, or a chart turned upside down, is farther off than the tolerance."""
    found = pictures.parts(page(model.summary(threshold=0.05), width=1180), "binary")
    file = "binary-confusion-matrix.png"
    assert pictures.distance(found[file], pictures.stored(file)) > FAR
    roc = pictures.stored("binary-roc.png")
    assert pictures.distance(roc, ImageChops.invert(roc)) > FAR
