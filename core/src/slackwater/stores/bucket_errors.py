"""What an S3 service refuses, or the way to it, in our words: transient or permanent.

The library tells status and answer in its text only. The service's own code and words are kept;
what stands around them is not: an answer may repeat the request with all of its headers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from slackwater.errors import (
    BackendError,
    BackendUnavailable,
    PermanentBackendError,
    PermissionDenied,
    Throttled,
)

_TOO_QUICK = {"SlowDown", "TooManyRequests", "RequestLimitExceeded"}
_WILL_PASS = {"NoSuchUpload", "RequestTimeout", "OperationAborted", "InternalError"}
_WAYS_OUT = {
    "NoSuchBucket": "make the bucket, or correct the store's url",
    "RequestTimeTooSkewed": "set this machine's clock right",
    "InvalidAccessKeyId": "correct the store's access_key",
    "SignatureDoesNotMatch": "correct the store's secret_key",
    "AccessDenied": "give the key the right to list, get, put and delete below the store's prefix",
    "UnknownIssuer": "name the authority of the endpoint's certificate as the store's ca",
}


@dataclass(frozen=True)
class _Answer:
    status: int
    code: str
    words: str

    @classmethod
    def of(cls, error: BaseException) -> Self:
        said, _, debug = str(error).partition("\n\nDebug source")
        if of_one_key := re.search(r"failed for key [^:]*: (.*) \(code: (\w+)\)$", said, re.DOTALL):
            words, code = of_one_key.groups()
            return cls(200, code, words)  # that of the whole deletion, which went well otherwise
        status = re.search(r"status code: (\d{3})([^:<]*)", said)
        code = _element("Code", said) or _certificate(debug)
        words = _element("Message", said) or (status and status[2].strip())
        words = words or _os_words(debug) or said.rpartition(" - ")[2].splitlines()[0]
        return cls(int(status[1]) if status else 0, code, words)


def explained(error: BaseException, place: str) -> BackendError:
    """Return our error for one of the library's. ``place`` names endpoint and bucket."""
    answer = _Answer.of(error)
    told = ": ".join(part for part in (answer.code, answer.words) if part)
    message = f"the store {place} answers: {told}"
    hint = _WAYS_OUT.get(answer.code, "")
    if answer.status == 429 or answer.code in _TOO_QUICK:
        return Throttled(message, retry_after=0.0)
    if answer.status >= 500 or answer.code in _WILL_PASS:
        return BackendUnavailable(message, hint=hint)
    if answer.status in (401, 403) or answer.code == "AccessDenied":
        return PermissionDenied(message, hint=hint or _WAYS_OUT["AccessDenied"])
    if answer.status:
        return PermanentBackendError(message, hint=hint)
    message = f"the store {place} does not answer: {told}"
    return BackendUnavailable(
        message, hint=hint or "see that its endpoint can be reached from here"
    )


def is_about_an_object(error: BaseException) -> bool:
    """Whether a "not found" means the object, and not the bucket, a user or an upload."""
    return _Answer.of(error).code in ("NoSuchKey", "")


def is_gone(error: BaseException) -> bool:
    """Whether what was to be deleted is not there."""
    return _Answer.of(error).code == "NoSuchKey"


def _element(name: str, text: str) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return found[1] if found else ""


def _certificate(debug: str) -> str:
    found = re.search(r"InvalidCertificate\(\s*(\w+)", debug)
    return found[1] if found else ""


def _os_words(debug: str) -> str:
    found = re.search(r'message: "([^"]*)"', debug)
    return found[1] if found else ""
