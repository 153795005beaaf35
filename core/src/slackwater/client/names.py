"""From the names that people say to the parts of the fleet; a wrong name lists the right ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from slackwater.errors import ConfigurationError, Problem
from slackwater.fleet import FleetFile
from slackwater.model.policy import Policy
from slackwater.model.selector import Selector, SelectorError
from slackwater.planning.workloads import Filter

Some: TypeAlias = str | Iterable[str] | None
"""One name, several, or none at all."""


@dataclass(frozen=True)
class Names:
    """The names of one fleet. Every method raises ``ConfigurationError`` for one it lacks."""

    fleet: FleetFile

    def clusters(self, names: Some) -> tuple[str, ...]:
        """Return these clusters, or all."""
        chosen = several(names) or tuple(self.fleet.clusters)
        for name in chosen:
            self._known("cluster", name, self.fleet.clusters)
        return chosen

    def policy(self, name: str) -> Policy:
        """Return a policy."""
        self._known("policy", name, self.fleet.policies)
        return self.fleet.policies[name]

    def origins(self, clusters: Some, selector: str) -> set[str]:
        """Return the clusters of these names that have these labels."""
        chosen = self.clusters(clusters)
        wanted = selector_of(selector)
        entries = (self.fleet.clusters[name] for name in chosen)
        return {entry.name for entry in entries if wanted is None or wanted.matches(entry.labels)}

    def filters(  # noqa: PLR0917  the parts of a filter, in its order
        self,
        policies: Some,
        clusters: Some,
        namespaces: Some,
        selector: str,
        control_planes: Some,
        cluster_objects: Some,
    ) -> tuple[Filter, ...]:
        """Return what work is narrowed down to: one filter for each policy, or one without."""
        narrowed = Filter(
            clusters=self.clusters(clusters) if clusters else (),
            namespaces=several(namespaces),
            selector=selector_of(selector),
            control_planes=self.clusters(control_planes) if control_planes else (),
            cluster_objects=self.clusters(cluster_objects) if cluster_objects else (),
        )
        chosen = [self.policy(name) for name in dict.fromkeys(several(policies))]
        return tuple(replace(narrowed, policy=policy) for policy in chosen) or (narrowed,)

    def targets(self, to: str | Mapping[str, str] | None) -> Mapping[str, str]:
        """Return the target of each origin; the key ``""`` stands for all."""
        targets = {"": to} if isinstance(to, str) else dict(to or {})
        for origin, target in targets.items():
            for name in filter(None, (origin, target)):
                self._known("cluster", name, self.fleet.clusters)
        return targets

    def _known(self, what: str, name: str, known: Mapping[str, object]) -> None:
        if name not in known:
            there = ", ".join(known) or "none"
            problem = Problem(f'no {what} "{name}" (known: {there})', file=str(self.fleet.path))
            raise ConfigurationError(problem)


def several(names: Some) -> tuple[str, ...]:
    """Return one name, several or none as a tuple."""
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(names)


def selector_of(text: str) -> Selector | None:
    """Read a selector; the empty text selects nothing in particular."""
    if not text:
        return None
    try:
        return Selector.parse(text)
    except SelectorError as error:
        raise ConfigurationError(Problem(f"{text}: {error}", field="--selector")) from None
