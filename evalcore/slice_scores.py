"""The further passes over the rows that figures from the scores of slices take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from evalcore.accumulator import Kind, Spec, States
from evalcore.scores import with_rankings
from evalcore.states.ranking import RankedScores, row_bytes
from evalcore.states.slice_scores import Name, SliceScores
from evalcore.states.slices import SliceCounts

Again = Callable[[Kind, Spec], Any]
"""Folds accumulators of a kind and a spec over the same rows once more."""

SLICE_BYTES = 2 << 20
"""What a slice takes besides its rows: counts by threshold, once for every level of the tree of merges."""

MOST_RANKINGS = 20_000
"""Slices times labels that are ranked, each for itself; of more, ROC AUC and average precision stay
undefined."""


@dataclass(frozen=True)
class ScoredSlices:
    """The accumulators of every slice's scores, with the rankings in place of the scores held for them."""

    slices: Mapping[Name, States]


def with_slice_scores(states: States, spec: Spec, again: Again) -> States:
    """The states with those of the slices' scores, where there are slices and scores.

    As many slices at a time as fit the budget of scores are held in a pass; a slice that exceeds it alone is
    settled as all rows' scores are, in passes of its own.
    """
    counts: SliceCounts | None = states.get(SliceCounts)
    if counts is None or spec.score_labels is None:
        return states
    rows = {(c, value): n for c in counts.columns for value, n in counts.rows(c).items()}
    ranked = len(rows) * _columns(spec) <= MOST_RANKINGS
    held = spec if ranked else replace(spec, score_budget=0)
    found: dict[Name, States] = {}
    for names in _groups(rows, spec):
        part: SliceScores = again(SliceScores, replace(held, sliced=names))
        for name, own in part.slices.items():
            found[name] = with_rankings(own, _again(name, again) if ranked else None)
    return {**states, ScoredSlices: ScoredSlices(found)}


def _again(name: Name, again: Again) -> Callable[[Spec], RankedScores]:
    def rank(spec: Spec) -> RankedScores:
        part: SliceScores = again(SliceScores, replace(spec, sliced=(name,)))
        state: RankedScores = part.slices[name][RankedScores]
        return state

    return rank


def _groups(rows: Mapping[Name, int], spec: Spec) -> Iterator[tuple[Name, ...]]:
    """As many slices at a time as fit the budget, at least one."""
    of_row = row_bytes(spec, _columns(spec), double=True)
    group: list[Name] = []
    taken = 0
    for name, n in rows.items():
        size = n * of_row + SLICE_BYTES
        if group and taken + size > spec.score_budget:
            yield tuple(group)
            group, taken = [], 0
        group.append(name)
        taken += size
    if group:
        yield tuple(group)


def _columns(spec: Spec) -> int:
    return 1 if spec.positive_label is not None else len(spec.score_labels or ())
