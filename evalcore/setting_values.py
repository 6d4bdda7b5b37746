"""What a value of ``model.json`` must be: readers that name the key of a wrong one."""

from __future__ import annotations

import math
from typing import Any

from evalcore.errors import InvalidSettings


def wrong(key: str, expected: str) -> InvalidSettings:
    """The error for a setting that is not what it must be; in which file it is, its reader's caller says."""
    return InvalidSettings(f"the setting {key!r} must be {expected}", "correct it", setting=key)


def text_value(key: str, value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise wrong(key, "a text that is not empty")
    return value


def list_value(key: str, value: Any, what: str) -> list[Any]:
    """A list; ``what`` it is of."""
    if not isinstance(value, list):
        raise wrong(key, f"a list of {what}, not {value!r}")
    return value


def object_value(key: str, value: Any) -> dict[str, Any]:
    """An object."""
    if not isinstance(value, dict):
        raise wrong(key, f"an object, not {value!r}")
    return value


def flag_value(key: str, value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise wrong(key, f"true or false, not {value!r}")
    return value


def number_value(key: str, value: Any) -> float:
    """A finite number; a boolean is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_finite(value):
        raise wrong(key, f"a number, not {value!r}")
    return float(value)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False
