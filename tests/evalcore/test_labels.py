"""What counts as one label, and the order of labels."""

from __future__ import annotations

from typing import Any

import pytest

from evalcore.labels import canonical, in_order


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"), (1.0, "1"), ("1", "1"), ("01", "01"), (True, "true"), (False, "false"), (-0.0, "0"),
        (0.5, "0.5"), (1e300, "1e+300"), ("", ""), (" a", " a"), (None, None), (float("nan"), None),
    ],
)  # fmt: skip
def test_a_label_is_its_text(value: Any, text: str | None) -> None:
    """Integers, integral floats, booleans and text compare by their text; null and NaN are none."""
    assert text == canonical(value)


@pytest.mark.parametrize(
    ("labels", "ordered"),
    [
        (["10", "9", "2"], ["2", "9", "10"]),
        (["10", "9", "a"], ["10", "9", "a"]),
        (["-1", "1", "0.5", "1e2"], ["-1", "0.5", "1", "1e2"]),
        (["01", "1", "2"], ["01", "1", "2"]),
        (["b", "a", "a"], ["a", "b"]),
        ([], []),
    ],
)
def test_labels_are_sorted_as_numbers_where_all_are(labels: list[str], ordered: list[str]) -> None:
    """2 comes before 10 among numbers, after it among text."""
    assert ordered == list(in_order(labels))
