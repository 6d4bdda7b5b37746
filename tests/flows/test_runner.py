"""What runs the steps: which runner is chosen, and what Prefect is started with."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalcore.errors import EngineUnavailable
from flows import embedded, runner
from flows.outcome import Request
from flows.plan import Order
from flows.prefect_api import api_url
from flows.runner import Runner, uses_prefect


@pytest.fixture
def profiles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Writes the user's Prefect profiles."""

    def write(text: str) -> None:
        path = tmp_path / "profiles.toml"
        path.write_text(text)
        monkeypatch.setenv("PREFECT_PROFILES_PATH", str(path))

    return write


TWO_PROFILES = """
active = "work"
[profiles.work]
PREFECT_API_URL = "http://prefect.example:4200/api"
[profiles.home]
PREFECT_LOGGING_LEVEL = "DEBUG"
"""


def test_no_api_is_named_by_default() -> None:
    """Without environment and profiles there is none."""
    assert api_url() is None


def test_the_environment_names_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """PREFECT_API_URL does."""
    monkeypatch.setenv("PREFECT_API_URL", "http://here:4200/api")

    assert api_url() == "http://here:4200/api"


def test_the_active_profile_names_the_api(profiles: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The profile that the file or PREFECT_PROFILE makes active does."""
    profiles(TWO_PROFILES)
    assert api_url() == "http://prefect.example:4200/api"

    monkeypatch.setenv("PREFECT_PROFILE", "home")
    assert api_url() is None

    monkeypatch.setenv("PREFECT_PROFILE", "local")  # one that Prefect ships
    assert api_url() == "http://127.0.0.1:4200/api"


def test_broken_profiles_name_nothing(profiles: Any) -> None:
    """A file that is not TOML is for Prefect to complain of."""
    profiles("active = ")

    assert api_url() is None


@pytest.mark.parametrize(
    ("chosen", "by_default", "api", "expected"),
    [
        ("inline", True, True, False),
        ("prefect", False, False, True),
        ("auto", True, False, True),
        ("auto", False, False, False),
        ("auto", False, True, True),
    ],
)
def test_choice_of_the_runner(
    chosen: Runner, by_default: bool, api: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``auto`` is Prefect for a night; for an evaluation where an API is named."""
    if api:
        monkeypatch.setenv("PREFECT_API_URL", "http://here:4200/api")

    assert expected == uses_prefect(chosen, by_default=by_default)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is set in the environment meanwhile is undone."""
    monkeypatch.setattr(os, "environ", os.environ.copy())


class Client:
    """A client of Prefect's API, which answers or not."""

    def __init__(self, failure: Exception | None) -> None:
        self.failure = failure

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def api_healthcheck(self) -> Exception | None:
        """The failure, if there is one."""
        return self.failure


@pytest.mark.usefixtures("environment")
def test_an_api_that_does_not_answer(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is engine_unavailable, named without a password, and no server is started instead."""
    import prefect.client.orchestration as orchestration

    monkeypatch.setenv("PREFECT_API_URL", "http://user:a/hunter2@127.0.0.1:9/api")
    monkeypatch.setattr(orchestration, "get_client", lambda **_: Client(ConnectionError("refused")))
    monkeypatch.setattr(embedded, "Server", lambda **_: pytest.fail("a server was started"))

    with pytest.raises(EngineUnavailable, match=r"//…@127\.0\.0\.1:9/api does not answer") as caught:
        runner.run_evaluation(Request(str(store), "good"), "auto")
    assert "hunter2" not in str(caught.value)
    assert "PREFECT_LOGGING_LEVEL" not in os.environ


@pytest.mark.usefixtures("environment")
def test_an_embedded_server_that_does_not_start(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is engine_unavailable, and ``--runner inline`` is named as a way out."""

    class Broken:
        """A server that does not start."""

        def __init__(self, *, lasting: bool) -> None:
            assert not lasting

        url = "http://127.0.0.1:9/api"

        def wait(self) -> None:
            """Nothing comes."""
            raise embedded.NotStarted

    monkeypatch.setattr(embedded, "Server", Broken)

    with pytest.raises(EngineUnavailable, match=r"embedded server does not answer; .*--runner inline"):
        runner.run_evaluation(Request(str(store), "good"), "prefect")


@pytest.mark.usefixtures("environment")
def test_the_embedded_server_is_named_before_prefect_is_asked(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prefect reads its environment when it is imported: by then the server's address is there, and silence."""
    import prefect.client.orchestration as orchestration

    class Started:
        """A server that starts at once."""

        def __init__(self, *, lasting: bool) -> None:
            assert not lasting

        url = "http://127.0.0.1:9/api"

        def wait(self) -> None:
            """It is there."""
            assert os.environ["PREFECT_API_URL"] == self.url
            assert os.environ["PREFECT_LOGGING_LEVEL"] == "WARNING"

    monkeypatch.setattr(embedded, "Server", Started)
    # First, for what it imports must not get the client that is none.
    monkeypatch.setattr("flows.nightly.run", lambda order: {"run": order.run})
    monkeypatch.setattr(orchestration, "get_client", lambda **_: Client(None))

    assert runner.run_night(Order(str(store), "tonight"), "auto") == {"run": "tonight"}
    assert os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] == "CRITICAL"
