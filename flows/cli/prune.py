"""``assay prune``: the store without what nobody needs any more."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.app import command
from flows.cli.session import Session
from flows.progress import counted

Keep = Annotated[int, typer.Option(metavar="N", min=0, help="Records of nights to keep, the newest.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be deleted, and delete nothing.")]


@command("prune")
def prune(session: Session, keep: Keep, dry_run: DryRun = False) -> int:
    """Delete old records of nights, and artifacts that were superseded a day ago or more.

    The newest N records stay, and so does that of a night that is running. Nothing else is ever deleted.
    """
    from infra.sweep import prune_records, sweep_all

    store = session.store()
    records = prune_records(store, keep, dry_run=dry_run)
    artifacts = sweep_all(store, dry_run=dry_run)
    if session.json:
        session.document({"dry_run": dry_run, "records": records, "artifacts": artifacts})
        return 0
    for key in [*records, *artifacts]:
        session.say(key)
    did = "would be deleted" if dry_run else "deleted"
    session.say(f"{counted(len(records), 'record')} and {counted(len(artifacts), 'artifact')} {did}")
    return 0
