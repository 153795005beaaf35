"""A backend gets the stores of the fleet file by name, and settings that name none are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from slackwater.backend import BackendType
from slackwater.backend.connections import Connections
from slackwater.backend.contract import no_store
from slackwater.errors import ConfigurationError
from slackwater.fleet import load_fleet
from slackwater.model.frozen import Frozen
from slackwater.model.store_name import StoreName

FLEET = """\
version: 1
stores:
  vault: {{url: "{url}", encrypt_to: [{recipient}]}}
clusters:
  eu: {{context: eu, backends: {{keeper: {{shelf: {named}}}}}}}
"""


class Keeper(Frozen):
    shelf: StoreName
    spare: StoreName | None = None


@pytest.fixture
def load(tmp_path, identity):
    (tmp_path / "vault").mkdir()

    def load(named: str):
        path = tmp_path / "fleet.yaml"
        url = (tmp_path / "vault").as_uri()
        path.write_text(FLEET.format(url=url, recipient=identity.to_public(), named=named))
        return load_fleet(path, {"keeper": Keeper})

    return load


@pytest.fixture
def context(load, tmp_path):
    """The context that the backend of this fleet is made with."""
    given = []
    keeper = BackendType(
        name="keeper",
        summary="",
        settings=Keeper,
        discover=lambda _: None,
        create=lambda settings, context: given.append(context) or _Backend(),
    )
    with Connections(
        load("vault"),
        {"keeper": keeper},
        lambda reference, cluster: f"{reference} for {cluster.name}",
        tmp_path / "spool",
        lambda: datetime.now(UTC),
    ) as connections:
        connections.backend("eu", "keeper")
        yield given[0]


class _Backend:
    def close(self) -> None:
        """Nothing to close."""


def test_a_backend_gets_its_own_part_of_a_store(context, tmp_path):
    store = context.store("vault")
    store.write("one", "db", [b"plain"])
    assert store.name == "vault"
    assert store.identity == (tmp_path / "vault").as_uri()
    assert [path.name for path in (tmp_path / "vault").iterdir()] == ["keeper"]


def test_a_store_that_the_fleet_lacks_is_refused_with_those_it_has(context):
    with pytest.raises(ConfigurationError, match=r'no store "valt" in the fleet .*known: vault'):
        context.store("valt")


def test_a_context_without_stores_refuses_every_name():
    with pytest.raises(ConfigurationError, match='no store "vault" here'):
        no_store("vault")


@pytest.mark.parametrize(("named", "field"), [("valt", "shelf"), ("vault, spare: vaul", "spare")])
def test_settings_that_name_no_store_are_refused_at_their_place(load, named, field):
    with pytest.raises(ConfigurationError) as caught:
        load(named)
    (problem,) = caught.value.problems
    assert problem.field == f"clusters.eu.backends.keeper.{field}"
    assert problem.message == 'no such store; did you mean "vault"? (known here: vault)'
    assert (Path(problem.file).name, problem.line) == ("fleet.yaml", 5)
