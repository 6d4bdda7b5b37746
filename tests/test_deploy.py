"""The files of infra/deploy, each checked by what runs without a cloud."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

from evalcore.errors import Forbidden
from flows.night import Order, new_run, run_inline
from flows.stored import read_summary
from infra.add import add_version, promote
from infra.layout import Target
from infra.queue import Queue
from infra.storage import open_store
from tests.flows.stores import write_predictions
from tests.serving import Served

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "infra/deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
TOOLS = Path(sys.executable).parent


def run(tool: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The outcome of a tool of the environment that runs the tests."""
    command = [str(TOOLS / tool), *arguments]
    surroundings = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)


# -- the image ---------------------------------------------------------------------------------------


def test_the_dockerfile_is_clean() -> None:
    """The linter finds nothing."""
    outcome = run("hadolint", str(DEPLOY / "Dockerfile"))

    assert outcome.returncode == 0, outcome.stdout


def test_the_linter_would_find_something(tmp_path: Path) -> None:
    """A Dockerfile that goes on as root without a fixed version is refused."""
    (tmp_path / "Dockerfile").write_text("FROM debian\nUSER root\n")

    assert run("hadolint", str(tmp_path / "Dockerfile")).returncode == 1


def test_the_image_has_what_a_machine_gets() -> None:
    """The same uv and the same Debian packages that ./run installs, and every room of the wheel."""
    script = (ROOT / "run").read_text()
    wanted = re.search(r"wanted='(ca-certificates [^']*)'", script)
    assert wanted is not None
    rooms = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert re.search(r"uv==(\S+)", DOCKERFILE)[1] == re.search(r"uv_version=(\S+)", script)[1]
    assert set(wanted[1].split()) - {"ca-certificates"} <= set(DOCKERFILE.split())
    assert set(rooms["packages"]) == set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.MULTILINE))


def test_the_image_can_be_made_of_its_context() -> None:
    """What it copies is there, and not left out of the context; it runs as nobody in particular."""
    kept = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if "!" in line}
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for name in line.split()[:-1]
    ]

    assert set(copied) == kept
    assert all((ROOT / name).exists() for name in copied)
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*$", last, re.MULTILINE)
    assert json.loads(re.search(r"^CMD (.*)$", last, re.MULTILINE)[1]) == ["assay", "serve"]


# -- the deployments ---------------------------------------------------------------------------------


def header_commands() -> list[str]:
    """The commands at the head of prefect.yaml, but for the worker, which does not end."""
    head = (DEPLOY / "prefect.yaml").read_text().partition("\nname:")[0]
    found = [line.split("(")[0].strip() for line in re.findall(r"^#   (prefect .*)$", head, re.MULTILINE)]
    assert found[-1] == "prefect worker start --pool assay"
    return found[:-1]


@pytest.fixture
def deployed(served: Served, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The deployments of prefect.yaml, beside those of ``assay serve``, by their names."""
    environment = {**served.environment, "PREFECT_API_URL": served.api}
    document = yaml.safe_load((DEPLOY / "prefect.yaml").read_text())
    for deployment in document["deployments"]:
        deployment["name"] += "-of-yaml"
    file = tmp_path / "prefect.yaml"
    file.write_text(yaml.safe_dump(document))
    for command in header_commands():
        outcome = run(*command.replace("infra/deploy/prefect.yaml", str(file)).split(), **environment)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    found = {each["name"]: each for each in served.ask("deployments/filter")}
    yield found
    for name, deployment in found.items():
        if name.endswith("-of-yaml"):
            run("prefect", "deployment", "delete", deployment["id"], **environment)


def test_prefect_yaml_deploys_what_serve_serves(deployed: dict[str, Any], served: Served) -> None:
    """The same flows, started by the same schedule and event; on a work pool, so many at a time."""
    for name in ("nightly", "on-trained"):
        theirs, ours = deployed[f"{name}-of-yaml"], deployed[name]
        assert theirs["entrypoint"] == ours["entrypoint"]
        assert theirs["work_pool_name"] == "assay"
        assert theirs["global_concurrency_limit"]["limit"] == {"nightly": 1, "on-trained": 2}[name]
    [pool] = served.ask("work_pools/filter")
    assert (pool["name"], pool["type"], pool["concurrency_limit"]) == ("assay", "process", 2)
    [schedule] = deployed["nightly-of-yaml"]["schedules"]
    assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == ("0 2 * * *", "UTC")
    trained = [
        (each["trigger"]["expect"], each["actions"][0]["parameters"], each["name"])
        for each in served.ask("automations/filter")
        if each["trigger"].get("expect") == ["assay.model-version.trained"]
    ]
    assert len(trained) == 2 and trained[0] == trained[1]


# -- AWS ---------------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, each as the text or list behind it."""


_Loader.add_multi_constructor("!", lambda loader, tag, node: {tag: _plain(loader, node)})


def _plain(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    return loader.construct_sequence(node)


TEMPLATE = (DEPLOY / "cloudformation.yaml").read_text()


def test_the_template_is_clean() -> None:
    """The linter finds nothing."""
    outcome = run("cfn-lint", str(DEPLOY / "cloudformation.yaml"))

    assert outcome.returncode == 0, outcome.stdout


def test_the_template_keeps_and_tells() -> None:
    """What the imitation of AWS takes no notice of: versions, encryption, the notification, whom S3 is."""
    resources = yaml.load(TEMPLATE, _Loader)["Resources"]  # noqa: S506 (a SafeLoader)
    bucket = resources["Bucket"]["Properties"]
    [told] = bucket["NotificationConfiguration"]["QueueConfigurations"]
    rules = {rule["Name"]: rule["Value"] for rule in told["Filter"]["S3Key"]["Rules"]}
    [allowed] = resources["ArrivalsPolicy"]["Properties"]["PolicyDocument"]["Statement"]

    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "AES256" in str(bucket["BucketEncryption"])
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert resources["Bucket"]["DeletionPolicy"] == "Retain"
    assert (told["Event"], told["Queue"]) == ("s3:ObjectCreated:*", {"GetAtt": "Arrivals.Arn"})
    assert rules == {"prefix": {"Sub": "${Prefix}models/"}, "suffix": "/version.json"}
    assert allowed["Principal"] == {"Service": "s3.amazonaws.com"}
    assert set(allowed["Condition"]) == {"ArnEquals", "StringEquals"}


@pytest.fixture(scope="module")
def stack() -> Iterator[Any]:
    """The stack in an imitation of AWS, with the values of its outputs by their names."""
    names = [("BucketName", "results"), ("Prefix", "assay/")]
    parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in names]
    with mock_aws(), warnings.catch_warnings():
        # These the imitation has not: that S3 may send is asserted on the template.
        lacking = "SQS::QueuePolicy|S3::BucketPolicy|CloudWatch::Alarm"
        warnings.filterwarnings("ignore", f"Tried to parse AWS::({lacking}) ")
        cloud = client("cloudformation")
        cloud.create_stack(StackName="assay", TemplateBody=TEMPLATE, Parameters=parameters)
        [made] = cloud.describe_stacks(StackName="assay")["Stacks"]
        cloud.close()
        yield {**made, "made": {each["OutputKey"]: each["OutputValue"] for each in made["Outputs"]}}


def client(service: str) -> Any:
    """A client of somebody who may do everything."""
    return boto3.client(
        service, region_name="eu-central-1", aws_access_key_id="root", aws_secret_access_key="root"
    )


def test_the_stack_can_be_made(stack: Any) -> None:
    """Every resource is made; the queue has its dead letters, and each policy what it needs and no more."""
    made = stack["made"]
    sqs, iam = client("sqs"), client("iam")
    queue = sqs.get_queue_attributes(QueueUrl=made["QueueUrl"], AttributeNames=["All"])["Attributes"]
    policies = {
        name: iam.get_policy_version(PolicyArn=made[f"{name}PolicyArn"], VersionId="v1")["PolicyVersion"]
        for name in ("Pipeline", "Reader")
    }
    sqs.close()
    iam.close()

    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert made["Store"] == "s3://results/assay/"
    redrive = json.loads(queue["RedrivePolicy"])
    assert int(redrive["maxReceiveCount"]) == 5
    assert redrive["deadLetterTargetArn"].split(":")[-1] == made["DeadLettersUrl"].rpartition("/")[2]
    assert queue["SqsManagedSseEnabled"] == "true"
    assert _allowed(policies["Reader"]) == {
        "s3:ListBucket": {"arn:aws:s3:::results"},
        "s3:GetObject": {"arn:aws:s3:::results/assay/models/*", "arn:aws:s3:::results/assay/evaluations/*"},
    }
    evaluations = {"arn:aws:s3:::results/assay/evaluations/*"}
    assert _allowed(policies["Pipeline"]) == {
        **_allowed(policies["Reader"]),
        "s3:PutObject": evaluations,
        "s3:DeleteObject": evaluations,
        "sqs:ReceiveMessage": {queue["QueueArn"]},
        "sqs:DeleteMessage": {queue["QueueArn"]},
        "sqs:ChangeMessageVisibility": {queue["QueueArn"]},
    }


@pytest.mark.usefixtures("quick_reports")
def test_the_policies_are_enough_and_no_more(
    stack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the pipeline's a night runs and its queue is read; nobody adds a version, readers write nothing."""
    made = stack["made"]
    file = write_predictions(tmp_path / "part.parquet")
    become(monkeypatch, "root", "root")
    store = open_store(made["Store"])
    settings = {"name": "m", "task_type": "classification", "labels": ["cat", "dog"]}
    add_version(store, Target("m", "v1"), [file], settings=settings)
    promote(store, "m", "v1")
    users = {name: user_with(made[f"{name}PolicyArn"]) for name in ("Pipeline", "Reader")}

    @set_initial_no_auth_action_count(0)  # from here on AWS asks who it is
    def act() -> None:
        become(monkeypatch, *users["Pipeline"])
        assert run_inline(Order(made["Store"], new_run()))["counts"] == {"published": 1}
        queue = Queue(made["QueueUrl"])
        queue.check()
        for message in queue.receive(0):
            queue.hold(message, 0)
        with pytest.raises(Forbidden):
            add_version(open_store(made["Store"]), Target("m", "v2"), [file])

        become(monkeypatch, *users["Reader"])
        assert read_summary(open_store(made["Store"]), "m", None, "test", None)["verdict"] == "none"
        with pytest.raises(Forbidden):
            run_inline(Order(made["Store"], new_run()))
        with pytest.raises(Forbidden):
            Queue(made["QueueUrl"]).check()

    act()


def become(monkeypatch: pytest.MonkeyPatch, key: str, secret: str) -> None:
    """Go on as the owner of a key."""
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)


def user_with(policy: str) -> tuple[str, str]:
    """The key of a new user who has a policy."""
    iam = client("iam")
    name = policy.rpartition("/")[2]
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=policy)
    if "Pipeline" in name:
        # Where many are deleted at once AWS asks for the right to each, the imitation for one to the bucket.
        many = {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::results"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [many]})
        iam.put_user_policy(UserName=name, PolicyName="many", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    iam.close()
    return key["AccessKeyId"], key["SecretAccessKey"]


def _allowed(version: Any) -> dict[str, set[str]]:
    """Which resources each action is allowed on."""
    document = version["Document"]
    found: dict[str, set[str]] = {}
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        resources = statement["Resource"]
        for action in [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]:
            found.setdefault(action, set()).update([resources] if isinstance(resources, str) else resources)
    return found
