"""Where metrics, checks and tasks register, by the name they have in the summary.

A module in ``evalcore/metrics``, ``checks``, ``parts`` or ``tasks`` is found by being there; what it
decorates is registered. A name that is taken is refused.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, Literal, TypeVar

from evalcore.values import Figure

Per = Literal["label", "overall"]
Registered = TypeVar("Registered")


@dataclass(frozen=True)
class Metric:
    """A figure: its name in the summary, what it is computed from, and how to read it.

    ``of`` is the statistic that ``compute`` takes; ``bounds`` are its least and greatest value, None where
    open; ``higher_is_better`` is None where neither is; ``bounded`` says that the figure may be known only
    between bounds, for want of memory.
    """

    name: str
    per: Per
    of: type[Any]
    title: str
    higher_is_better: bool | None
    bounds: tuple[float | None, float | None]
    integer: bool
    compute: Callable[[Any], Figure]
    bounded: bool = False


@dataclass(frozen=True)
class Part:
    """A part of the summary: its name there, its JSON Schema, and how it is made of what was measured."""

    name: str
    schema: Mapping[str, Any]
    document: Callable[[Any], Any]


_METRICS: dict[tuple[Per, str], Metric] = {}
_CHECKS: dict[str, Callable[..., Any]] = {}
_TASKS: dict[str, Any] = {}
_PARTS: dict[str, Part] = {}


def metric(
    name: str,
    *,
    per: Per,
    of: type[Any],
    title: str,
    higher_is_better: bool | None = True,
    bounds: tuple[float | None, float | None] = (0.0, 1.0),
    integer: bool = False,
    bounded: bool = False,
) -> Callable[[Callable[[Any], Figure]], Callable[[Any], Figure]]:
    """Register a function from a statistic to a ``Figure`` as a metric."""

    def register(compute: Callable[[Any], Figure]) -> Callable[[Any], Figure]:
        found = Metric(name, per, of, title, higher_is_better, bounds, integer, compute, bounded)
        _put(_METRICS, (per, name), found)
        return compute

    return register


def check(name: str) -> Callable[[Registered], Registered]:
    """Register a function from a ``Findings`` to report warnings as a family of checks."""
    return lambda function: _put(_CHECKS, name, function)


def part(name: str, schema: Mapping[str, Any]) -> Callable[[Registered], Registered]:
    """Register a function from ``Measured`` to a JSON value as a part of the summary under this name.

    ``schema`` is the part's JSON Schema. A part that has nothing to say returns None and is left out.
    """
    return lambda function: _put(_PARTS, name, Part(name, schema, function))  # type: ignore[arg-type, return-value]


def task(name: str) -> Callable[[Registered], Registered]:
    """Register a task type under the name that ``task_type`` has."""
    return lambda kind: _put(_TASKS, name, kind)


def _put(table: dict[Any, Any], key: Any, value: Registered) -> Registered:
    if key in table:
        raise ValueError(f"{key!r} is registered twice")
    table[key] = value
    return value


def metrics(of: type[Any] | None = None) -> tuple[Metric, ...]:
    """Every metric, or those computed from one statistic, by module and then as they are defined there."""
    _discover("evalcore.metrics")
    chosen = (found for found in _METRICS.values() if of is None or found.of is of)
    return tuple(sorted(chosen, key=_place))


def _place(found: Metric) -> tuple[str, int]:
    # Not the order of registration, which depends on who imported which module first.
    return found.compute.__module__, found.compute.__code__.co_firstlineno


def checks() -> Mapping[str, Callable[..., Any]]:
    """Every family of checks by name."""
    _discover("evalcore.checks")
    return dict(sorted(_CHECKS.items()))


def parts() -> Mapping[str, Part]:
    """Every part of the summary that is not there for every task, by name."""
    _discover("evalcore.parts")
    return dict(sorted(_PARTS.items()))


def tasks() -> Mapping[str, Any]:
    """Every task type by name."""
    _discover("evalcore.tasks")
    return dict(_TASKS)


@cache
def _discover(package: str) -> tuple[ModuleType, ...]:
    parent = importlib.import_module(package)
    found = sorted(module.name for module in pkgutil.iter_modules(parent.__path__))
    return tuple(importlib.import_module(f"{package}.{name}") for name in found)
