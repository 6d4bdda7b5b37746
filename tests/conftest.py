"""What tests of more than one room need."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from flows.steps import settle
from tests import browsers, faults, servers
from tests.flows import stores
from tests.serving import Served, serving

# How long an example takes says more of the machine than of the code. The examples are the same every
# time, so that what fails was changed; ``--hypothesis-profile=explore`` looks for others.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("steady")

AWS_SETTINGS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
)


@pytest.fixture(scope="session")
def no_aws_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where no AWS configuration is; the same all the time, so that clients are shared."""
    return tmp_path_factory.mktemp("aws")


@pytest.fixture(autouse=True)
def own_surroundings(monkeypatch: pytest.MonkeyPatch, no_aws_files: Path, tmp_path: Path) -> None:
    """No test sees the developer's credentials, asks a cloud's metadata service, or writes to their cache."""
    for name in (*AWS_SETTINGS, "ASSAY_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(no_aws_files / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(no_aws_files / "credentials"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))


@pytest.fixture(scope="session")
def weed_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real S3 server, the same for the whole session."""
    with servers.weed(tmp_path_factory.mktemp("weed")) as url:
        yield url


@pytest.fixture
def weed_environment(weed_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment that leads boto3 to the real S3 server; its URL."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", weed_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", servers.KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", servers.SECRET)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return weed_url


@pytest.fixture(scope="session")
def _weed_bucket(weed_url: str) -> str:
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=weed_url,
        aws_access_key_id=servers.KEY,
        aws_secret_access_key=servers.SECRET,
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="assay-tests")
    client.close()
    return "assay-tests"


@pytest.fixture
def weed_store(weed_environment: str, _weed_bucket: str) -> str:
    """The URL of an empty store on the real S3 server, below a prefix of its own."""
    return f"s3://{_weed_bucket}/{secrets.token_hex(6)}"


@pytest.fixture
def moto_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty store in an imitation of AWS within this process."""
    import boto3
    from moto import mock_aws

    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="assay-tests")
        client.close()
        yield "s3://assay-tests/some/where"


@pytest.fixture
def folder_store(tmp_path: Path) -> str:
    """The path of an empty store in a folder."""
    root = tmp_path / "store"
    root.mkdir()
    return str(root)


@pytest.fixture(params=["folder", "weed", "moto"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store, one of each kind in turn."""
    url: str = request.getfixturevalue(f"{request.param}_store")
    return url


@pytest.fixture(scope="session")
def failing_server() -> Iterator[faults.FaultyServer]:
    """A server to fail, for the whole session, so that tests share a client."""
    with faults.faulty_server() as server:
        yield server


@pytest.fixture
def faulty(
    failing_server: faults.FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[faults.FaultyServer]:
    """That server, to which the environment leads, with an empty script."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", failing_server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testkey")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with failing_server.script():
        yield failing_server


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium, the same for a module: while it is there no other event loop runs, as Prefect's must."""
    with browsers.chromium() as started:
        yield started


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[browsers.Open]:
    """Open bytes as a page from disk: ``opened(data, width=380)``."""
    every: list[browsers.Opened] = []

    def open_page(data: bytes, width: int = 1280, **how: Any) -> browsers.Opened:
        path = tmp_path / f"page-{len(every)}.html"
        path.write_bytes(data)
        every.append(browsers.Opened(browser, path, width, **how))
        return every[-1]

    yield open_page
    for each in every:
        each.page.context.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """``assay serve`` with a Prefect server of its own, the same for the whole session."""
    with serving(tmp_path_factory.mktemp("served")) as process:
        yield process


@pytest.fixture
def quick_reports(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Reports that are made in no time; the evaluations they were made of."""
    made: list[str] = []

    def render(summary: dict[str, Any]) -> dict[str, Any]:
        made.append(summary["evaluation"])
        return stores.small_reports(summary)

    monkeypatch.setattr("flows.steps.render", render)
    monkeypatch.setattr("flows.workers.settle", settle)  # here, where the reports are those
    yield made
