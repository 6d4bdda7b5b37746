"""``assay doctor``: what this machine and this store have and lack, each with its remedy."""

from __future__ import annotations

from typing import Any

from flows.cli.app import command
from flows.cli.session import Session
from flows.cli.text import table


@command("doctor")
def doctor(session: Session) -> int:
    """Check this machine and the store.

    Libraries, PDF rendering, the store and Prefect: what is missing, each with its remedy.
    """
    from flows.checkup import checks

    found = checks(session.store_url)
    if session.json:
        session.document({"checks": [vars(check) for check in found]})
    else:
        _print(session, found)
    return max((check.exit_status for check in found), default=0)


def _print(session: Session, found: list[Any]) -> None:
    session.say(
        table(
            ("", "what", "found"),
            [(check.status, check.name, _text(check)) for check in found],
        )
    )


def _text(check: Any) -> str:
    return f"{check.found}; {check.remedy}" if check.remedy else str(check.found)
