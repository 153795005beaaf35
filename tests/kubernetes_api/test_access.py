"""Rights: the same on the emulator and on kube-apiserver."""

from __future__ import annotations

import httpx
import pytest

from .space import Object, config_map, refused

REVIEWS = "/apis/authorization.k8s.io/v1"


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        (
            "GET",
            "/api/v1/namespaces/default/configmaps",
            (
                'configmaps is forbidden: User "stranger" cannot list resource "configmaps" '
                'in API group "" in the namespace "default"'
            ),
        ),
        (
            "GET",
            "/apis/apps/v1/deployments",
            (
                'deployments.apps is forbidden: User "stranger" cannot list resource "deployments" '
                'in API group "apps" at the cluster scope'
            ),
        ),
        (
            "GET",
            "/api/v1/namespaces/default/secrets/key",
            (
                'secrets "key" is forbidden: User "stranger" cannot get resource "secrets" '
                'in API group "" in the namespace "default"'
            ),
        ),
        (
            "DELETE",
            "/api/v1/namespaces/default",
            (
                'namespaces "default" is forbidden: User "stranger" cannot delete resource '
                '"namespaces" in API group "" in the namespace "default"'
            ),
        ),
        (
            "GET",
            "/apis/nothing.example.com/v1/boats",
            (
                'boats.nothing.example.com is forbidden: User "stranger" cannot list resource '
                '"boats" in API group "nothing.example.com" at the cluster scope'
            ),
        ),
    ],
)
def test_missing_rights_are_named(
    stranger: httpx.Client, method: str, path: str, message: str
) -> None:
    assert refused(stranger.request(method, path), 403, "Forbidden") == message


def test_a_create_without_rights_has_no_effect(stranger: httpx.Client, http: httpx.Client) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    refused(stranger.post(path, json=config_map("forbidden")), 403, "Forbidden")
    assert http.get(f"{path}/forbidden").status_code == 404


def test_an_unknown_token_is_unauthorised(http: httpx.Client) -> None:
    headers = {"Authorization": "Bearer of-nobody"}
    with httpx.Client(base_url=http.base_url, verify=False) as nobody:  # noqa: S501  no secret goes
        answer = nobody.get("/api/v1/namespaces", headers=headers)
    assert refused(answer, 401, "Unauthorized") == "Unauthorized"


def review(kind: str, spec: Object) -> Object:
    return {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}


def may(client: httpx.Client, **attributes: str) -> bool:
    asked = review("SelfSubjectAccessReview", {"resourceAttributes": attributes})
    answer = client.post(f"{REVIEWS}/selfsubjectaccessreviews", json=asked)
    assert answer.status_code == 201, answer.text
    allowed: bool = answer.json()["status"]["allowed"]
    return allowed


def test_a_review_answers_what_a_request_would_meet(
    http: httpx.Client, stranger: httpx.Client
) -> None:
    asked = {"verb": "create", "group": "apps", "resource": "deployments", "namespace": "default"}
    assert may(http, **asked)
    assert not may(stranger, **asked)


def test_a_review_lists_the_rules(http: httpx.Client) -> None:
    asked = review("SelfSubjectRulesReview", {"namespace": "default"})
    answer = http.post(f"{REVIEWS}/selfsubjectrulesreviews", json=asked)
    assert answer.status_code == 201
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    assert everything in answer.json()["status"]["resourceRules"]
