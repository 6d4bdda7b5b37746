"""Logarithms made of additions, multiplications and divisions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalcore.logarithm import LEAST, log, products, sum_of_squared_logs

probabilities = st.lists(st.floats(LEAST, 1 - LEAST), min_size=1, max_size=70).map(np.array)


@given(probabilities)
def test_a_logarithm_is_that_of_the_library(values: np.ndarray) -> None:
    """It is within two units in the last place of numpy's."""
    np.testing.assert_allclose(log(values), np.log(values), rtol=4.5e-16)


@given(probabilities)
def test_a_sum_over_products_is_the_sum(values: np.ndarray) -> None:
    """Sixteen factors at a time give what one at a time gives, to what rounding leaves of a factor next to 1."""
    np.testing.assert_allclose(
        log(products(values)).sum(), np.log(values).sum(), rtol=1e-13, atol=1e-15 * len(values)
    )


@given(probabilities)
def test_squares_are_near(values: np.ndarray) -> None:
    """The sum of squared logarithms is right to within a 64th, for numbers next to 0 and next to 1."""
    np.testing.assert_allclose(sum_of_squared_logs(values), (np.log(values) ** 2).sum(), rtol=1 / 64)


@pytest.mark.parametrize("value", [LEAST, 2.0**-30, 0.5, np.sqrt(0.5), 1 - LEAST, 1.0])
def test_the_ends_are_exact(value: float) -> None:
    """Powers of 2 and the ends of the range are as right as all others."""
    np.testing.assert_allclose(log(np.array([value])), np.log([value]), rtol=4.5e-16)


def test_no_numbers_have_no_logarithm() -> None:
    """The sums of nothing are 0."""
    assert (log(products(np.zeros(0))).sum(), sum_of_squared_logs(np.zeros(0))) == (0, 0)
