"""What only a store on S3 does: content types, pages, ranges, credentials, and S3's own errors."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from evalcore.errors import AssayError, Forbidden, InvalidParameter, StorageUnavailable, Unauthorized
from infra import aws_client
from infra.s3 import WHOLE_BYTES, S3Store
from infra.storage import Entry, InputChanged, open_store
from tests.faults import FaultyServer, answers, refuses
from tests.infra.failures import LISTING, QUICK, STEADY, failure_of

TEXT = "text/plain; charset=utf-8"


@pytest.fixture
def store(faulty: FaultyServer) -> S3Store:
    """A store on that server, which tries again at once."""
    return S3Store("bucket", "prefix", patience=STEADY)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "InvalidAccessKeyId", Unauthorized),
        (403, "SignatureDoesNotMatch", Unauthorized),
        (400, "ExpiredToken", Unauthorized),
        (403, "RequestTimeTooSkewed", Unauthorized),
        (401, "Whatever", Unauthorized),
        (403, "AccessDenied", Forbidden),
        (403, "AllAccessDisabled", Forbidden),
        (404, "NoSuchBucket", StorageUnavailable),
        (400, "InvalidBucketName", InvalidParameter),
        (400, "SomethingNew", StorageUnavailable),
        (507, "hunter2 <b>", StorageUnavailable),
    ],
)
def test_what_s3_refuses(
    faulty: FaultyServer, store: S3Store, status: int, code: str, kind: type[AssayError]
) -> None:
    """Each code has its class, names the store, and repeats nothing of what the server wrote but the code."""
    faulty.steps = [refuses(status, code)]
    with pytest.raises(AssayError) as caught:
        store.list("")
    assert type(caught.value) is kind
    assert "s3://bucket/prefix" in caught.value.message
    assert "hunter2" not in str(caught.value)


def test_one_object_of_many_may_be_refused(faulty: FaultyServer, store: S3Store) -> None:
    """An error within the answer to a deletion of many is raised, with the key it is about."""
    refused = b"<Error><Key>prefix/b</Key><Code>AccessDenied</Code><Message>no</Message></Error>"
    faulty.steps = [answers(b"<DeleteResult>" + refused + b"</DeleteResult>")]
    error = failure_of(lambda: store.delete(["a", "b"]))
    assert isinstance(error, Forbidden)
    assert error.details["key"] == "b"


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that refuses is StorageUnavailable and names it, but no password in its address."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://me:hunter2@127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    error = failure_of(S3Store("bucket", "", patience=STEADY).check)
    assert isinstance(error, StorageUnavailable)
    assert f"127.0.0.1:{port} cannot be reached" in error.message


def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any, the error says so before anything is asked."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    error = failure_of(open_store("s3://bucket").check)
    assert isinstance(error, Unauthorized)
    assert "no AWS credentials" in error.message


def test_a_profile_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile's name that no file has is a matter of credentials."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    error = failure_of(open_store("s3://bucket").check)
    assert isinstance(error, Unauthorized)
    assert "profile" in error.message


@pytest.mark.parametrize("endpoint", ["nonsense", "http://", "ftp//x", "http://a b"])
def test_an_endpoint_that_is_none(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """A wrong AWS_ENDPOINT_URL_S3 is named as such."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    error = failure_of(S3Store("bucket", "", patience=STEADY).check)
    assert isinstance(error, InvalidParameter)
    assert "AWS_ENDPOINT_URL_S3" in error.remedy


def test_credentials_are_read_again_once_refused(
    faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Renewed credentials in a file are taken up by the next call, in the same process."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    credentials = "[default]\naws_access_key_id = {}\naws_secret_access_key = hunter2\n"
    (tmp_path / "credentials").write_text(credentials.format("old"))
    faulty.steps = [refuses(400, "ExpiredToken"), answers(LISTING)]
    store = S3Store("bucket", "", patience=STEADY)
    failure_of(store.check)
    (tmp_path / "credentials").write_text(credentials.format("new"))
    store.check()
    assert ["Credential=old" in signature for signature in faulty.signatures] == [True, False]


def test_a_process_shares_one_client(faulty: FaultyServer) -> None:
    """Stores with the same patience and environment use the same connections."""
    assert aws_client.shared(QUICK, "a") is aws_client.shared(QUICK, "b")


def test_an_object_of_the_usual_size_takes_one_request(faulty: FaultyServer, store: S3Store) -> None:
    """Up to 64 MiB it is fetched whole when it is opened, whatever is then read of it."""
    assert WHOLE_BYTES == 64 * 2**20
    faulty.steps = [answers(b"content")]
    with store.open(Entry("a", 7, "abc", datetime.now(UTC))) as file:
        assert [file.read(1), file.seek(5), file.read()] == [b"c", 5, b"nt"]
    assert faulty.requests == ["GET /bucket/prefix/a"]


def test_a_large_object_that_changes_while_it_is_read(weed_store: str) -> None:
    """Each range is asked of the same content: a change in between is InputChanged, and so is its end."""
    store = open_store(weed_store)
    data = os.urandom(3_000_000)
    store.write("a", data, content_type="application/octet-stream")
    (entry,) = store.list("")
    store.whole_bytes = 1_000_000
    with store.open(entry) as file:
        assert file.read(10) == data[:10]
        file.seek(-10, 2)
        assert file.read(100) == data[-10:]
        file.seek(0)
        assert file.read() == data
        file.seek(0)
        store.write("a", data[::-1], content_type="application/octet-stream")
        with pytest.raises(InputChanged):
            file.read()
        store.delete(["a"])
        with pytest.raises(InputChanged):
            file.read()
        with pytest.raises(ValueError, match="seek"):
            file.raw.seek(-1)


def test_objects_carry_their_content_type(weed_store: str, weed_environment: str) -> None:
    """A browser that gets the object knows what it is."""
    store = open_store(weed_store)
    store.write("r/report.html", b"<p>", content_type="text/html; charset=utf-8")
    bucket, _, prefix = weed_store[5:].partition("/")
    client = boto3.client("s3")
    assert (
        client.head_object(Bucket=bucket, Key=f"{prefix}/r/report.html")["ContentType"]
        == "text/html; charset=utf-8"
    )
    client.close()


def test_listings_of_many_pages(moto_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a page's 1,000 objects and folders are all found."""
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "7")
    store = open_store(moto_store)
    for number in range(20):
        store.write(f"m/{number:02}/a", b"", content_type=TEXT)
    assert len(store.list("m/")) == 20
    assert store.children("m/") == [f"{number:02}" for number in range(20)]


def test_a_folder_that_the_console_made_is_no_object(moto_store: str) -> None:
    """A key with a slash at its end only draws a folder."""
    client = boto3.client("s3")
    client.put_object(Bucket="assay-tests", Key="some/where/m/", Body=b"")
    client.close()
    store = open_store(moto_store)
    assert store.list("") == []
    assert store.children("m") == []


@pytest.mark.parametrize(
    ("name", "value"), [("AWS_SECRET_ACCESS_KEY", "hunter2"), ("AWS_ACCESS_KEY_ID", "nobody")]
)
def test_wrong_credentials(weed_store: str, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A real server refuses a wrong secret and an unknown key id, whatever is asked."""
    monkeypatch.setenv(name, value)
    store = open_store(weed_store)
    for use in (
        store.check,
        lambda: store.list(""),
        lambda: store.read("a"),
        lambda: store.write("a", b"", content_type=TEXT),
        lambda: store.delete(["a"]),
    ):
        assert isinstance(failure_of(use), Unauthorized)


def test_a_bucket_that_is_not_there(weed_environment: str) -> None:
    """It is StorageUnavailable with that remedy, not an empty store."""
    store = open_store("s3://no-such-bucket")
    for use in (store.check, lambda: store.list(""), lambda: store.children(""), lambda: store.read("a")):
        error = failure_of(use)
        assert isinstance(error, StorageUnavailable)
        assert "no such bucket" in error.message


def test_a_large_body_goes_in_one_request(weed_store: str) -> None:
    """Nothing is cut into parts, so the ETag is the content's MD5."""
    store = open_store(weed_store)
    data = os.urandom(20 << 20)
    etag = store.write("large", data, content_type="application/octet-stream")
    blob = store.read("large", etag=etag)
    assert "-" not in etag
    assert blob.data == data
