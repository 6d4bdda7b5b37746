"""The steps of one evaluation, in their order: plain functions that any runner can call.

A step takes a ``Request``, which pickles, and returns a small value: tables, summaries and rendered files
stay within the step. What it is busy with it tells ``flows.progress``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from random import uniform
from typing import TYPE_CHECKING, Any, Literal

from evalcore.errors import AssayError, InputError, NotFound
from flows import output
from flows.engine import opened
from flows.faults import as_ours, store_is_gone
from flows.outcome import Outcome, Request
from flows.progress import about, counted, detail, step
from flows.rendering import renderers
from infra import index, publish
from infra.digest import digest
from infra.entries import entry_of, failed_entry
from infra.layout import Target, failure_key, model_key, version_key
from infra.registry import Inputs, Model, Registry
from infra.storage import InputChanged, Store, WriteConflict, open_store
from infra.sweep import sweep

if TYPE_CHECKING:
    from evalcore.settings import Settings
    from templates import Rendered

LOST_RACES = 3
"""How often another writer may be faster before an evaluation gives up."""
LOST_RACE_PAUSE = 0.2
"""The longest pause after the first lost race, in seconds; each later one may be so much longer."""


@dataclass(frozen=True)
class Work:
    """What is to be evaluated, under which settings, and the digest of it all."""

    model: Model
    inputs: Inputs
    settings: Settings
    digest: str


def resolve(request: Request) -> Target:
    """The evaluation that is meant; raises ModelNotFound, VersionNotFound, InvalidSettings."""
    version = request.version_id
    if version is None:
        version = Registry(open_store(request.store)).model(request.model_id).resolve(None)
    return Target(request.model_id, version, request.dataset_split, request.checkpoint)


def settle(request: Request) -> Outcome:
    """One evaluation, published if it is due; a failure is recorded beside it and is part of the outcome."""
    started = time.monotonic()
    target = None
    with about(**request.names()):
        try:
            target = resolve(request)
            outcome = _until_settled(open_store(request.store), target, request)
        except Exception as error:
            if request.run_id is not None:  # a night goes on, so that nobody else will show where it failed
                detail(f"{request.model_id} failed", error)
            ours = as_ours(error)
            outcome = _failed(request, target or _shown(request, ours), ours)
    return replace(outcome, request=request, seconds=time.monotonic() - started)


def failed(request: Request, error: AssayError) -> Outcome:
    """The outcome of a named version's evaluation that somebody else saw fail; it is recorded beside it."""
    assert request.version_id is not None
    target = Target(request.model_id, request.version_id, request.dataset_split, request.checkpoint)
    return replace(_failed(request, target, error), request=request)


def update_index(url: str, outcomes: Iterable[Outcome], night: dict[str, Any] | None = None) -> None:
    """Bring the index and its page up to date with what became of some evaluations.

    ``night`` is the record of the night that made them.
    """
    from templates import render_index

    outcomes = list(outcomes)
    changes = [dict(outcome.change) for outcome in outcomes if outcome.change]
    promoted = {model: version for outcome in outcomes for model, version in outcome.promoted.items()}
    if changes or promoted or night:
        index.update_index(open_store(url), changes, render_index, promoted=promoted, night=night)


# -- one attempt -------------------------------------------------------------------------------------


def _until_settled(store: Store, target: Target, request: Request) -> Outcome:
    """Start over where another writer was faster, and once where the input changed meanwhile."""
    races, changes = 0, 0
    while True:
        try:
            return _attempt(store, target, request)
        except WriteConflict:
            races += 1
            if races == LOST_RACES:
                raise
            # What was to be made anew has just been made: where it is of the same digest, it will do.
            request = replace(request, force=False)
            time.sleep(uniform(0, LOST_RACE_PAUSE * races))
        except InputChanged:
            changes += 1
            if changes == 2:
                raise


def _attempt(store: Store, target: Target, request: Request) -> Outcome:
    # Read before the inputs are listed: what replaces it is then made from inputs at least as new.
    found = None if request.what_if else publish.stored(store, target)
    work = prepare(store, target, request.threshold, request.baseline)
    if found and not request.force and found.document.get("evaluation") == work.digest:
        with suppress(publish.Damaged):  # then it is made again
            return _keep(store, target, work, found, request)
    renderers.warm()
    document = _measured(store, target, work, request)
    files = render(document)
    if request.what_if:
        output.write(request.output, document, files)
        return Outcome(request, target, "what_if", document["verdict"], document=document)
    return _put(store, target, work, document, files, found, request)


def prepare(store: Store, target: Target, threshold: float | None, baseline: str | None = None) -> Work:
    """List the inputs, resolve the settings and take the digest; raises NotFound and InputError."""
    return work_of(Registry(store).model(target.model_id), target, threshold, baseline)


def work_of(
    model: Model, target: Target, threshold: float | None = None, baseline: str | None = None
) -> Work:
    """The same of a model that was listed; raises as ``prepare``."""
    from evalcore.settings import resolve_settings

    inputs = model.inputs(target, baseline=baseline)
    files = model_key(target.model_id), version_key(target.model_id, target.version_id)
    settings = resolve_settings(
        inputs.model, inputs.version, threshold=threshold, baseline=baseline, files=files
    )
    return Work(model, inputs, settings, digest_of(inputs, settings))


def digest_of(inputs: Inputs, settings: Settings) -> str:
    """What an evaluation of these inputs under these settings is known by."""
    from evalcore import FIGURES_VERSION
    from templates import REPORTS_VERSION

    resolved = settings.document() | {"unknown": settings.unknown}  # which the warnings name
    return digest(inputs, resolved, FIGURES_VERSION, REPORTS_VERSION)


def render(document: dict[str, Any]) -> dict[str, Rendered]:
    """Every artifact of an evaluation, made by a render process."""
    step("rendering the reports")
    return renderers.render(document)


def _measured(store: Store, target: Target, work: Work, request: Request) -> dict[str, Any]:
    from flows.measure import measure

    step(f"{target}: reading {counted(len(work.inputs.predictions), 'file')} of predictions")
    with opened(request.engine, request.workers) as engine:
        return measure(store, work.inputs, work.settings, work.digest, run_id=request.run_id, engine=engine)


def _keep(store: Store, target: Target, work: Work, found: publish.Stored, request: Request) -> Outcome:
    mended = publish.mend(store, target, found)
    found = publish.finished(store, target, found)
    output.copy(request.output, store, target, found.document)
    recovered = failure_key(target) in mended and found.document["verdict"] != "fail"
    return replace(_in_force(target, work, found, request, "up_to_date"), recovered=recovered)


def _put(
    store: Store,
    target: Target,
    work: Work,
    document: dict[str, Any],
    files: Mapping[str, Rendered],
    found: publish.Stored | None,
    request: Request,
) -> Outcome:
    step(f"{target}: publishing")
    # Before publishing, so that who has just read the summary in force still finds its artifacts.
    sweep(store, target, work.digest)
    recovered = document["verdict"] != "fail" and publish.is_failing(store, target, found)
    put = publish.publish(store, target, document, files, found.etag if found else None)
    output.write(request.output, put.document, files)
    return replace(_in_force(target, work, put, request, "published"), recovered=recovered)


def _in_force(
    target: Target,
    work: Work,
    found: publish.Stored,
    request: Request,
    status: Literal["published", "up_to_date"],
) -> Outcome:
    promoted = work.model.promoted
    change = entry_of(found.document, found.etag, promoted == target.version_id, found.places)
    verdict = found.document["verdict"]
    return Outcome(
        request,
        target,
        status,
        verdict,
        change=change,
        promoted={work.model.model_id: promoted},
        failed_gate=change["failed_gate"],
    )


def _shown(request: Request, error: AssayError) -> Target | None:
    """The evaluation to tell a failure beside where broken settings do not say which was meant."""
    if not isinstance(error, InputError):
        return None
    with suppress(AssayError):
        found = index.read_index(open_store(request.store)) or {"evaluations": []}
        place = request.model_id, request.dataset_split, request.checkpoint
        return index.in_force(found["evaluations"], *place)
    return None


def _failed(request: Request, target: Target | None, error: AssayError) -> Outcome:
    """The outcome of a failure, which is recorded except where nothing was there to evaluate, ever.

    Nor is a lost race: who won it has published, and a note of failure beside that would be wrong.
    """
    failed = Outcome(request, target, "failed", error=error)
    if target is None or request.what_if or store_is_gone(error):
        return failed
    if isinstance(error, WriteConflict):
        return failed
    store = open_store(request.store)
    try:
        if isinstance(error, NotFound) and publish.stored(store, target) is None:
            return failed
        failure = publish.record_failure(store, target, error)
    except AssayError:
        return failed  # the first error is the one to tell, and this may be its echo
    return replace(failed, change=_failure_entry(store, target, failure))


def _failure_entry(store: Store, target: Target, failure: dict[str, Any]) -> dict[str, Any]:
    model: dict[str, Any] = {}
    version: dict[str, Any] = {}
    with suppress(AssayError):  # of what cannot be read the index keeps what it says
        found = Registry(store).model(target.model_id)
        model = found.document
        version = found.version(target.version_id)
    return failed_entry(target, failure, model, version)
