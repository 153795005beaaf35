"""A fleet file with four unlike tools, and settings classes for them as plugins would bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel

from slackwater.errors import ConfigurationError, Problem
from slackwater.fleet import FleetFile, SecretRef, load_fleet
from slackwater.model.frozen import Frozen
from slackwater.model.store_name import StoreName


class Velero(Frozen):
    namespace: str = "velero"
    location: str | None = None
    volumes: Literal["move-data", "file-system", "snapshot"] = "snapshot"


class Tls(Frozen):
    ca: SecretRef
    cert: SecretRef
    key: SecretRef


class Etcdctl(Frozen):
    endpoints: tuple[str, ...]
    tls: Tls
    store: StoreName


class Kasten(Frozen):
    export: str | None = None


class Csi(Frozen):
    store: StoreName


@pytest.fixture(scope="session")
def settings() -> Mapping[str, type[BaseModel]]:
    return {"velero": Velero, "etcdctl": Etcdctl, "kasten": Kasten, "csi": Csi}


@pytest.fixture(scope="session")
def example() -> str:
    return (Path(__file__).parent / "example.yaml").read_text(encoding="utf-8")


@pytest.fixture
def load(tmp_path: Path, settings: Mapping[str, type[BaseModel]]) -> Callable[..., FleetFile]:
    """Write a text (or bytes) as a fleet file and load it."""

    def write_and_load(content: str | bytes) -> FleetFile:
        path = tmp_path / "fleet.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_fleet(path, settings)

    return write_and_load


@pytest.fixture
def problems_of(load: Callable[..., FleetFile]) -> Callable[..., tuple[Problem, ...]]:
    """Load a text that must be refused, and return the problems."""

    def refused(content: str | bytes) -> tuple[Problem, ...]:
        with pytest.raises(ConfigurationError) as caught:
            load(content)
        return caught.value.problems

    return refused


@pytest.fixture
def problem_of(
    example: str, problems_of: Callable[..., tuple[Problem, ...]]
) -> Callable[..., Problem]:
    """Change one thing in the example, and return the one problem that follows."""

    def one_problem(old: str, new: str) -> Problem:
        assert old in example
        (problem,) = problems_of(example.replace(old, new, 1))
        return problem

    return one_problem
