"""The gates of ``model.json``: which keys they have, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalcore.setting_values import list_value, number_value, object_value, text_value, wrong

BOUNDS = ("min", "max", "max_drop")
FLAGS = ("confident", "optional")
KEYS = {"metric", *BOUNDS, *FLAGS}


def gates_value(key: str, value: Any) -> tuple[Mapping[str, Any], ...]:
    """A list of gates, each with a metric and one bound. Raises InvalidSettings."""
    return tuple(_gate(f"{key}[{i}]", gate) for i, gate in enumerate(list_value(key, value, "gates")))


def _gate(key: str, value: Any) -> Mapping[str, Any]:
    gate = object_value(key, value)
    text_value(f"{key}.metric", gate.get("metric"))
    bounds = [name for name in BOUNDS if gate.get(name) is not None]
    if len(bounds) != 1:
        raise wrong(key, "an object with a metric and one of min, max and max_drop")
    number_value(f"{key}.{bounds[0]}", gate[bounds[0]])
    for flag in FLAGS:
        if not isinstance(gate.get(flag, False), bool):
            raise wrong(f"{key}.{flag}", "true or false")
    if gate.get("optional") and bounds != ["max_drop"]:
        raise wrong(f"{key}.optional", "given with max_drop alone: the other bounds need no baseline")
    return {name: gate[name] for name in gate if name in KEYS}


def unknown_keys(gates: Any) -> list[str]:
    """The keys of checked gates that mean nothing, by their place."""
    return [f"gates[{i}].{name}" for i, gate in enumerate(gates or []) for name in gate if name not in KEYS]
