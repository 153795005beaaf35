"""Faults on demand, rights per token, the clock: what only the emulator can do."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from slackwater.testing.kubernetes_api import (
    Cut,
    KubernetesApi,
    Refuse,
    Rule,
    Server,
    Slow,
    Tear,
    serve,
)

from .space import config_map, refused

PATH = "/api/v1/namespaces/default/configmaps"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "NotFound"),
        (409, "AlreadyExists"),
        (410, "Expired"),
        (429, "TooManyRequests"),
        (500, "InternalError"),
        (503, "ServiceUnavailable"),
    ],
)
def test_a_request_is_refused_as_often_as_asked(
    server: Server, client: httpx.Client, code: int, reason: str
) -> None:
    fault = server.faults.add("create", "/configmaps$", code, times=2)
    for _ in range(2):
        refused(client.post(PATH, json=config_map("one")), code, reason)
    assert client.get(f"{PATH}/one").status_code == 404
    assert client.post(PATH, json=config_map("one")).status_code == 201
    assert fault.hits == 2


def test_throttling_says_when_to_come_back(server: Server, client: httpx.Client) -> None:
    server.faults.add("list", ".*", Refuse(429, retry_after=7))
    answer = client.get(PATH)
    refused(answer, 429, "TooManyRequests")
    assert answer.headers["Retry-After"] == "7"
    assert answer.json()["details"]["retryAfterSeconds"] == 7


def test_a_fault_strikes_only_what_it_was_made_for(server: Server, client: httpx.Client) -> None:
    server.faults.add("delete", ".*", 500)
    server.faults.add("*", "/secrets", 500)
    assert client.get(PATH).status_code == 200
    assert client.get("/api/v1/secrets").status_code == 500


def test_a_lasting_fault_ends_when_cleared(server: Server, client: httpx.Client) -> None:
    server.faults.add("*", ".*", 500, times=None)
    assert [client.get(PATH).status_code for _ in range(3)] == [500, 500, 500]
    server.faults.clear()
    assert client.get(PATH).status_code == 200


def test_a_torn_answer_promises_more_than_comes(server: Server, client: httpx.Client) -> None:
    server.faults.add("create", "/configmaps$", Tear())
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        client.post(PATH, json=config_map("one"))
    assert client.get(f"{PATH}/one").status_code == 200


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_cut_connection_brings_no_answer(
    server: Server, client: httpx.Client, after_effect: bool
) -> None:
    server.faults.add("create", "/configmaps$", Cut(after_effect=after_effect))
    with pytest.raises(httpx.TransportError):
        client.post(PATH, json=config_map("one"))
    assert (client.get(f"{PATH}/one").status_code == 200) is after_effect


def test_a_slow_answer_outlasts_an_impatient_client(server: Server, client: httpx.Client) -> None:
    server.faults.add("list", ".*", Slow(seconds=5))
    with pytest.raises(httpx.ReadTimeout):
        client.get(PATH, timeout=0.05)
    assert client.get(PATH).status_code == 200


def test_a_slow_answer_does_not_hold_up_others(server: Server, client: httpx.Client) -> None:
    server.faults.add("list", "/configmaps$", Slow(seconds=0.3))
    answers: list[str] = []

    def slowly() -> None:
        httpx.get(f"{server.url}{PATH}")
        answers.append("slow")

    thread = threading.Thread(target=slowly)
    thread.start()
    while not server.calls:
        assert thread.is_alive()
    client.get("/version")
    answers.append("quick")
    thread.join()
    assert answers == ["quick", "slow"]


def test_a_list_begun_expires_and_can_go_on_with_a_fresh_token(
    server: Server, client: httpx.Client
) -> None:
    for name in ("a", "b", "c"):
        server.api.create({**config_map(name), "metadata": {"name": name, "namespace": "default"}})
    parameters: dict[str, Any] = {"limit": 1}
    parameters["continue"] = client.get(PATH, params=parameters).json()["metadata"]["continue"]
    server.expire_continue_tokens()
    answer = client.get(PATH, params=parameters)
    message = refused(answer, 410, "Expired")
    assert message.startswith("The provided continue parameter is too old")
    server.api.delete("configmaps", "b", "default")
    parameters["continue"] = answer.json()["metadata"]["continue"]
    assert client.get(PATH, params=parameters).json()["items"][0]["metadata"]["name"] == "c"


def test_a_watch_from_a_forgotten_past_is_told_so(server: Server, client: httpx.Client) -> None:
    server.expire_continue_tokens()
    answer = client.get(PATH, params={"watch": "true", "resourceVersion": "1"})
    event = json.loads(answer.text)
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)
    assert event["object"]["message"].startswith("too old resource version: 1")


def test_a_token_may_do_what_its_rules_grant(server: Server, client: httpx.Client) -> None:
    reads = Rule(verbs=("get", "list"), resources=("configmaps",), namespace="default")
    server.rights("of-a-reader", reads, user="reader")
    headers = {"Authorization": "Bearer of-a-reader"}
    assert client.get(PATH, headers=headers).status_code == 200
    message = refused(client.post(PATH, json=config_map("one"), headers=headers), 403, "Forbidden")
    assert message == (
        'configmaps is forbidden: User "reader" cannot create resource "configmaps" '
        'in API group "" in the namespace "default"'
    )
    refused(client.get("/api/v1/configmaps", headers=headers), 403, "Forbidden")
    refused(client.get("/api/v1/namespaces", headers=headers), 403, "Forbidden")


def test_a_rule_may_name_its_objects(server: Server, client: httpx.Client) -> None:
    rule = Rule(verbs=("get",), resources=("configmaps",), names=("kube-root-ca.crt",))
    server.rights("narrow", rule, user="reader")
    headers = {"Authorization": "Bearer narrow"}
    assert client.get(f"{PATH}/kube-root-ca.crt", headers=headers).status_code == 200
    refused(client.get(f"{PATH}/other", headers=headers), 403, "Forbidden")


def test_a_rules_review_lists_what_holds_in_a_namespace(
    server: Server, client: httpx.Client
) -> None:
    here = Rule(verbs=("get",), resources=("pods",), namespace="default")
    there = Rule(verbs=("list",), resources=("pods",), namespace="kube-system")
    server.rights("two", here, there, user="reader")
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": "default"},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    answer = client.post(path, json=review, headers={"Authorization": "Bearer two"})
    rules = answer.json()["status"]["resourceRules"]
    assert rules == [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]


def test_a_token_can_expire_while_it_is_in_use(server: Server, client: httpx.Client) -> None:
    server.rights("short-lived", Rule(("*",), ("*",), ("*",)), user="visitor")
    headers = {"Authorization": "Bearer short-lived"}
    assert client.get(PATH, headers=headers).status_code == 200
    server.revoke("short-lived")
    refused(client.get(PATH, headers=headers), 401, "Unauthorized")


def test_a_server_with_a_token_wants_one(api: KubernetesApi, tmp_path: Path) -> None:
    with serve(api, token="of-the-admin") as server:
        refused(httpx.get(f"{server.url}{PATH}"), 401, "Unauthorized")
        config = yaml.safe_load(server.kubeconfig(tmp_path / "config", context="c").read_text())
        token = config["users"][0]["user"]["token"]
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{server.url}{PATH}", headers=headers).status_code == 200


def test_no_token_is_shown(api: KubernetesApi) -> None:
    with serve(api, token="of-the-admin") as server:
        server.rights("of-a-reader", user="reader")
        shown = repr(vars(server))
    assert "of-a-reader" not in shown


def test_the_date_is_that_of_the_clock(server: Server, client: httpx.Client) -> None:
    server.api.clock = lambda: datetime(2031, 5, 4, 3, 2, 1, tzinfo=UTC)
    assert client.get("/version").headers["Date"] == "Sun, 04 May 2031 03:02:01 GMT"


def test_requests_are_remembered(server: Server, client: httpx.Client) -> None:
    client.get(PATH)
    client.delete(f"{PATH}/kube-root-ca.crt")
    assert [(call.verb, call.plural, call.name) for call in server.calls] == [
        ("list", "configmaps", ""),
        ("delete", "configmaps", "kube-root-ca.crt"),
    ]


def test_a_dry_run_is_refused_rather_than_carried_out(server: Server, client: httpx.Client) -> None:
    answer = client.post(PATH, params={"dryRun": "All"}, json=config_map("one"))
    refused(answer, 400, "BadRequest")
    assert client.get(f"{PATH}/one").status_code == 404
