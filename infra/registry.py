"""The models of a store: their versions, settings, and what an evaluation of them reads.

A model is one listing of its folder plus the small files that are asked for; nothing is remembered beyond
the ``Model``. What is stored under a name that is no id is not seen.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from evalcore.errors import InvalidSettings, VersionNotFound
from infra import layout, missing
from infra.inputs import Entries, Inputs
from infra.layout import Place, Target
from infra.settings_files import created_at, read_settings, version_named
from infra.storage import Entry, Store

_READERS = 8


class Registry:
    """The models of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def models(self) -> list[str]:
        """The ids of the folders below ``models/``, sorted, whether or not a ``model.json`` is there yet."""
        return [name for name in self.store.children(layout.MODELS) if layout.is_id(name)]

    def model(self, model_id: str) -> Model:
        """The model as it is now.

        Raises InvalidParameter for what is no id, ModelNotFound, and InvalidSettings for a ``model.json``
        that is broken.
        """
        listed = self.store.list(layout.model_prefix(model_id), etags=False)
        found = [(place, entry) for entry in listed if (place := layout.place(model_id, entry.key))]
        entry = next((entry for place, entry in found if place.kind == "model"), None)
        document = None if entry is None else read_settings(self.store, entry, "model_id", model_id)
        if document is None:
            raise missing.model_begun(self.store, model_id) if found else missing.model(self.store, model_id)
        return Model(self.store, model_id, document, found)


class Model:
    """One model as it was listed: its settings, its versions and their inputs."""

    def __init__(
        self, store: Store, model_id: str, document: dict[str, Any], found: Sequence[tuple[Place, Entry]]
    ) -> None:
        self.store = store
        self.model_id = model_id
        self.document = document
        self._entries: dict[Place, list[Entry]] = {}
        self._splits: dict[str | None, set[tuple[str, str | None]]] = {}
        for place, entry in found:
            self._entries.setdefault(place, []).append(entry)
            if place.kind == "predictions":
                self._splits.setdefault(place.version_id, set()).add(
                    (str(place.dataset_split), place.checkpoint)
                )
        self._documents: dict[str, dict[str, Any]] = {}

    @property
    def promoted(self) -> str | None:
        """The id of the promoted version, None where there is none; raises InvalidSettings."""
        return version_named(self.document, "promoted_version", layout.model_key(self.model_id))

    def versions(self) -> list[str]:
        """The ids of the versions that exist, that is, have a ``version.json``; sorted."""
        return sorted(str(place.version_id) for place in self._entries if place.kind == "version")

    def version(self, version_id: str) -> dict[str, Any]:
        """The content of ``version.json``; raises VersionNotFound and InvalidSettings."""
        if version_id not in self._documents:
            entries = self._entries.get(Place("version", layout.check_id("version", version_id)))
            document = read_settings(self.store, entries[0], "version_id", version_id) if entries else None
            if document is None:
                raise missing.version(self.model_id, self.versions(), version_id)
            created_at(document, entries[0].key if entries else "")
            self._documents[version_id] = document
        return self._documents[version_id]

    def latest(self) -> str:
        """The version created last, by ``created_at`` and then by id; one without ``created_at`` is older.

        Raises VersionNotFound where there is none, and InvalidSettings where one is broken: it might be it.
        """
        ordered = self._by_age(self.versions(), tolerant=False)
        if not ordered:
            raise missing.version(self.model_id, self.versions(), None)
        return ordered[-1]

    def resolve(self, version_id: str | None) -> str:
        """The version meant: the one named, else the promoted one; raises VersionNotFound."""
        wanted = version_id if version_id is not None else self.promoted
        if wanted is None:
            raise missing.promoted(self.model_id, self.versions())
        if Place("version", layout.check_id("version", wanted)) not in self._entries:
            raise missing.version(self.model_id, self.versions(), wanted)
        return wanted

    def splits(self, version_id: str) -> tuple[tuple[str, str | None], ...]:
        """The splits and checkpoints that have predictions: train, validation, test, default first."""
        found = self._splits.get(version_id, set())
        return tuple(sorted(found, key=lambda pair: (layout.SPLITS.index(pair[0]), pair[1] or "")))

    def read_for(self, versions: Sequence[str]) -> list[str]:
        """The versions whose ``version.json`` the inputs of ``versions`` depend on; raises InvalidSettings.

        As far as can be told before they are read: one of them may name another as its baseline.
        """
        if self.promoted in versions and "baseline" not in self.document:
            return self.versions()  # the one before it is its baseline
        return sorted({*versions, *([self.promoted] if self.promoted else [])})

    def inputs(self, target: Target, *, baseline: str | None = None) -> Inputs:
        """What the evaluation of ``target`` depends on, every entry with its ETag.

        ``baseline`` is the version to compare with ("none": with none) instead of the one that the settings
        or the promoted version give. Raises VersionNotFound, PredictionsNotFound and InvalidSettings.
        """
        version = self.version(target.version_id)
        predictions = self._predictions(target.version_id, target.dataset_split, target.checkpoint)
        if not predictions:
            raise missing.predictions(target, self.splits(target.version_id))
        validation = self._validation(target)
        chosen = self._baseline_named(baseline) if baseline else self._baseline(target, version)
        return Inputs(
            target=target,
            model=self.document,
            version=version,
            predictions=predictions,
            ground_truth=self._with_etags(Place("ground_truth", None, target.dataset_split)),
            validation=validation,
            validation_ground_truth=self._with_etags(Place("ground_truth", None, "validation"))
            if validation
            else (),
            baseline=self._predictions(chosen, target.dataset_split, None) if chosen else (),
            baseline_version=chosen,
            baseline_settings=self._settings_of(chosen),
            splits=self.splits(target.version_id),
        )

    # -- entries -----------------------------------------------------------------------------------

    def _predictions(self, version_id: str, split: str, checkpoint: str | None) -> Entries:
        return self._with_etags(Place("predictions", version_id, split, checkpoint))

    def _validation(self, target: Target) -> Entries:
        if target.dataset_split == "validation":
            return ()
        return self._predictions(target.version_id, "validation", target.checkpoint)

    def _with_etags(self, place: Place) -> Entries:
        """The entries at a place; a folder's are listed again, for only now are their ETags needed."""
        entries = self._entries.get(place, [])
        if all(entry.etag is not None for entry in entries):
            return tuple(entries)
        wanted = {entry.key for entry in entries}
        # A prefix of the keys, not of their folders: it leaves out the checkpoints beside them.
        prefix = os.path.commonprefix(list(wanted))  # noqa: RUF071
        return tuple(entry for entry in self.store.list(prefix) if entry.key in wanted)

    # -- the baseline ------------------------------------------------------------------------------

    def _baseline(self, target: Target, version: dict[str, Any]) -> str | None:
        owner, key = self.document, layout.model_key(self.model_id)
        if "baseline" in version:
            owner, key = version, layout.version_key(self.model_id, target.version_id)
        chosen = version_named(owner, "baseline", key)
        if chosen is not None:
            return None if chosen == "none" else chosen
        if self.promoted != target.version_id:
            return self.promoted
        return self._before(target.version_id)

    def _baseline_named(self, version_id: str) -> str | None:
        return None if version_id == "none" else self.resolve(version_id)

    def _settings_of(self, version_id: str | None) -> dict[str, Any] | None:
        """A version's ``version.json``; what is wrong with it is for its own evaluation to say."""
        if version_id is None:
            return None
        try:
            return self.version(version_id)
        except (InvalidSettings, VersionNotFound):
            return None

    def _before(self, version_id: str) -> str | None:
        ordered = self._by_age(self.versions(), tolerant=True)
        place = ordered.index(version_id)
        return ordered[place - 1] if place else None

    def _by_age(self, versions: Iterable[str], *, tolerant: bool) -> list[str]:
        with ThreadPoolExecutor(_READERS) as readers:
            ages = list(readers.map(lambda version: self._age(version, tolerant), versions))
        return [age[1] for age in sorted(age for age in ages if age is not None)]

    def _age(self, version_id: str, tolerant: bool) -> tuple[datetime, str] | None:
        """When the version was made; where ``tolerant``, None for one that is broken.

        Another version's broken file must not stop a good one's evaluation: its own evaluation reports it.
        """
        try:
            document = self.version(version_id)
        except (InvalidSettings, VersionNotFound):
            if tolerant:
                return None
            raise
        return created_at(document, layout.version_key(self.model_id, version_id)), version_id
