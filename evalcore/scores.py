"""What scores add to a classification: the states they take, and the statistics figures are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalcore.accumulator import Kind, States
from evalcore.calibration import calibration_bins
from evalcore.columns import Reading
from evalcore.metrics.losses import ScoreLosses, TopLabels
from evalcore.metrics.ranking import AverageRankings, LabelRankings, PositiveRanking, reverse
from evalcore.rankings import Again, Rankings, settle
from evalcore.states.losses import TOP_K, BinaryLosses, LabelLosses
from evalcore.states.ranking import RankedScores
from evalcore.states.slice_scores import BINARY_KINDS, LABEL_KINDS


def score_kinds(reading: Reading) -> tuple[Kind, ...]:
    """What is accumulated of scores; nothing where there are none."""
    if reading.binary:
        return BINARY_KINDS
    return LABEL_KINDS if reading.scored else ()


def with_rankings(states: States, again: Again | None = None) -> States:
    """The states with the rankings in place of the scores that were held for them.

    ``again`` folds ``RankedScores`` of another spec over the same rows, for what exceeds the memory budget.
    """
    if RankedScores not in states:
        return states
    kept = {kind: state for kind, state in states.items() if kind is not RankedScores}
    return kept | {Rankings: settle(states[RankedScores], again)}


def score_views(states: States, reading: Reading, labels: tuple[str, ...]) -> Mapping[Kind, Any]:
    """The statistics that figures of scores are made of, from states with rankings, for these labels."""
    if not reading.scored or reading.labels is None:
        return {}
    rankings: Rankings = states[Rankings]
    bins = calibration_bins(states)
    assert bins is not None
    if reading.binary:
        one = rankings.labels[0]
        both = {reading.pair[0]: reverse(one), reading.pair[1]: one}
        losses = ScoreLosses(states[BinaryLosses].sums, bins, 1.0)
        found: dict[Kind, Any] = {PositiveRanking: PositiveRanking(one)}
    else:
        both = dict(zip(reading.labels, rankings.labels, strict=True))
        sums = states[LabelLosses].sums
        losses = ScoreLosses(sums, bins, 2.0)
        found = {AverageRankings: AverageRankings(rankings.labels)}
        found |= {TopLabels: TopLabels(sums)} if len(reading.labels) > TOP_K else {}
    return found | {LabelRankings: LabelRankings([both[k] for k in labels]), ScoreLosses: losses}
