"""Files behind signed URLs: unpacked within bounds, checked by the right CA, never shown."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import ssl
import traceback
from dataclasses import replace

import httpx
import pytest
import respx

from slackwater_velero.downloads import Missing, Target
from slackwater_velero.fetching import FetchFailed, fetch, unpack
from slackwater_velero.locations import authority_of, read_locations

URL = "https://s3.example.org/backups/b/b-results.gz?X-Amz-Signature=canary-7be1&X-Amz-Expires=600"
CANARY = "canary-7be1"


@pytest.fixture
def trust():
    return ssl.create_default_context()


@respx.mock
def test_the_signature_is_sent_and_the_file_unpacked(trust):
    route = respx.get(URL).respond(content=gzip.compress(b'{"a": 1}'))

    assert fetch(URL, trust) == b'{"a": 1}'
    assert CANARY in str(route.calls.last.request.url)


@respx.mock
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(404, content=b"<Code>NoSuchKey</Code>"), "no such file"),
        (httpx.Response(403, content=b"<Code>AccessDenied</Code>"), "answered 403"),
        (httpx.Response(307, headers={"Location": "https://elsewhere"}), "answered 307"),
        (httpx.Response(200, content=b"<html>log in</html>"), "not readable gzip"),
        (httpx.Response(200, content=gzip.compress(b"x" * 9000)[:-12]), "ends too early"),
        (httpx.Response(200, content=b""), "ends too early"),
        (httpx.ConnectError("connection refused"), "connection refused"),
        (httpx.ReadTimeout(""), "ReadTimeout"),
    ],
)
def test_what_goes_wrong_is_told_without_the_signature(trust, caplog, answer, said):
    caplog.set_level(logging.DEBUG)
    respx.get(URL).mock(side_effect=[answer])

    with pytest.raises(FetchFailed, match=said) as raised:
        fetch(URL, trust)

    shown = caplog.text + "".join(traceback.format_exception(raised.value))
    assert CANARY not in shown


@respx.mock
def test_a_download_that_goes_well_logs_no_signature(trust, caplog):
    caplog.set_level(logging.DEBUG)
    respx.get(URL).respond(content=gzip.compress(b"{}"))

    fetch(URL, trust)

    assert "s3.example.org" in caplog.text
    assert CANARY not in caplog.text


def test_a_bomb_does_not_fill_the_memory():
    bomb = gzip.compress(bytes(5_000_000))

    with pytest.raises(FetchFailed, match="larger than"):
        unpack([bomb[n : n + 100] for n in range(0, len(bomb), 100)], largest=1024 * 1024)


def test_a_file_of_exactly_the_bound_is_fine():
    assert len(unpack([gzip.compress(bytes(1000))], largest=1000)) == 1000


def test_a_url_that_is_none_is_told(trust):
    with pytest.raises(FetchFailed, match="no URL"):
        fetch("https://s3.example.org:port/file", trust)


def files_of(emulated, **settings):
    backend = emulated.backend(**settings)
    location = read_locations(backend._velero)["default"]
    return backend, location, backend._downloads


def test_requests_are_removed_after_use(emulated):
    _, location, downloads = files_of(emulated)

    downloads.read([Target.BACKUP_LOG, Target.BACKUP_RESULTS], "never-made", location)

    assert emulated.api.list("downloadrequests.velero.io", "velero") == []


def test_a_server_that_is_down_is_told_after_a_bounded_wait(emulated):
    emulated.velero.kill("east")
    _, location, downloads = files_of(emulated, answer_within=0.2)

    answer = downloads.read([Target.BACKUP_LOG], "b", location)[Target.BACKUP_LOG]

    assert isinstance(answer, Missing)
    assert "did not answer" in answer.reason
    assert emulated.api.list("downloadrequests.velero.io", "velero") == []


def test_certificates_that_are_none_are_told(emulated):
    _, location, downloads = files_of(emulated)
    broken = replace(
        location,
        storage=type(location.storage)(
            bucket="b", ca_cert=base64.b64encode(b"no certificate").decode()
        ),
    )

    answer = downloads.read([Target.BACKUP_LOG], "b", broken)[Target.BACKUP_LOG]

    assert isinstance(answer, Missing)
    assert "CA certificates" in answer.reason


def test_the_certificates_of_a_location_and_of_the_user_are_trusted(emulated, recorded):
    pem = base64.b64decode(_recorded_authority(recorded)).decode()
    _, location, downloads = files_of(emulated, ca=pem)

    subjects = [each["subject"] for each in downloads._trust(location).get_ca_certs()]

    assert ((("commonName", "slackwater testbed"),),) in subjects


def test_certificates_in_a_secret_are_found(emulated, recorded):
    authority = _recorded_authority(recorded)
    emulated.api.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "store-ca", "namespace": "velero"},
            "data": {"ca.crt": authority},
        }
    )
    change = {"spec": {"objectStorage": {"caCertRef": {"name": "store-ca", "key": "ca.crt"}}}}
    emulated.api.patch("backupstoragelocations.velero.io", "default", change, "velero")
    backend, location, _ = files_of(emulated)

    assert authority_of(backend._velero, location) == base64.b64decode(authority)
    assert backend.list_stores()[0].details["caCert"] == authority


def test_a_location_may_say_not_to_check(emulated):
    _, location, downloads = files_of(emulated)
    careless = replace(location, config={"insecureSkipTLSVerify": "true"})

    assert downloads._trust(location).verify_mode is ssl.CERT_REQUIRED
    assert downloads._trust(careless).verify_mode is ssl.CERT_NONE


def _recorded_authority(recorded):
    return json.loads(recorded("location.json"))["spec"]["objectStorage"]["caCert"]
