"""Events on Prefect's API, and ``assay announce``, which sends one."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalcore.errors import EngineUnavailable, Forbidden, Unauthorized
from flows import events
from flows.events import send, trained
from infra.layout import Target
from tests.receivers import Receiver, receiver

EVENT = trained(Target("churn", "v7"))


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Something at the address that PREFECT_API_URL names."""
    for name in ("PREFECT_API_KEY", "PREFECT_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)
    with receiver() as there:
        monkeypatch.setenv("PREFECT_API_URL", f"{there.url}/api")
        yield there


def test_announce_sends_one_event(assay: Any, api: Receiver) -> None:
    """One request to the API's route of events, with model, version and split as the payload."""
    ran = assay("announce", "churn", "v7", "--split", "validation")

    assert (ran.status, ran.out, ran.err) == (0, "announced churn v7 validation\n", "")
    assert api.paths == ["/api/events"]
    [[event]] = api.bodies
    assert event["event"] == "assay.model-version.trained"
    assert event["payload"] == {"model_id": "churn", "version_id": "v7", "dataset_split": "validation"}
    assert event["resource"]["prefect.resource.id"] == "assay.model-version.churn.v7"


def test_announce_prints_json(assay: Any, api: Receiver) -> None:
    """With ``--json`` it says which event it sent."""
    ran = assay("announce", "churn", "v7", "--json")

    assert json.loads(ran.out) == {
        "event": "assay.model-version.trained",
        "id": api.bodies[0][0]["id"],
        "model_id": "churn",
        "version_id": "v7",
        "dataset_split": "test",
    }


def test_announce_needs_no_prefect(api: Receiver) -> None:
    """A training job waits for no import of Prefect's, nor for anything else that is heavy."""
    heavy = ("prefect", "numpy", "pyarrow", "boto3", "httpx")
    code = (
        "import sys, flows.cli; status = flows.cli.main(['announce', 'churn', 'v7', '--quiet']);"
        f"sys.exit(status or ', '.join(m for m in {heavy} if m in sys.modules) or 0)"
    )
    root = Path(__file__).parents[2]
    outcome = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)

    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert len(api.bodies) == 1


@pytest.mark.parametrize("arguments", [("../x", "v7"), ("churn", "v 7"), ("churn", "v7", "--split", "tests")])
def test_announce_refuses_what_is_no_name(arguments: tuple[str, ...], assay: Any, api: Receiver) -> None:
    """Nothing is sent of what could never be evaluated."""
    ran = assay("announce", *arguments)

    assert ran.status == 2
    assert ran.err.startswith("error[invalid_parameter]: ")
    assert api.bodies == []


def test_no_api_is_named(assay: Any) -> None:
    """Without one there is nobody to tell, and the remedy says whose address is meant."""
    ran = assay("announce", "churn", "v7")

    assert ran.status == 6
    assert ran.err == (
        "error[engine_unavailable]: no Prefect API is named; "
        "set PREFECT_API_URL to the one that `assay serve` names\n"
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, Unauthorized),
        (403, Forbidden),
        (404, EngineUnavailable),
        (405, EngineUnavailable),
        (422, EngineUnavailable),
        (503, EngineUnavailable),
    ],
)
def test_refusals(status: int, kind: type[Exception], api: Receiver) -> None:
    """What the API answers instead of taking the event has its place in the tree of errors."""
    api.status = status

    with pytest.raises(kind):
        send([EVENT])


@pytest.mark.parametrize(
    ("url", "status", "said"),
    [
        ("http://user:hunter2@127.0.0.1:9/api", 6, "http://…@127.0.0.1:9/api does not answer"),
        ("ftp://user:hunter2@host/api", 2, "PREFECT_API_URL is not an address: ftp://…@host/api"),
        ("http://host:port/api", 2, "PREFECT_API_URL is not an address"),
        ("hunter2@nowhere", 2, "PREFECT_API_URL is not an address"),
    ],
)
def test_addresses_that_lead_nowhere(
    url: str, status: int, said: str, assay: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address is shown without its password, and one that is none is bad usage."""
    monkeypatch.setenv("PREFECT_API_URL", url)

    ran = assay("announce", "churn", "v7")

    assert ran.status == status
    assert said in ran.err
    assert "hunter2" not in ran.err


def test_an_api_that_hangs_is_left(api: Receiver) -> None:
    """The wait has an end."""
    api.delay = 1.0

    with pytest.raises(EngineUnavailable, match="no answer in time"):
        send([EVENT], patience=0.1)


def basic(pair: str) -> str:
    """The header of a user and a password."""
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


@pytest.mark.parametrize(
    ("settings", "user", "sent"),
    [
        ({}, "", None),
        ({"PREFECT_API_KEY": "pnu_1"}, "", "Bearer pnu_1"),
        ({"PREFECT_API_KEY": "pnu_1", "PREFECT_API_AUTH_STRING": "a:b"}, "", basic("a:b")),
        ({}, "me:p%40ss@", basic("me:p@ss")),
    ],
)
def test_credentials(
    settings: dict[str, str],
    user: str,
    sent: str | None,
    api: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those of Prefect's own settings, in its client's order, else those in the address."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PREFECT_API_URL", f"{api.url}/api".replace("//", f"//{user}"))

    send([EVENT])

    assert api.headers[0].get("Authorization") == sent


def test_prefect_takes_the_events() -> None:
    """An event is of the form that Prefect's own model has."""
    from prefect.events import Event

    read = Event.model_validate(EVENT.document())

    assert (read.event, read.resource.id) == (events.TRAINED, "assay.model-version.churn.v7")
