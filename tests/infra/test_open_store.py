"""The forms of a store's URL."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from evalcore.errors import InvalidParameter, StorageUnavailable
from infra.storage import open_store


@pytest.mark.parametrize(
    "url",
    ["", "  ", "http://host/x", "s3://", "s3:///x", "s3:bucket", "s3:/bucket", "s3://a b", "s3://b/../c", "gs://b",
     "file://other/x", "s3://bucket?x=1", "a\0b"],
)  # fmt: skip
def test_what_is_no_store_is_refused(url: str) -> None:
    """A URL of another kind, or without a bucket, is InvalidParameter with the forms that are right."""
    with pytest.raises(InvalidParameter):
        open_store(url)


def test_a_refused_url_keeps_its_secrets() -> None:
    """A password or a signature in a URL that is none of ours does not reach the message."""
    for url in (
        "s3://key:hunter2@bucket/x",
        "s3://AKIA:ab/hunter2@bucket",
        "s3://AKIA:ab@c/hunter2@bucket",
        "s3:AKIA:hunter2@bucket",
        "https://user:a?b#hunter2@host/x",
        "https://b.s3.amazonaws.com/x?X-Amz-Signature=hunter2",
    ):
        with pytest.raises(InvalidParameter) as caught:
            open_store(url)
        assert "hunter2" not in str(caught.value.document())


def test_a_folder_has_three_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path, an absolute one and a file URL are the same store."""
    (tmp_path / "my store").mkdir()
    monkeypatch.chdir(tmp_path)
    urls = {open_store(url).url for url in ("my store", "./my store/", tmp_path / "my store")}
    urls.add(open_store(f"file://{tmp_path}/my%20store").url)
    assert urls == {str(tmp_path / "my store")}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """It is StorageUnavailable, unless it is to be made."""
    with pytest.raises(StorageUnavailable, match="no folder"):
        open_store(tmp_path / "deep" / "store")
    open_store(tmp_path / "deep" / "store", create=True).check()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageUnavailable, match="no folder"):
        open_store(tmp_path / "file")


def test_a_folder_costs_no_boto3(tmp_path: Path) -> None:
    """Opening a store in a folder imports nothing of AWS, nor pyarrow."""
    code = (
        "import sys; from infra.storage import open_store; open_store(sys.argv[1]).list('');"
        "print([name for name in ('boto3', 'botocore', 'pyarrow', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
