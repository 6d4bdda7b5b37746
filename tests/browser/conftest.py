"""One browser for all tests, and the models that they look at, evaluated once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from templates.html import render
from tests.browser import models
from tests.browsers import Open

Show = Callable[..., Any]
Summary = dict[str, Any]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> models.Model:
    """A binary model with everything that a summary can have."""
    return models.binary(tmp_path_factory.mktemp("binary"))


@pytest.fixture(scope="session")
def binary(model: models.Model) -> Summary:
    """Its summary, at threshold 0.5."""
    return model.summary()


@pytest.fixture(scope="session")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """A model of ten labels with probabilities."""
    return models.several(tmp_path_factory.mktemp("ten"), tuple(f"label {i}" for i in range(10))).summary()


@pytest.fixture(scope="session")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """A model of sixty labels."""
    root = tmp_path_factory.mktemp("sixty")
    return models.several(root, models.SIXTY, 4000, probabilities=False).summary()


@pytest.fixture
def page(opened: Open) -> Show:
    """Open a summary's report: ``page(summary, width=380, javascript=False)``."""
    return lambda summary, **how: opened(render(summary), **how).page


def move(page: Any, threshold: float) -> None:
    """Set the slider as a hand would."""
    page.evaluate(
        """value => {
            const slider = document.querySelector("#threshold");
            slider.value = value;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        threshold,
    )


def cells(page: Any) -> dict[tuple[str, str], str]:
    """The counts of the matrix as its attributes have them, by actual and predicted label."""
    found = page.eval_on_selector_all(
        "#confusion-matrix td[data-count]",
        "all => all.map(e => [e.dataset.actual, e.dataset.predicted, e.dataset.count])",
    )
    return {(actual, predicted): n for actual, predicted, n in found}


def shown(page: Any, where: str) -> list[str]:
    """The texts of what is visible there."""
    found: list[str] = page.eval_on_selector_all(
        where, "all => all.filter(e => e.checkVisibility()).map(e => e.innerText)"
    )
    return found
