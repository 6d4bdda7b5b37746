"""The numbers at which warnings begin: their defaults, and how ``"warnings"`` in model.json moves them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalcore.setting_values import number_value, object_value, wrong

Limits = Mapping[str, Mapping[str, float]]

DEFAULTS: Limits = {
    "imbalanced_classes": {"times": 5},
    "low_support": {"rows": 30},
    "perfect_on_few": {"rows": 30},
    "imbalanced_training": {"times": 5},
    "split_mismatch": {"distance": 0.1},
    "confused_pair": {"share": 0.2, "rows": 5},
    "bias_towards_label": {"share": 0.5, "labels": 3, "errors": 20},
    "bias_away_from_label": {"share": 0.5, "labels": 3, "errors": 20},
    "diffuse_errors": {"accuracy": 0.8, "times": 2, "labels": 3},
    "suspect_labels": {"actual": 0.05, "other": 0.95},
}
"""By a warning's code. ``times`` is a quotient, ``rows``, ``labels`` and ``errors`` are counts, and
``share``, ``distance``, ``accuracy``, ``actual`` and ``other`` run from 0 to 1."""

_SHARES = {"share", "distance", "accuracy", "actual", "other"}


def limits_value(key: str, value: Any) -> Limits:
    """Every limit, those given in place of their defaults; what is not known is left out.

    Raises InvalidSettings for a value of the wrong kind, naming its key.
    """
    given = object_value(key, value)
    found = {code: dict(limits) for code, limits in DEFAULTS.items()}
    for code, limits in given.items():
        if code not in found or limits is None:
            continue
        for name, limit in object_value(f"{key}.{code}", limits).items():
            if name in found[code] and limit is not None:
                found[code][name] = _limit(f"{key}.{code}.{name}", name, limit)
    return found


def _limit(key: str, name: str, value: Any) -> float:
    number = number_value(key, value)
    if number < 0 or (name in _SHARES and number > 1):
        raise wrong(key, "from 0 to 1" if name in _SHARES else "0 or more")
    return int(number) if number.is_integer() else number


def unknown_limits(given: Any) -> list[str]:
    """The keys of checked limits that mean nothing, by their place."""
    found = []
    for code, limits in (given or {}).items():
        if code not in DEFAULTS:
            found.append(f"warnings.{code}")
        else:
            found += [f"warnings.{code}.{name}" for name in limits or {} if name not in DEFAULTS[code]]
    return found
