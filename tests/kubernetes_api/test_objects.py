"""Creating, reading and replacing objects: the same on the emulator and on kube-apiserver."""

from __future__ import annotations

import base64

import httpx
import pytest

from .space import Space, config_map, eventually, refused


def test_a_created_object_gets_what_the_server_gives(space: Space) -> None:
    metadata = space.config("one")["metadata"]
    assert metadata["namespace"] == space.name
    assert metadata["uid"]
    assert metadata["resourceVersion"].isdigit()
    assert metadata["creationTimestamp"].endswith("Z")


def test_a_create_ignores_what_only_the_server_may_write(space: Space) -> None:
    given = {"uid": "mine", "creationTimestamp": "2001-01-01T00:00:00Z"}
    metadata = space.config("one", **given)["metadata"]
    assert metadata["uid"] != "mine"
    assert not metadata["creationTimestamp"].startswith("2001")


def test_generated_names_begin_with_what_was_asked_and_differ(space: Space) -> None:
    content = config_map("unused")
    content["metadata"] = {"generateName": "wave-"}
    names = {space.post(content)["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("wave-") and len(name) == 10 for name in names)


def test_a_name_is_taken_once(space: Space) -> None:
    space.config("one")
    answer = space.http.post(space.path(), json=config_map("one"))
    assert refused(answer, 409, "AlreadyExists") == 'configmaps "one" already exists'
    assert answer.json()["details"] == {"name": "one", "kind": "configmaps"}


def test_the_group_is_named_where_there_is_one(space: Space) -> None:
    answer = space.http.get(space.path("deployments", "none", "/apis/apps/v1"))
    assert refused(answer, 404, "NotFound") == 'deployments.apps "none" not found'
    details = {"name": "none", "group": "apps", "kind": "deployments"}
    assert answer.json()["details"] == details


def test_a_namespace_must_exist(http: httpx.Client) -> None:
    answer = http.post("/api/v1/namespaces/nowhere/configmaps", json=config_map("one"))
    assert refused(answer, 404, "NotFound") == 'namespaces "nowhere" not found'


@pytest.mark.parametrize(
    ("name", "labels", "field"),
    [
        ("Upper", {}, "metadata.name"),
        ("-dash", {}, "metadata.name"),
        ("a" * 254, {}, "metadata.name"),
        ("", {}, "metadata.name"),
        ("fine", {"key": "v" * 64}, "metadata.labels"),
        ("fine", {"key": "has space"}, "metadata.labels"),
        ("fine", {"bad key": "v"}, "metadata.labels"),
        ("fine", {"Bad.Prefix/key": "v"}, "metadata.labels"),
    ],
)
def test_bad_names_and_labels_are_invalid(
    space: Space, name: str, labels: dict[str, str], field: str
) -> None:
    answer = space.http.post(space.path(), json=config_map(name, labels=labels))
    message = refused(answer, 422, "Invalid")
    assert message.startswith(f'ConfigMap "{name}" is invalid: {field}: ')
    assert answer.json()["details"]["causes"][0]["field"] == field


def test_several_faults_are_told_at_once(space: Space) -> None:
    answer = space.http.post(space.path(), json=config_map("Upper", labels={"a": "b c"}))
    refused(answer, 422, "Invalid")
    fields = [each["field"] for each in answer.json()["details"]["causes"]]
    assert fields == ["metadata.name", "metadata.labels"]


def test_long_annotations_are_invalid(space: Space) -> None:
    content = config_map("one", annotations={"a": "x" * (256 * 1024)})
    message = refused(space.http.post(space.path(), json=content), 422, "Invalid")
    assert "metadata.annotations: Too long: may not be more than 262144 bytes" in message


def test_names_of_namespaces_have_no_dots(http: httpx.Client) -> None:
    content = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "with.dot"}}
    message = refused(http.post("/api/v1/namespaces", json=content), 422, "Invalid")
    assert message.endswith('metadata.name: Invalid value: "with.dot": must not contain dots')


def test_a_built_in_kind_need_not_be_named(space: Space) -> None:
    created = space.post({"metadata": {"name": "one"}})
    assert (created["apiVersion"], created["kind"]) == ("v1", "ConfigMap")


def test_an_object_of_another_kind_is_refused(space: Space) -> None:
    content = {**config_map("one"), "kind": "Secret"}
    refused(space.http.post(space.path(), json=content), 400, "BadRequest")


def test_an_object_of_another_namespace_is_refused(space: Space) -> None:
    answer = space.http.post(space.path(), json=config_map("one", namespace="default"))
    message = refused(answer, 400, "BadRequest")
    assert "does not match the namespace sent on the request" in message


def test_what_is_not_json_is_refused(space: Space) -> None:
    headers = {"Content-Type": "application/json"}
    answer = space.http.post(space.path(), content=b"{", headers=headers)
    refused(answer, 400, "BadRequest")


def test_a_resource_version_is_refused_in_a_create(space: Space) -> None:
    answer = space.http.post(space.path(), json=config_map("one", resourceVersion="1"))
    assert answer.status_code == 500
    assert "resourceVersion should not be set on objects to be created" in answer.json()["message"]


def test_an_update_from_the_newest_state_is_taken(space: Space) -> None:
    content = space.config("one")
    content["data"] = {"tide": "ebb"}
    answer = space.http.put(space.path(name="one"), json=content)
    assert answer.status_code == 200
    assert space.get("one")["data"] == {"tide": "ebb"}
    before = content["metadata"]["resourceVersion"]
    assert answer.json()["metadata"]["resourceVersion"] != before


def test_an_update_from_an_older_state_is_a_conflict(space: Space) -> None:
    content = space.config("one")
    space.http.patch(
        space.path(name="one"),
        json={"data": {"tide": "flood"}},
        headers={"Content-Type": "application/merge-patch+json"},
    )
    content["data"] = {"tide": "ebb"}
    answer = space.http.put(space.path(name="one"), json=content)
    assert refused(answer, 409, "Conflict") == (
        'Operation cannot be fulfilled on configmaps "one": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    assert space.get("one")["data"] == {"tide": "flood"}


def test_an_update_of_another_life_is_a_conflict(space: Space) -> None:
    content = space.config("one")
    content["metadata"] |= {"uid": "of-another-life"}
    del content["metadata"]["resourceVersion"]
    answer = space.http.put(space.path(name="one"), json=content)
    assert "UID in precondition: of-another-life" in refused(answer, 409, "Conflict")


def test_an_update_without_a_version_replaces_a_built_in_kind(space: Space) -> None:
    space.config("one")
    answer = space.http.put(space.path(name="one"), json={**config_map("one"), "data": {"a": "b"}})
    assert answer.status_code == 200
    assert space.get("one")["data"] == {"a": "b"}


def test_an_update_under_another_name_is_refused(space: Space) -> None:
    space.config("one")
    answer = space.http.put(space.path(name="one"), json=config_map("two"))
    message = refused(answer, 400, "BadRequest")
    assert message == "the name of the object (two) does not match the name on the URL (one)"


def test_an_update_that_changes_nothing_leaves_the_version(space: Space) -> None:
    content = space.config("one")
    answer = space.http.put(space.path(name="one"), json=content)
    version = answer.json()["metadata"]["resourceVersion"]
    assert version == content["metadata"]["resourceVersion"]


def test_an_update_of_nothing_is_not_found(space: Space) -> None:
    answer = space.http.put(space.path("serviceaccounts", "none"), json={
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "none", "resourceVersion": "1"},
    })  # fmt: skip
    assert answer.status_code in {404, 409}


def test_plain_strings_of_a_secret_are_stored_encoded(space: Space) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}}
    created = space.post({**secret, "stringData": {"word": "mooring"}}, "secrets")
    assert created["type"] == "Opaque"
    assert base64.b64decode(created["data"]["word"]) == b"mooring"
    assert "stringData" not in created


def test_a_new_namespace_is_furnished(space: Space) -> None:
    namespace = space.http.get(f"/api/v1/namespaces/{space.name}").json()
    assert namespace["status"]["phase"] == "Active"
    assert namespace["metadata"]["labels"]["kubernetes.io/metadata.name"] == space.name
    account = space.path("serviceaccounts", "default")
    eventually(lambda: space.http.get(account).status_code == 200)
    assert "ca.crt" in space.get("kube-root-ca.crt")["data"]


def test_system_namespaces_have_an_identity(http: httpx.Client) -> None:
    paths = [f"/api/v1/namespaces/{name}" for name in ("kube-system", "default")]
    uids = {http.get(path).json()["metadata"]["uid"] for path in paths}
    assert len(uids) == 2


def test_the_status_of_a_built_in_kind_is_written_apart(space: Space) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "hold"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
        "status": {"phase": "Bound"},
    }
    created = space.post(claim, "persistentvolumeclaims")
    assert created["status"]["phase"] == "Pending"
    answer = space.http.patch(
        space.path("persistentvolumeclaims", "hold") + "/status",
        json={"status": {"phase": "Lost"}, "metadata": {}},
        headers={"Content-Type": "application/merge-patch+json"},
    )
    assert answer.json()["status"]["phase"] == "Lost"


def test_generation_counts_changes_of_the_spec_alone(space: Space) -> None:
    service = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "quay"},
        "spec": {"defaultBackend": {"service": {"name": "one", "port": {"number": 80}}}},
    }
    api = "/apis/networking.k8s.io/v1"
    assert space.post(service, "ingresses", api)["metadata"]["generation"] == 1
    path, headers = (
        space.path("ingresses", "quay", api),
        {"Content-Type": "application/merge-patch+json"},
    )
    labelled = space.http.patch(path, json={"metadata": {"labels": {"a": "b"}}}, headers=headers)
    assert labelled.json()["metadata"]["generation"] == 1
    respecified = space.http.patch(path, json={"spec": {"ingressClassName": "x"}}, headers=headers)
    assert respecified.json()["metadata"]["generation"] == 2


def test_a_group_that_is_not_served_is_a_plain_page(http: httpx.Client) -> None:
    for path in ("/apis/nothing.example.com/v1/boats", "/apis/nothing.example.com/v1", "/boats"):
        answer = http.get(path)
        assert (answer.status_code, answer.text) == (404, "404 page not found\n")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/namespaces/default/boats",
        "/api/v1/namespaces/default/boats/one",
        "/api/v1/namespaces/default/nodes",
        "/api/v1/namespaces/default/configmaps/kube-root-ca.crt/status",
        "/api/v1/configmaps/one",
        "/apis/apps/v1/boats",
        "/apis/apps/v9",
    ],
)
def test_what_is_not_served_within_a_group_is_not_found(http: httpx.Client, path: str) -> None:
    message = refused(http.get(path), 404, "NotFound")
    assert message == "the server could not find the requested resource"


def test_a_collection_of_all_namespaces_takes_no_objects(http: httpx.Client) -> None:
    answer = http.post("/api/v1/configmaps", json=config_map("one"))
    refused(answer, 405, "MethodNotAllowed")
