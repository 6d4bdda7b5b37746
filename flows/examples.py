"""The examples of an evaluation: what one pass over the rows cannot choose, and what the chosen ones show."""

from __future__ import annotations

from dataclasses import replace

from evalcore.accumulator import States
from evalcore.evaluation import Evaluation
from evalcore.examples import cells_in_turn, rows_shown
from evalcore.states.confusion import ConfusionCounts
from evalcore.states.examples import ExampleRows
from flows.rows import Rows
from infra.shown import read_shown


def with_example_rows(rows: Rows, states: States) -> States:
    """The states with examples chosen: in a second pass where there were too many cells for one."""
    chosen = states.get(ExampleRows)
    if chosen is None or not chosen.too_many:
        return states
    cells = tuple((cell.actual, cell.predicted) for cell in cells_in_turn(states[ConfusionCounts]))
    second = rows.fold([ExampleRows], replace(rows.spec(), example_cells=cells))
    return {**states, **second}


def with_texts(rows: Rows, evaluation: Evaluation) -> Evaluation:
    """The evaluation with what its examples show."""
    measured = evaluation.measured
    if ExampleRows not in measured.states:
        return evaluation
    shown = read_shown(rows.tables, rows.reading, rows_shown(measured))
    return replace(evaluation, measured=replace(measured, shown=shown))
