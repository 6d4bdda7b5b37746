"""The store in an S3 bucket, by boto3: where it is and as whom it is reached is boto3's own configuration.

boto3 is imported, and a client made, on the first request; the stores of a process share it. boto3's own
retries are off, for they know no limit in time: ours are in ``infra.retry``.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from functools import partial
from typing import Any, BinaryIO, TypeVar

from evalcore.errors import AssayError, Unauthorized
from infra import aws_client, faults
from infra.retry import Patience, Watch, attempt
from infra.s3_ranges import RangedObject
from infra.storage import Blob, Entry, InputChanged, WriteConflict, as_folder, check_key, check_prefix

Result = TypeVar("Result")

WHOLE_BYTES = 64 << 20
"""Objects up to this size are fetched whole, with one request, before they are read."""

_BLOCK = 1 << 20
_DELETED_AT_ONCE = 1000
_LOST = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409", "NoSuchKey", "404")


class S3Store:
    """A store in a bucket, below a prefix; see ``Store`` for what each method does.

    ``patience`` and ``whole_bytes`` (the size from which an object is read in ranges) are for tests.
    """

    def __init__(
        self, bucket: str, prefix: str, *, patience: Patience | None = None, whole_bytes: int = WHOLE_BYTES
    ) -> None:
        self.bucket = bucket
        self.prefix = f"{prefix}/" if prefix else ""
        self.url = f"s3://{bucket}/{prefix}".rstrip("/")
        self.patience = patience or Patience()
        self.whole_bytes = whole_bytes

    def __reduce__(self) -> tuple[Any, ...]:
        # Not the client: it belongs to a process, and so do its connections.
        return partial(S3Store, patience=self.patience, whole_bytes=self.whole_bytes), (
            self.bucket,
            self.prefix.rstrip("/"),
        )

    def list(self, prefix: str, *, etags: bool = True) -> list[Entry]:
        """All objects whose key starts with ``prefix``; S3 gives the ETags for nothing."""
        pages = self._pages(self.prefix + check_prefix(prefix))
        found = [self._entry(item) for page in pages for item in page.get("Contents", ())]
        # A key with a slash at its end is how S3's console draws an empty folder.
        return sorted((entry for entry in found if not entry.key.endswith("/")), key=lambda entry: entry.key)

    def children(self, prefix: str) -> list[str]:
        """The names of the folders immediately below ``prefix``."""
        start = self.prefix + as_folder(prefix)
        pages = self._pages(start, Delimiter="/")
        found = {item["Prefix"][len(start) : -1] for page in pages for item in page.get("CommonPrefixes", ())}
        return sorted(found - {""})

    def read(self, key: str, *, etag: str | None = None) -> Blob | None:
        """An object's content."""
        return self._get(check_key(key), etag)

    def open(self, entry: Entry) -> BinaryIO:
        """The listed object: fetched whole, or above ``whole_bytes`` read in ranges as they are needed."""
        if entry.size > self.whole_bytes:
            return io.BufferedReader(RangedObject(entry.size, partial(self._range, entry)), _BLOCK)
        blob = self._get(entry.key, entry.etag)
        if blob is None or len(blob.data) != entry.size:
            raise self._changed(entry.key)
        return io.BytesIO(blob.data)

    def write(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str,
        if_match: str | None = None,
        if_absent: bool = False,
    ) -> str:
        """Writes an object with one request."""
        conditions: dict[str, str] = {}
        if if_match is not None:
            conditions["IfMatch"] = f'"{if_match}"'
        elif if_absent:
            conditions["IfNoneMatch"] = "*"
        put = partial(self._put, check_key(key), data, {"ContentType": content_type, **conditions})
        return self._call(put, key)

    def delete(self, keys: Iterable[str]) -> None:
        """Removes objects, up to 1,000 with one request."""
        names = [self.prefix + check_key(key) for key in keys]
        for start in range(0, len(names), _DELETED_AT_ONCE):
            self._delete(names[start : start + _DELETED_AT_ONCE])

    def check(self) -> None:
        """Raises unless the bucket's objects below the prefix can be listed."""
        self._call(lambda client, _: client.list_objects_v2(**self._where(Prefix=self.prefix, MaxKeys=1)))

    def _where(self, **more: Any) -> dict[str, Any]:
        return {"Bucket": self.bucket, **more}

    def _pages(self, prefix: str, **more: Any) -> Iterator[dict[str, Any]]:
        """Each request of a listing has the time of a call for itself."""
        more.update(Prefix=prefix)
        while True:
            where = self._where(**more)
            page = self._call(lambda client, _, where=where: client.list_objects_v2(**where))
            yield page
            if not page.get("IsTruncated"):
                return
            more["ContinuationToken"] = page["NextContinuationToken"]

    def _entry(self, item: dict[str, Any]) -> Entry:
        key = item["Key"][len(self.prefix) :]
        return Entry(key, item["Size"], _bare(item["ETag"]), item["LastModified"].astimezone(UTC))

    def _get(self, key: str, etag: str | None, **more: str) -> Blob | None:
        request = self._where(Key=self.prefix + key, **more)
        if etag is not None:
            request["IfMatch"] = f'"{etag}"'

        def get(client: Any, watch: Watch) -> Blob | None:
            try:
                answer = client.get_object(**request)
            except client.exceptions.ClientError as failure:
                code = faults.code_of(failure)
                if code == "NoSuchKey" and etag is None:
                    return None
                if code in ("NoSuchKey", "PreconditionFailed", "412"):
                    raise self._changed(key) from None
                raise
            return Blob(_content(answer["Body"], watch), _bare(answer["ETag"]))

        return self._call(get, key)

    def _range(self, entry: Entry, start: int, end: int) -> bytes:
        blob = self._get(entry.key, entry.etag, Range=f"bytes={start}-{end - 1}")
        if blob is None or len(blob.data) != end - start:
            raise self._changed(entry.key)
        return blob.data

    def _put(self, key: str, data: bytes, headers: dict[str, str], client: Any, watch: Watch) -> str:
        body = _Sent(data, watch)
        try:
            answer = client.put_object(**self._where(Key=self.prefix + key, Body=body, **headers))
        except client.exceptions.ClientError as failure:
            conditional = "IfMatch" in headers or "IfNoneMatch" in headers
            if not conditional or faults.code_of(failure) not in _LOST:
                raise
            # An attempt whose answer was lost may have written all the same: then the conflict is with us.
            ours = self._get(key, None) if watch.failures else None
            if ours is not None and ours.data == data:
                return ours.etag
            raise WriteConflict(
                f"{self.url}/{key} was written by another run meanwhile",
                "run it again",
                store=self.url,
                key=key,
            ) from None
        return _bare(answer["ETag"])

    def _delete(self, names: list[str]) -> None:
        request = self._where(Delete={"Objects": [{"Key": name} for name in names], "Quiet": True})
        answer = self._call(lambda client, _: client.delete_objects(**request))
        for refused in answer.get("Errors", ()):
            if refused.get("Code") != "NoSuchKey":
                key = refused.get("Key", "")[len(self.prefix) :]
                raise faults.of_code(refused.get("Code", ""), self.url, key)

    def _call(self, call: Callable[[Any, Watch], Result], key: str = "") -> Result:
        """The one way to S3: with our patience, our retries, and our errors."""

        def once(watch: Watch) -> Result:
            return call(aws_client.shared(self.patience, self.url), watch)

        try:
            return attempt(once, self.patience, faults.may_pass)
        except AssayError:
            raise
        except Exception as failure:
            raise self._error(failure, key) from failure

    def _error(self, failure: Exception, key: str) -> AssayError:
        error = faults.of_s3(failure, self.url, aws_client.endpoint(self.patience), key)
        if isinstance(error, Unauthorized):
            # The next call reads the credentials again: somebody may have renewed them.
            aws_client.forget(self.patience)
        return error

    def _changed(self, key: str) -> InputChanged:
        return InputChanged(
            f"{self.url}/{key} was changed while it was being read",
            "wait until it is written, then run it again",
            store=self.url,
            key=key,
        )


class _Sent(io.BytesIO):
    """A body that reports as it goes out; being a file, it is sent block by block, each with its own time."""

    def __init__(self, data: bytes, watch: Watch) -> None:
        super().__init__(data)
        self._watch = watch
        self._sent = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes to send."""
        block = super().read(size)
        self._sent += len(block)
        if self._sent >= _BLOCK:
            self._sent = 0
            self._watch.news()
        return block


def _content(body: Any, watch: Watch) -> bytes:
    """All of an answer's body; whatever breaks off leaves no connection open."""
    blocks = []
    try:
        while block := body.read(_BLOCK):
            blocks.append(block)
            if len(block) == _BLOCK:
                watch.news()
    finally:
        body.close()
    return b"".join(blocks)


def _bare(etag: str) -> str:
    return etag.strip('"')
