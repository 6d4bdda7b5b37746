"""An SQS queue, by boto3: where it is and as whom it is reached is boto3's own configuration."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from evalcore.errors import AssayError, InvalidParameter, Unauthorized
from infra import aws_client, faults
from infra.retry import Patience, attempt
from infra.storage import without_secrets

Result = TypeVar("Result")

LONGEST_WAIT = 20
"""Seconds that SQS keeps a request for messages open."""

_AT_ONCE = 10
_PATIENCE = Patience(read=LONGEST_WAIT + 10.0, total=LONGEST_WAIT + 25.0)
_REGION = re.compile(r"(?:sqs\.)?([a-z]{2}(?:-[a-z]+)+-\d)\.(?:queue\.)?amazonaws\.com(?:\.cn)?")


@dataclass(frozen=True)
class Message:
    """A message that nobody else gets for a while; ``receipt`` is what it is deleted by."""

    id: str
    body: str
    receipt: str


class Queue:
    """A queue by its URL; raises InvalidParameter for one that is none.

    Its methods raise Unauthorized, Forbidden, and StorageUnavailable.
    """

    def __init__(self, url: str, *, patience: Patience = _PATIENCE) -> None:
        self._url = url
        self.url = without_secrets(url)
        self.patience = patience
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.count("/") < 2:
            raise InvalidParameter(
                f"not a queue: {self.url}",
                "give its URL, https://sqs.<region>.amazonaws.com/<account>/<name>",
            )
        # Else a queue in another region than AWS_REGION's would seem not to be there.
        region = _REGION.fullmatch(parts.hostname)
        # boto3 itself reads AWS_DEFAULT_REGION alone, and for S3 does without.
        self._region = region[1] if region else os.environ.get("AWS_REGION")

    def check(self) -> None:
        """Raise unless messages can be received; one may be looked at, and stays for others to get."""
        self._call(
            lambda client: client.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=1, VisibilityTimeout=0, WaitTimeSeconds=0
            )
        )

    def receive(self, seconds: int = LONGEST_WAIT) -> list[Message]:
        """Up to ten messages, waiting so long for the first."""
        answer = self._call(
            lambda client: client.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=_AT_ONCE, WaitTimeSeconds=seconds
            )
        )
        return [
            Message(found["MessageId"], found["Body"], found["ReceiptHandle"])
            for found in answer.get("Messages", ())
        ]

    def delete(self, message: Message) -> None:
        """Remove a message for good."""
        self._call(lambda client: client.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt))

    def hold(self, message: Message, seconds: int) -> None:
        """Keep a message from others for so long from now; 0 gives it back."""
        self._call(
            lambda client: client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=message.receipt, VisibilityTimeout=seconds
            )
        )

    def _call(self, call: Callable[[Any], Result]) -> Result:
        which = ("sqs", self._region)
        try:
            return attempt(
                lambda _: call(aws_client.shared(self.patience, self.url, *which)),
                self.patience,
                faults.may_pass,
            )
        except AssayError:
            raise
        except Exception as failure:
            error = faults.of_s3(failure, self.url, aws_client.endpoint(self.patience, *which))
            if isinstance(error, Unauthorized):
                aws_client.forget(self.patience, *which)  # somebody may renew the credentials
            raise error from failure
