"""Commands in containers: how they end, and what stands before them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slackwater.clusters import Cluster, Executed
from slackwater.clusters.executing import PROTOCOL
from slackwater.errors import ClusterDenied, ClusterError, ClusterUnreachable, ObjectNotFound
from slackwater.testing.kubernetes_api import (
    Command,
    Cut,
    KubernetesApi,
    Outcome,
    Refuse,
    Rule,
    Server,
    serve,
)

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "db-0", "namespace": "default"},
    "spec": {"containers": [{"name": "db", "image": "registry.example/db:1"}]},
}
SECRET = "tell-no-one"


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(KubernetesApi("eu", objects=[POD]), token="admin") as server:
        yield server


Login = Callable[..., Cluster]


@pytest.fixture
def login(server: Server, tmp_path: Path) -> Iterator[Login]:
    made: list[Cluster] = []

    def log_in(token: str | None = None) -> Cluster:
        path = tmp_path / f"config-{len(made)}"
        file = server.kubeconfig(path, context="eu", token=token)
        made.append(Cluster("eu", kubeconfig=file))
        return made[-1]

    yield log_in
    for cluster in made:
        cluster.close()


def run(cluster: Cluster, *words: str, **how: float) -> Executed:
    return cluster.execute("default", "db-0", words or ("true",), container="db", **how)


def test_a_command_arrives_as_it_was_given_and_its_end_is_told(
    server: Server, login: Login
) -> None:
    seen: list[Command] = []

    def runner(command: Command) -> Outcome:
        seen.append(command)
        return Outcome(said="tables\nlocked\n")

    server.api.runner = runner
    ended = run(login(), "sh", "-c", "lock & wait=1; echo 'ü'")
    assert ended.well
    assert ended.said == "tables\nlocked"
    assert seen == [Command("default", "db-0", "db", ("sh", "-c", "lock & wait=1; echo 'ü'"))]


def test_a_failure_has_its_code_and_its_words(server: Server, login: Login) -> None:
    server.api.runner = lambda _: Outcome(code=7, said="no such table")
    assert run(login()) == Executed(7, "no such table")


def test_what_could_not_be_begun_is_no_success(server: Server, login: Login) -> None:
    server.api.runner = lambda _: Outcome(why='exec: "lock": executable file not found in $PATH')
    ended = run(login())
    assert (ended.code, ended.well) == (None, False)
    assert "executable file not found" in ended.why


def test_a_late_command_is_left_to_itself(server: Server, login: Login) -> None:
    over = threading.Event()

    def never(_: Command) -> Outcome:
        over.wait(10)
        return Outcome()

    server.api.runner = never
    ended = run(login(), seconds=0.05)
    over.set()
    assert (ended.code, ended.why) == (None, "it had not ended after 0.05 s")


def test_a_connection_that_breaks_leaves_the_end_unknown(server: Server, login: Login) -> None:
    server.api.runner = lambda _: Outcome()
    server.faults.add("get", "/exec$", Cut(after_effect=True))
    ended = run(login())
    assert (ended.code, ended.why) == (None, "the connection was closed before its end")


@pytest.mark.parametrize("known", [("v4.channel.k8s.io",), ("v5.channel.k8s.io", PROTOCOL)])
def test_servers_old_and_new_tell_how_it_ended(
    server: Server, login: Login, known: tuple[str, ...]
) -> None:
    server.api.protocols = known
    server.api.runner = lambda _: Outcome(code=3, said="locked")
    assert run(login()) == Executed(3, "locked")
    server.api.runner = lambda _: Outcome()
    assert run(login()).well


def test_a_server_that_does_not_speak_it_is_an_error_and_nothing_runs(
    server: Server, login: Login
) -> None:
    ran: list[Command] = []
    server.api.protocols = ("v5.channel.k8s.io",)
    server.api.runner = lambda command: ran.append(command) or Outcome()  # type: ignore[func-returns-value]
    with pytest.raises(ClusterError, match="not supported"):
        run(login())
    assert ran == []


def test_what_stands_before_it_is_an_error_as_of_every_call(server: Server, login: Login) -> None:
    cluster = login()
    with pytest.raises(ObjectNotFound, match='pods "gone" not found'):
        cluster.execute("default", "gone", ["true"])
    server.faults.add("get", "/exec$", Refuse(500), times=1)
    with pytest.raises(ClusterError, match="500"):
        run(cluster)
    server.faults.add("get", "/exec$", Cut(), times=1)
    with pytest.raises(ClusterUnreachable):
        run(cluster)
    server.api.runner = lambda _: Outcome()
    assert run(cluster).well, "after all of it"


@pytest.mark.parametrize("verb", ["get", "create"])
def test_both_rights_are_needed_and_no_message_holds_the_command(
    server: Server, login: Login, verb: str
) -> None:
    server.rights("half", Rule((verb,), ("pods/exec",)), user="half")
    with pytest.raises(ClusterDenied, match=r'cannot (get|create) resource "pods/exec"') as caught:
        run(login("half"), "mysql", f"--password={SECRET}")
    assert SECRET not in f"{caught.value!r} {caught.value} {caught.value.__cause__}"
    assert caught.value.__context__ is None


def test_a_login_that_was_refused_is_made_anew_once(server: Server, login: Login) -> None:
    server.api.runner = lambda _: Outcome()
    server.faults.add("get", "/exec$", Refuse(401), times=1)
    assert run(login()).well
