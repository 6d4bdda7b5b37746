"""How often the intervals of samples hold the figures of their population."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evalcore.values import Table
from tests.coverage.populations import Population

ROUNDING = 1e-9
"""Truths that are sums of many shares are known to so much."""


@dataclass(frozen=True)
class Cell:
    """One figure of one population: how often its interval held it, and the narrowest that there was."""

    figure: str
    method: str
    population: str
    held: float
    narrowest: float

    @property
    def name(self) -> str:
        """What it is, for people."""
        return f"{self.figure} ({self.population})"


def cells(populations: Iterable[Population], samples: int) -> list[Cell]:
    """Every figure with an interval of every population; each population has random numbers of its own."""
    return [cell for population in populations for cell in _of(population, samples)]


def _of(population: Population, samples: int) -> Iterator[Cell]:
    rng = np.random.default_rng(zlib.crc32(population.name.encode()))
    truth = dict(_figures(population.truth))
    held: dict[str, list[bool]] = defaultdict(list)
    widths: dict[str, list[float]] = defaultdict(list)
    methods: Mapping[str, str] = {}
    for _ in range(samples):
        table = population.draw(rng)
        methods = {**methods, **table.methods}
        for name, (value, interval) in _figures(table):
            true = truth[name][0]
            if value is None or true is None or interval is None:
                continue
            low, high = interval
            held[name].append(low - ROUNDING <= true <= high + ROUNDING)
            widths[name].append(high - low)
    for name, found in held.items():
        method = methods[name.partition("[")[0]]
        yield Cell(name, method, population.name, float(np.mean(found)), min(widths[name]))


def _figures(table: Table) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name, value in table.overall.items():
        if f"{name}_interval" in table.overall:
            yield name, (value, table.overall[f"{name}_interval"])
    for label, figures in table.per_label.items():
        for name, value in figures.items():
            if f"{name}_interval" in figures:
                yield f"{name}[{label}]", (value, figures[f"{name}_interval"])


def by_method(found: Iterable[Cell]) -> dict[str, list[Cell]]:
    """The cells of every method, by its name."""
    methods: dict[str, list[Cell]] = defaultdict(list)
    for cell in found:
        methods[cell.method].append(cell)
    return dict(sorted(methods.items()))


def mean(found: Iterable[Cell]) -> float:
    """The mean coverage."""
    return float(np.mean([cell.held for cell in found]))


def worst(found: Iterable[Cell]) -> Cell:
    """The cell whose interval holds its figure least often."""
    return min(found, key=lambda cell: cell.held)
