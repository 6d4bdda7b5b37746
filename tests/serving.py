"""``assay serve`` as a platform runs it: a server of its own, a store in a bucket, a queue that tells of it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tests.servers import free_ports

BUCKET, PREFIX = "results", "some/where"
STORE = f"s3://{BUCKET}/{PREFIX}"
MARKER = "hunter2-marker"
"""Stands in every secret of the environment, and must stand nowhere else."""

SECRETS = {
    "AWS_SECRET_ACCESS_KEY": f"aws-{MARKER}",
    "AWS_SESSION_TOKEN": f"token-{MARKER}",
    "ASSAY_JWT_SECRET": f"jwt-{MARKER}",
    "PREFECT_API_KEY": f"pnu-{MARKER}",
}
_START_SECONDS = 240
_ASSAY = str(Path(sys.executable).with_name("assay"))


@dataclass
class Served:
    """A process of ``assay serve``: its API, environment, folder and log."""

    api: str
    environment: Mapping[str, str]
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> Path:
        """What it says on standard error, an object a line."""
        return self.folder / "serve.log"

    def records(self) -> list[dict[str, Any]]:
        """Its log so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def wait_for(self, what: Callable[[dict[str, Any]], bool], seconds: float = 90) -> dict[str, Any]:
        """The first record that is ``what`` is waited for."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.process.poll() is None:
            for record in self.records():
                if what(record):
                    return record
            time.sleep(0.2)
        raise AssertionError(self.log.read_text())

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command of Assay's in the same surroundings, told where the API is."""
        surroundings = {**self.environment, "PREFECT_API_URL": self.api, **environment}
        return subprocess.run([_ASSAY, *arguments], env=surroundings, capture_output=True, text=True)

    def ask(self, path: str, **body: Any) -> Any:
        """What the API answers to a question (POST)."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.api}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)

    def client(self, service: str) -> Any:
        """A client of the bucket or the queue."""
        return boto3.client(
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id="key",
            aws_secret_access_key=SECRETS["AWS_SECRET_ACCESS_KEY"],
        )


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Serve, and end with SIGTERM, which must end it cleanly."""
    with _aws() as endpoint:
        [port] = free_ports(1)
        environment = _environment(folder, endpoint, port)
        command = [_ASSAY, "serve", "--cron", "0 3 * * *", "--timezone", "Europe/Berlin"]
        command += ["--sqs-queue-url", _queue(endpoint)]
        with (folder / "serve.log").open("wb") as log:
            process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, cwd=folder, start_new_session=True
            )
        served = Served(f"http://127.0.0.1:{port}/api", environment, folder, process)
        try:
            served.wait_for(lambda record: record["message"].startswith("serving "), _START_SECONDS)
            yield served
        finally:
            process.terminate()
            try:
                status = process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert status == 0, served.log.read_text()


def _environment(folder: Path, endpoint: str, port: int) -> dict[str, str]:
    own = ("AWS_", "PREFECT", "ASSAY")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return {
        **kept,
        **SECRETS,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "ASSAY_STORE": STORE,
        "ASSAY_LOG": "json",
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_RUNNER_POLL_FREQUENCY": "1",
    }


@contextmanager
def _aws() -> Iterator[str]:
    """An imitation of AWS; its address."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def _queue(endpoint: str) -> str:
    """A bucket, and a queue that it tells of each version.json."""
    own = {
        "endpoint_url": endpoint,
        "region_name": "us-east-1",
        "aws_access_key_id": "key",
        "aws_secret_access_key": "secret",
    }
    sqs, s3 = boto3.client("sqs", **own), boto3.client("s3", **own)
    url: str = sqs.create_queue(QueueName="arrivals")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    s3.create_bucket(Bucket=BUCKET)
    rules = [{"Name": "prefix", "Value": f"{PREFIX}/"}, {"Name": "suffix", "Value": "version.json"}]
    told = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [told]}
    )
    sqs.close()
    s3.close()
    return url
