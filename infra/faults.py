"""What the operating system, S3 and SQS say when something fails, told in Assay's own errors.

The words are ours alone: a server's answer or a library's message may repeat a secret, a code may not.
"""

from __future__ import annotations

import errno
from typing import Any

from evalcore.errors import AssayError, Forbidden, InvalidParameter, StorageUnavailable, Unauthorized

_FULL = (errno.ENOSPC, errno.EDQUOT)
_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)
_NOT_A_FILE = (errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG)

_NO_CREDENTIALS = {
    "NoCredentialsError": "there are no AWS credentials",
    "PartialCredentialsError": "the AWS credentials are incomplete",
    "ProfileNotFound": "the AWS profile that is asked for does not exist",
}
_CREDENTIALS_FAMILY = ("CredentialRetrieval", "UnknownCredential", "Token", "SSO", "Login", "MFA", "NoAuth")
_UNKNOWN_KEY = {
    "InvalidAccessKeyId": "the access key id is not known there",
    "InvalidClientTokenId": "the access key id is not known there",
    "SignatureDoesNotMatch": "the secret access key does not fit the access key id",
    "ExpiredToken": "the credentials have expired",
    "ExpiredTokenException": "the credentials have expired",
    "TokenRefreshRequired": "the credentials have expired",
    "RequestExpired": "the credentials have expired",
    "InvalidToken": "the session token is not valid",
    "RequestTimeTooSkewed": "this machine's clock is wrong by too much",
    "AuthorizationHeaderMalformed": "the request was signed for another region",
    "InvalidSecurity": "the credentials are not valid",
    "NotSignedUp": "the account may not use S3",
    "401": "the credentials are not accepted",
}
_SIGN_IN = "check AWS_PROFILE, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION"
_BAD_NAMES = ("InvalidBucketName", "KeyTooLongError", "InvalidURI", "InvalidArgument")
_TRANSIENT = ("SlowDown", "ServiceUnavailable", "InternalError", "InternalServerError", "RequestTimeout")
_THROTTLED = (
    "Throttling",
    "ThrottlingException",
    "RequestLimitExceeded",
    "TooManyRequests",
    "BandwidthLimitExceeded",
)
_TRY_LATER = "try again later"
_NO_QUEUE = ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")
_BROKEN_OFF = (
    "ConnectionClosedError",
    "IncompleteReadError",
    "ResponseStreamingError",
    "FlexibleChecksumError",
)
_NOT_REACHED = ("EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError")


def of_os(failure: OSError, url: str, key: str = "") -> AssayError:
    """The error for what the operating system refused at a key (or at the root) of a folder."""
    where, details = _at(url, key)
    if failure.errno in _READ_ONLY:
        return Forbidden(
            f"{where} may not be read or written by this user", "give this user the right to", **details
        )
    if failure.errno in _FULL:
        return StorageUnavailable(f"the disk of {where} is full", "make room and run it again", **details)
    if failure.errno in _NOT_A_FILE:
        return InvalidParameter(f"{where} cannot be a file: {_said(failure)}", "use another name", **details)
    return StorageUnavailable(
        f"{where}: {_said(failure)}", "mend the file system, or try again later", **details
    )


def no_folder(url: str) -> StorageUnavailable:
    """The error for a root that is not there (any more)."""
    remedy = "make it (`assay add` does), or name another store"
    return StorageUnavailable(f"there is no folder {url}", remedy, store=url)


def of_s3(failure: Exception, url: str, endpoint: str, key: str = "") -> AssayError:
    """The error for what boto3 raised at a key (or at the root) of a bucket, ``endpoint`` is its host.

    ``url`` may be a queue's instead.
    """
    where, details = _at(url, key)
    remedy = f"check the network, {_endpoint_of(url)} and AWS_REGION, or try again later"
    code = code_of(failure)
    name = type(failure).__name__
    if code:
        details["s3_code"] = code
        return _of_answer(code, _status_of(failure), where, endpoint, details)
    if name in _NO_CREDENTIALS or any(part in name for part in _CREDENTIALS_FAMILY):
        why = _NO_CREDENTIALS.get(name, f"the AWS credentials could not be had ({name})")
        return Unauthorized(f"{why}, so {where} cannot be used", _SIGN_IN, **details)
    if isinstance(failure, TimeoutError) or name in ("NoAnswer", "ReadTimeoutError", "ConnectTimeoutError"):
        return StorageUnavailable(f"{where}: no answer from {endpoint} in time", remedy, **details)
    if name == "SSLError":
        return StorageUnavailable(
            f"{where}: {endpoint} has no certificate that is trusted here", "check AWS_CA_BUNDLE", **details
        )
    if name in _NOT_REACHED:
        return StorageUnavailable(f"{where}: {endpoint} cannot be reached", remedy, **details)
    if name in _BROKEN_OFF:
        return StorageUnavailable(f"{where}: {endpoint} broke the connection off", _TRY_LATER, **details)
    if name == "ParamValidationError":
        return InvalidParameter(
            f"{where} is not a name that S3 takes", "use another bucket or key", **details
        )
    return StorageUnavailable(f"{where}: the request to {endpoint} failed ({name})", remedy, **details)


def of_code(code: str, url: str, key: str) -> AssayError:
    """The error for one object of many, of which S3 tells no more than a code."""
    where, details = _at(url, key)
    return _of_answer(code, 0, where, "S3", {**details, "s3_code": code})


def bad_configuration(failure: Exception, url: str) -> AssayError:
    """The error for a client that boto3 could not even make."""
    if type(failure).__name__ == "NoRegionError":
        return InvalidParameter(
            f"no AWS region is named, so {url} cannot be used", "set AWS_REGION", store=url
        )
    if isinstance(failure, ValueError) and not code_of(failure):
        return InvalidParameter(
            f"the AWS configuration for {url} has an endpoint or a region that is none",
            f"make {_endpoint_of(url)} http(s)://host[:port] and AWS_REGION a name such as eu-central-1",
            store=url,
        )
    return of_s3(failure, url, "AWS")


def code_of(failure: Exception) -> str:
    """The code of S3's own answer, "" where there was no (whole) answer."""
    response = getattr(failure, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def may_pass(failure: Exception) -> bool:
    """Whether another attempt may do better: throttling, a server's hiccup, a connection lost."""
    code = code_of(failure)
    if code:
        return code in _TRANSIENT or code in _THROTTLED or _status_of(failure) in (429, 500, 502, 503, 504)
    name = type(failure).__name__
    return name in _BROKEN_OFF or name in _NOT_REACHED


def _of_answer(code: str, status: int, where: str, endpoint: str, details: dict[str, Any]) -> AssayError:
    if code in _UNKNOWN_KEY or status == 401:
        why = _UNKNOWN_KEY.get(code, "the credentials are not accepted")
        return Unauthorized(f"{where}: {why}", _SIGN_IN, **details)
    if status == 403 or code == "AccessDenied":
        return Forbidden(
            f"{where}: these credentials may not do that", "ask for the right to, or use others", **details
        )
    if code == "NoSuchBucket":
        return StorageUnavailable(
            f"{where}: there is no such bucket", "make it, or name another store", **details
        )
    if code in _NO_QUEUE:
        remedy = "make it, or correct the URL and AWS_REGION"
        return StorageUnavailable(f"{where}: there is no such queue", remedy, **details)
    if code in _BAD_NAMES:
        return InvalidParameter(
            f"{where} is not a name that S3 takes", "use another bucket or key", **details
        )
    if status in (301, 307, 400) and ("Redirect" in code or "Location" in code):
        return StorageUnavailable(
            f"{where} is in another region", "set AWS_REGION to the bucket's", **details
        )
    told = f"{where}: {endpoint} answered {_word(code)}"
    remedy = _TRY_LATER if status >= 500 else f"check {_endpoint_of(where)} and AWS_REGION"
    return StorageUnavailable(told, remedy, **details)


def _endpoint_of(url: str) -> str:
    """The setting that says where the service of a URL is."""
    return f"AWS_ENDPOINT_URL_{'S3' if url.startswith('s3://') else 'SQS'}"


def _status_of(failure: Exception) -> int:
    response = getattr(failure, "response", None) or {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return int(status)


def _at(url: str, key: str) -> tuple[str, dict[str, Any]]:
    if not key:
        return url, {"store": url}
    return f"{url.rstrip('/')}/{key}", {"store": url, "key": key}


def _said(failure: OSError) -> str:
    return (failure.strerror or type(failure).__name__).lower()


def _word(code: str) -> str:
    return code if code.isalnum() and len(code) < 50 else "an error"
