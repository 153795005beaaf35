"""A bucket: what the fleet file says holds, refusals are told apart, uploads leave nothing."""

from __future__ import annotations

import os
import traceback

import pytest

from slackwater.errors import (
    BackendUnavailable,
    PermanentBackendError,
    PermissionDenied,
    SecretError,
    Throttled,
    TransientBackendError,
)
from slackwater.model.finding import Severity

from .conftest import ACCESS, SECRET

MIB = 1024 * 1024


@pytest.fixture
def stage(bucket_stage):
    return bucket_stage


def refuse(stage, status: int, code: str, *, of: str = "", after: int = 0) -> None:
    """Refuse requests that contain a text, once some of them have passed."""
    seen = []

    def fault(request: str):
        seen.extend([request] * (of in request))
        return (status, code) if of in request and len(seen) > after else None

    stage.service.fault = fault


@pytest.mark.parametrize(
    ("status", "code", "kind", "hint"),
    [
        (403, "AccessDenied", PermissionDenied, "give the key the right"),
        (403, "InvalidAccessKeyId", PermissionDenied, "access_key"),
        (403, "SignatureDoesNotMatch", PermissionDenied, "secret_key"),
        (403, "RequestTimeTooSkewed", PermissionDenied, "clock"),
        (401, "Unauthorized", PermissionDenied, "give the key the right"),
        (404, "NoSuchBucket", PermanentBackendError, "make the bucket"),
        (400, "InvalidRequest", PermanentBackendError, ""),
        (429, "TooManyRequests", Throttled, ""),
        (503, "SlowDown", Throttled, ""),
        (500, "InternalError", BackendUnavailable, ""),
        (502, "BadGateway", BackendUnavailable, ""),
    ],
)
@pytest.mark.parametrize("call", ["list", "get", "create", "write", "delete"])
def test_each_refusal_is_of_its_kind_with_the_services_words(stage, status, code, kind, hint, call):
    refuse(stage, status, code)
    calls = {
        "list": lambda: list(stage.store.manifests()),
        "get": lambda: stage.store.manifest("one"),
        "create": lambda: stage.publish("one"),
        "write": lambda: stage.store.write("one", "db", [b"plain"]),
        "delete": lambda: stage.store.delete("one"),
    }
    with pytest.raises(kind) as caught:
        calls[call]()
    assert code in str(caught.value)
    assert f"{stage.service.endpoint}/dr/prod" in str(caught.value)
    assert hint in caught.value.hint
    assert isinstance(caught.value, TransientBackendError) == (
        kind in (Throttled, BackendUnavailable)
    )


def test_a_service_that_is_away_is_unavailable(stage, service):
    service.close()
    with pytest.raises(BackendUnavailable, match=r"does not answer: .*refused"):
        stage.store.manifest("one")


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_service_that_goes_away_during_an_upload_leaves_nothing_behind(stage, after):
    """The upload is given up where the service can still hear it, and counts nowhere."""
    refuse(stage, 500, "InternalError", of="partNumber=", after=after)
    incompressible = (os.urandom(MIB) for _ in range(40))
    with pytest.raises(BackendUnavailable, match="InternalError"):
        stage.store.write("one", "db", incompressible)
    assert stage.objects == {}
    assert stage.service.uploads == {}


def test_an_upload_that_is_stopped_is_given_up(stage):
    def source():
        yield os.urandom(20 * MIB)
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        stage.store.write("one", "db", source())
    assert stage.service.uploads == {}


def test_an_upload_passes_a_short_fault_of_the_service(stage, tmp_path):
    failures = iter([(503, "SlowDown")])
    stage.service.fault = lambda request: next(failures, None) if "partNumber" in request else None
    artefact = stage.store.write("one", "db", [b"plain"])
    stage.store.read(artefact, tmp_path / "db")
    assert (tmp_path / "db").read_bytes() == b"plain"


AMBIENT = {
    "AWS_ACCESS_KEY_ID": "AKIAMBIENT",
    "AWS_SECRET_ACCESS_KEY": "ambient-secret",
    "AWS_SESSION_TOKEN": "ambient-token",
    "AWS_PROFILE": "ambient",
    "AWS_REGION": "mars-north-1",
    "AWS_DEFAULT_REGION": "mars-north-1",
    "AWS_ENDPOINT": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
    "AWS_SKIP_SIGNATURE": "true",
    "AWS_UNSIGNED_PAYLOAD": "true",
    "AWS_REQUEST_PAYER": "true",
    "AWS_S3_EXPRESS": "true",
    "AWS_ROLE_ARN": "arn:aws:iam::1:role/ambient",
    "AWS_METADATA_ENDPOINT": "http://127.0.0.1:9",
    "AWS_ALLOW_INVALID_CERTIFICATES": "true",
    "AWS_CONDITIONAL_PUT": "disabled",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/",
}


def test_what_the_environment_says_of_s3_is_ignored_where_the_file_gives_keys(stage, monkeypatch):
    for name, value in AMBIENT.items():
        monkeypatch.setenv(name, value)

    stage.publish("one")
    stage.publish("one")
    assert stage.store.check()

    signed = [headers["authorization"] for headers in stage.service.headers]
    assert signed
    assert all(f"Credential={ACCESS}/" in one and "/us-east-1/s3/" in one for one in signed)
    told = str(stage.service.headers) + str(stage.service.requests)
    assert "ambient" not in told.lower()
    assert "x-amz-security-token" not in told
    assert "x-amz-request-payer" not in told
    assert "UNSIGNED" not in told


@pytest.mark.parametrize(
    ("changes", "endpoint"),
    [
        ({"path_style": True}, "https://s3.example.org:9000"),
        ({"path_style": False}, "https://dr.s3.example.org:9000"),
        ({"path_style": False, "endpoint": None}, "https://dr.s3.us-east-1.amazonaws.com"),
        ({"endpoint": None, "region": "eu-west-1"}, "https://s3.eu-west-1.amazonaws.com"),
    ],
)
def test_a_bucket_is_in_the_hosts_name_unless_the_path_is_asked_for(stage, changes, endpoint):
    store = stage.open(**{"endpoint": "https://s3.example.org:9000", **changes})
    assert store._shelf._endpoint() == endpoint


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        (
            {"endpoint": "https://S3.Example.org/", "url": "s3://dr/prod/"},
            "https://s3.example.org/dr/prod",
        ),
        ({"endpoint": None, "url": "s3://dr/prod"}, "s3://dr/prod"),
        ({"endpoint": None, "url": "s3://dr"}, "s3://dr"),
    ],
)
def test_the_identity_is_the_same_for_everybody(stage, changes, address):
    assert stage.open(**changes).identity == address


def test_secrets_are_asked_for_with_the_first_call_and_not_before(stage):
    assert stage.asked == []
    list(stage.store.manifests())
    list(stage.store.manifests())
    assert stage.asked == ["env:ACCESS", "env:SECRET"]


def test_a_secret_that_is_missing_is_an_error_of_its_own(stage):
    def secret(reference: str) -> str:
        raise SecretError(f"{reference}: the environment variable is not set")

    stage.secret = secret
    with pytest.raises(SecretError, match="env:ACCESS"):
        list(stage.open().manifests())
    assert "store-unavailable" in [finding.code for finding in stage.open().check()]


@pytest.mark.parametrize("answer", [(403, "SignatureDoesNotMatch"), (500, "InternalError")])
def test_no_secret_is_in_what_is_raised_or_shown(stage, answer):
    list(stage.store.manifests())
    stage.service.fault = lambda _: answer
    with pytest.raises((PermissionDenied, BackendUnavailable)) as caught:
        stage.store.manifest("one")
    told = "".join(traceback.format_exception(caught.value))
    shown = repr(stage.store) + repr(vars(stage.store)) + repr(vars(stage.store._shelf))
    assert SECRET not in told + shown
    assert "authorization" not in told.lower()


def found(store) -> dict[str, Severity]:
    return {finding.code: finding.severity for finding in store.check()}


def test_plain_http_is_a_warning(stage):
    assert found(stage.store) == {"store-plain-http": Severity.WARNING}


def test_a_store_that_cannot_be_read_stops_restores(stage):
    refuse(stage, 403, "AccessDenied")
    (finding,) = (f for f in stage.store.check() if f.code == "store-unavailable")
    assert finding.stops_restores
    assert "AccessDenied" in finding.message
    assert finding.way_out


def test_a_store_that_cannot_be_written_stops_backups_only(stage):
    refuse(stage, 403, "AccessDenied", of="PUT")
    (finding,) = (f for f in stage.store.check() if f.code == "store-unavailable")
    assert finding.severity is Severity.ERROR
    assert not finding.stops_restores


def test_a_service_without_conditional_writes_is_an_error(stage):
    stage.service.conditional = False
    assert found(stage.store)["store-not-conditional"] is Severity.ERROR
    assert stage.objects == {}


def test_recipients_that_belong_to_no_identity_here_are_an_error(stage, another_identity):
    store = stage.open(encrypt_to=(str(another_identity.to_public()),))
    assert found(store)["recipient-unmatched"] is Severity.ERROR


def test_many_orphans_are_deleted_in_few_requests(stage):
    for number in range(1_500):
        stage.put(f"keeper/artefacts/one/{number}/db.zst.age", b"x")
    stage.store.delete("one")
    assert stage.objects == {}
    assert len(stage.service.requests) < 10


def hidden(service, looks: int):
    """Let the service write a manifest for another when it is asked to, and hide it for a while."""
    left = [looks]

    def fault(request: str):
        method, _, path = request.partition(" ")
        if "/manifests/" not in path:
            return None
        if method == "PUT":
            return 412, "PreconditionFailed"
        left[0] -= 1
        return (404, "NoSuchKey") if left[0] >= 0 else None

    service.fault = fault


def test_a_manifest_that_is_told_before_it_is_shown_is_waited_for(stage, service):
    first = stage.publish("one", b"first")
    hidden(service, looks=3)
    assert stage.publish("one", b"second") == first
    assert [key for key in stage.objects if "artefacts" in key] == [
        f"keeper/{first.artefacts[0].key}"
    ]


def test_a_manifest_that_is_told_and_never_shown_may_be_there_later(stage, service, monkeypatch):
    monkeypatch.setattr("slackwater.stores.artefact_store._LOOKS", 2)
    hidden(service, looks=99)
    with pytest.raises(BackendUnavailable, match='refuses the manifest "one" as written already'):
        stage.publish("one", b"second")


def test_what_another_deletes_at_the_same_moment_ends_no_deletion(stage, service):
    for part in ("one", "two"):
        stage.put(f"keeper/artefacts/point/0/{part}.zst.age", b"")
    service.kept = {"prod/keeper/artefacts/point/0/one.zst.age": "NoSuchKey"}
    stage.store.delete("point")
    assert list(stage.objects) == ["keeper/artefacts/point/0/one.zst.age"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccessDenied", PermissionDenied),
        ("InternalError", BackendUnavailable),
        ("SlowDown", Throttled),
        ("ObjectLocked", PermanentBackendError),
    ],
)
def test_a_refusal_within_a_deletion_of_many_is_of_its_kind(stage, service, code, kind):
    stage.publish("one")
    service.kept = dict.fromkeys(service.objects, code)
    with pytest.raises(kind, match=rf"answers: {code}: {code} by the test$"):
        stage.store.delete("one")
