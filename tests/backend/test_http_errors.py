"""What an HTTP API answers, as a backend's errors."""

from __future__ import annotations

import httpx
import pytest

from slackwater.backend.http_errors import HttpErrors
from slackwater.errors import (
    BackendUnavailable,
    PermanentBackendError,
    PermissionDenied,
    RecoveryPointNotFound,
    Throttled,
)

TOKEN = "canary-token"


def ask(answer, missing=None):
    """Make a request that is answered so; return the error that comes of it."""
    client = httpx.Client(transport=httpx.MockTransport(answer), base_url="https://tool.example")
    header = {"Authorization": f"Bearer {TOKEN}"}
    with (
        client,
        pytest.raises(Exception) as raised,
        HttpErrors("tool").translated("eu", "list points", missing),
    ):
        client.get("/points", headers=header).raise_for_status()
    return raised.value


def says(status, text="", **headers):
    return lambda request: httpx.Response(status, text=text, headers=headers)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, PermanentBackendError),
        (401, PermissionDenied),
        (403, PermissionDenied),
        (404, PermanentBackendError),
        (408, BackendUnavailable),
        (409, PermanentBackendError),
        (429, Throttled),
        (500, BackendUnavailable),
        (503, BackendUnavailable),
    ],
)
def test_a_status_tells_what_may_pass_by_itself(status, kind):
    error = ask(says(status, "the tool's\n own words"))
    assert type(error) is kind
    assert "the tool's own words" in str(error)
    assert (error.backend, error.cluster) == ("tool", "eu")
    assert isinstance(error.__cause__, httpx.HTTPStatusError)


def test_what_is_missing_is_what_the_call_says():
    assert type(ask(says(404), RecoveryPointNotFound)) is RecoveryPointNotFound
    assert type(ask(says(500), RecoveryPointNotFound)) is BackendUnavailable


@pytest.mark.parametrize(("asked", "seconds"), [("7", 7.0), ("", 0.0), ("tomorrow", 0.0)])
def test_too_many_requests_tell_how_long_to_wait(asked, seconds):
    assert ask(says(429, **{"Retry-After": asked})).retry_after == seconds


def test_silence_is_transient_and_names_no_secret():
    def refuse(request):
        raise httpx.ConnectError("refused", request=request)

    error = ask(refuse)
    assert type(error) is BackendUnavailable
    assert "ConnectError: refused" in str(error)
    assert TOKEN not in f"{error} {vars(error)} {error.__cause__!r}"


def test_a_long_answer_is_cut():
    assert len(str(ask(says(500, "x" * 10_000)))) < 400


def test_a_tool_may_keep_its_words_in_a_field_and_sort_for_itself():
    class Own(HttpErrors):
        def words(self, response):
            return response.json()["detail"]

    error = Own("tool").sort(httpx.Response(422, json={"detail": "no such plan"}), "start")
    assert error == (PermanentBackendError, "cannot start: 422 no such plan")
