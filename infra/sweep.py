"""Clearing the store: artifacts of evaluations that are no longer in force, and old records of nights.

Nothing else is ever deleted. Artifacts stay for a day, so that who has just read the summary that names them
finds them, and so does who is about to put them in force.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from infra import layout, lease
from infra.layout import Target
from infra.publish import artifacts_of, stored
from infra.storage import Entry, Store

_KEPT = timedelta(days=1)
_STARTED = re.compile(r"(\d{8}T\d{6})Z")


def sweep(store: Store, target: Target, evaluation: str, *, now: datetime | None = None) -> list[str]:
    """Delete a target's artifacts of which ``evaluation`` is about to take the place; the keys deleted.

    That is, the artifact folders of other evaluations whose newest file is a day old.
    """
    limit = _limit(now)
    kept = {layout.artifact_folder(evaluation)}
    if not _old_artifacts(store, target, limit, kept):
        return []
    # Another writer may have put one of them in force since the caller read the summary, or be about to:
    # then its files are new by now, and the listing that counts is the one right before the deletion.
    keys = _old_artifacts(store, target, limit, kept | (_folders_in_force(store, target) or set()))
    store.delete(keys)
    return keys


def sweep_all(store: Store, *, dry_run: bool = False, now: datetime | None = None) -> list[str]:
    """Delete every target's artifacts that its summary in force does not name; the keys (to be) deleted.

    That is, the artifact folders whose newest file is a day old. Where a summary is damaged, nothing is known
    of what is in force: all artifacts beside it stay.
    """
    limit = _limit(now)
    gone = []
    for target in _targets(store.list(layout.EVALUATIONS, etags=False)):
        kept = _folders_in_force(store, target)
        # Listed after the summary was read and deleted at once, for the reason above.
        keys = [] if kept is None else _old_artifacts(store, target, limit, kept)
        if keys and not dry_run:
            store.delete(keys)
        gone += keys
    return gone


def prune_records(store: Store, keep: int, *, dry_run: bool = False) -> list[str]:
    """Delete the records of nights but for the newest ``keep``; the keys (to be) deleted.

    That of the night that is running stays in any case.
    """
    running = lease.holder(store)
    found = [
        entry
        for entry in store.list(layout.NIGHTLY, etags=False)
        if (run := layout.recorded_run(entry.key)) is not None and run != running
    ]
    ordered = sorted(found, key=_started, reverse=True)
    keys = sorted(entry.key for entry in ordered[keep:])
    if keys and not dry_run:
        store.delete(keys)
    return keys


def _limit(now: datetime | None) -> datetime:
    return (now or datetime.now(UTC)) - _KEPT


def _started(entry: Entry) -> tuple[datetime, str]:
    """When a night began, by its run's id; of one that was named otherwise, when its record was written."""
    found = _STARTED.match(entry.key.removeprefix(layout.NIGHTLY))
    if found is None:
        return entry.modified, entry.key
    try:
        return datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC), entry.key
    except ValueError:  # digits that are no time
        return entry.modified, entry.key


def _targets(listed: Iterable[Entry]) -> list[Target]:
    """The evaluations that have artifact folders."""
    found = {layout.artifact_target(entry.key) for entry in listed}
    return sorted((target for target in found if target), key=layout.evaluation_folder)


def _old_artifacts(store: Store, target: Target, limit: datetime, kept: set[str]) -> list[str]:
    """The keys in artifact folders, but for those that are ``kept``, whose newest file is of ``limit``."""
    groups: dict[str, list[Entry]] = {}
    for entry in store.list(layout.evaluation_folder(target), etags=False):
        folder = layout.artifact_folder_of(target, entry.key)
        if folder is not None and folder not in kept:
            groups.setdefault(folder, []).append(entry)
    old = [entries for entries in groups.values() if max(entry.modified for entry in entries) <= limit]
    return [entry.key for entries in old for entry in entries]


def _folders_in_force(store: Store, target: Target) -> set[str] | None:
    """The artifact folders that the summary in force names; None where it is damaged."""
    found = stored(store, target)
    if found is None:
        return set()
    artifacts = artifacts_of(target, found)
    return {f"{artifact['key'].partition('/')[0]}/" for artifact in artifacts.values()} or None
