"""``assay announce``: what a training job says once its version's predictions are in the store."""

from __future__ import annotations

from flows.cli.add import VersionArgument
from flows.cli.app import command
from flows.cli.arguments import ModelArgument, SplitOption
from flows.cli.session import Session


@command("announce")
def announce(
    session: Session, model: ModelArgument, version: VersionArgument, split: SplitOption = "test"
) -> int:
    """Have a trained version evaluated.

    Sends the event assay.model-version.trained to the Prefect API that PREFECT_API_URL names, with one
    request; whoever serves the deployment evaluate-version/on-trained evaluates the version.
    """
    from flows.events import send, trained
    from infra.layout import Target

    event = trained(Target(model, version, split))
    send([event])
    if session.json:
        session.document({"event": event.name, "id": event.id, **event.payload})
    else:
        session.say(f"announced {model} {version} {split}")
    return 0
