"""Coverage of the 95 % intervals: ``./run coverage``.

Samples are drawn from populations whose figures are known; printed are, for each method of intervals, how
often they held the true figure on average, by figure, and where least often. Ends with 1 where a method's
mean is more than two points from 95 %, or an interval had no width.
"""

from __future__ import annotations

import argparse
import sys
from itertools import chain

from tests.coverage.held import Cell, by_method, cells, mean, worst
from tests.coverage.populations import grid, score_grid

WANTED, TOLERANCE = 0.95, 0.02


def show(method: str, found: list[Cell]) -> bool:
    """Print a method's coverage; whether it is what it should be."""
    least, narrowest = worst(found), min(found, key=lambda cell: cell.narrowest)
    fine = abs(mean(found) - WANTED) <= TOLERANCE and narrowest.narrowest > 0
    print(f"\n{method}: mean {mean(found):.3f} over {len(found):,} cells{'' if fine else '  <- WRONG'}")  # noqa: T201
    print(f"  worst {least.held:.3f}: {least.name}")  # noqa: T201
    print(f"  narrowest {narrowest.narrowest:.2g}: {narrowest.name}")  # noqa: T201
    figures = sorted({cell.figure.partition("[")[0] for cell in found})
    for figure in figures:
        own = [cell for cell in found if cell.figure.partition("[")[0] == figure]
        print(f"    {figure:32} {mean(own):.3f}  worst {worst(own).held:.3f}: {worst(own).population}")  # noqa: T201
    return fine


def main() -> int:
    """Simulate what is asked for, print it, and say whether it holds."""
    parser = argparse.ArgumentParser(prog="./run coverage", description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=400, help="of each population")
    parser.add_argument("--only", default="", help="populations whose name has this in it")
    given = parser.parse_args()
    chosen = [found for found in chain(grid(), score_grid()) if given.only in found.name]
    print(f"{len(chosen)} populations, {given.samples} samples of each")  # noqa: T201
    methods = by_method(cells(chosen, given.samples))
    results = [show(method, found) for method, found in methods.items()]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
