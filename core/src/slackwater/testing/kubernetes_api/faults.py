"""Faults on demand: what goes wrong, at which request, how often."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

from slackwater.testing.kubernetes_api.requests import Call
from slackwater.testing.kubernetes_api.status import (
    MODIFIED,
    ApiError,
    expired,
    qualified,
    unauthorized,
)


@dataclass(frozen=True, slots=True)
class Refuse:
    """The request is answered with an error and has no effect. `retry_after`: whole seconds."""

    code: int
    retry_after: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Slow:
    """The answer waits this many seconds; then the request is handled as usual."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection is closed without an answer, before or after the request had its effect."""

    after_effect: bool = False


@dataclass(frozen=True, slots=True)
class Tear:
    """The answer breaks off half-way: its head promises more than comes."""


Answer = Refuse | Slow | Cut | Tear


@dataclass(slots=True)
class Fault:
    """One fault in waiting. `hits` counts how often it has struck; `times` None: for ever."""

    verb: str
    path: re.Pattern[str]
    answer: Answer
    times: int | None
    hits: int = 0

    def strikes(self, call: Call) -> bool:
        """Whether a request is one that it was made for, and its number is not used up."""
        left = self.times is None or self.hits < self.times
        return left and self.verb in {"*", call.verb} and bool(self.path.search(call.path))


class Faults:
    """The faults of one server; of those that fit a request, the one added first strikes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, verb: str, path: str, answer: Answer | int, *, times: int | None = 1) -> Fault:
        """Let something go wrong with requests of a verb ("*": any) to paths that hold a pattern.

        `path` is a regular expression that is searched in the path; a number stands for `Refuse`.
        """
        told = Refuse(answer) if isinstance(answer, int) else answer
        fault = Fault(verb, re.compile(path), told, times)
        with self._lock:
            self._faults.append(fault)
        return fault

    @property
    def struck(self) -> bool:
        """Whether there are faults, and each has struck at least once."""
        with self._lock:
            return bool(self._faults) and all(fault.hits for fault in self._faults)

    def clear(self) -> None:
        """Let everything go well again."""
        with self._lock:
            self._faults.clear()

    def strike(self, call: Call) -> Answer | None:
        """Return what goes wrong with a request, if anything, and count it."""
        with self._lock:
            for fault in self._faults:
                if fault.strikes(call):
                    fault.hits += 1
                    return fault.answer
        return None


def refusal(answer: Refuse, call: Call) -> ApiError:
    """Return the error that a server would give to this request under that code."""
    subject = f'{qualified(call.group, call.plural)} "{call.name}"'
    known = {
        401: unauthorized(),
        403: ApiError(403, "Forbidden", f"{subject} is forbidden: refused on demand"),
        404: ApiError(404, "NotFound", f"{subject} not found"),
        409: _collision(call, subject),
        410: expired("The provided continue parameter is too old"),
        429: ApiError(
            429,
            "TooManyRequests",
            "the server has received too many requests and has asked us to try again later",
        ),
        500: ApiError(500, "InternalError", "Internal error occurred: failed on demand"),
        503: ApiError(
            503, "ServiceUnavailable", "the server is currently unable to handle the request"
        ),
    }
    error = known.get(answer.code) or ApiError(answer.code, "", "refused on demand")
    error.message = answer.message or error.message
    error.retry_after = answer.retry_after
    return error


def _collision(call: Call, subject: str) -> ApiError:
    if call.verb == "create":
        return ApiError(409, "AlreadyExists", f"{subject} already exists")
    message = f"Operation cannot be fulfilled on {subject}: {MODIFIED}"
    return ApiError(409, "Conflict", message)
