"""``assay serve``: the night on its schedule, and one evaluation for each trained version."""

from __future__ import annotations

from typing import Annotated

import typer

from flows import progress
from flows import runner as runners
from flows.cli.app import command
from flows.cli.run import ended_by_sigterm
from flows.cli.session import Session

Cron = Annotated[str, typer.Option(metavar="CRON", help="When the night begins.")]
Timezone = Annotated[str, typer.Option(metavar="ZONE", help="The time zone of --cron.")]
Limit = Annotated[int, typer.Option(metavar="N", min=1, help="Runs at a time.")]
QueueUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="An SQS queue that S3 tells of each version.json created.")
]


@command("serve")
def serve(
    session: Session,
    cron: Cron = "0 2 * * *",
    timezone: Timezone = "UTC",
    limit: Limit = 2,
    sqs_queue_url: QueueUrl = None,
) -> int:
    """Run the nightly schedule and evaluate each trained version.

    Serves the deployments nightly/nightly and evaluate-version/on-trained on the Prefect API that is named,
    else on a server of its own at PREFECT_SERVER_API_HOST and _PORT. Ends with Ctrl-C or SIGTERM.
    """
    serving = runners.Serving(session.store().url, cron, timezone, limit, sqs_queue_url)
    with session.progress(progress.EVALUATIONS), ended_by_sigterm(0):
        runners.run_server(serving, debug=session.debug)
    return 0
