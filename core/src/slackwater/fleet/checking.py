"""What cannot hold in a fleet file, as far as it shows without contacting anything."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from slackwater.fleet.age_keys import AgeKeys
from slackwater.fleet.entries import ClusterEntry, FleetFile, StoreEntry
from slackwater.fleet.secrets import path_of, resolve
from slackwater.fleet.store_checking import review_store
from slackwater.model.duration import format_duration
from slackwater.model.finding import Finding, Severity
from slackwater.model.policy import Policy
from slackwater.model.schedule import longest_gap
from slackwater.model.secret import ReferenceKind, parse_reference
from slackwater.model.selector import Operator, Selector

_ANY_DAY = datetime(2024, 1, 1, tzinfo=UTC)
"""Where schedules are looked at from: fixed, so that a file is judged alike every day."""


def check_fleet(fleet: FleetFile) -> list[Finding]:
    """Return the findings, in the order of the file. Looks at local files and variables only."""
    return [
        *(
            finding
            for name, store in fleet.stores.items()
            for finding in _store(name, store, fleet)
        ),
        *(finding for cluster in fleet.clusters.values() for finding in _cluster(cluster, fleet)),
        *_same_cluster_twice(fleet),
        *(finding for policy in fleet.policies.values() for finding in _policy(policy, fleet)),
    ]


def _finding(
    severity: Severity, code: str, subject: str, message: str, way_out: str, *, cluster: str = ""
) -> Finding:
    return Finding(
        severity=severity,
        code=code,
        subject=subject,
        message=message,
        way_out=way_out,
        cluster=cluster,
    )


def _store(name: str, store: StoreEntry, fleet: FleetFile) -> Iterator[Finding]:
    for field in ("ca", "access_key", "secret_key", "decrypt_with"):
        text: str | None = getattr(store, field)
        if text and _missing(text, fleet):
            # Only a warning: a file may be checked elsewhere than where its secrets are.
            yield _finding(
                Severity.WARNING,
                "secret-missing",
                f"stores.{name}.{field}",
                f"{text} is not here",
                "put it where Slackwater runs, or correct the reference",
            )
    identity = store.decrypt_with
    readable = identity is not None and _is_local(identity) and not _missing(identity, fleet)
    keys = AgeKeys(name, store, partial(resolve, folder=fleet.path.parent))
    yield from review_store(keys, identities=readable)


def _cluster(cluster: ClusterEntry, fleet: FleetFile) -> Iterator[Finding]:
    subject = f"clusters.{cluster.name}"
    if cluster.kubeconfig and _missing(cluster.kubeconfig, fleet):
        yield _finding(
            Severity.ERROR,
            "kubeconfig-missing",
            f"{subject}.kubeconfig",
            f"{cluster.kubeconfig} is not here: {cluster.name} cannot be reached",
            "put the kubeconfig there, or correct the reference",
            cluster=cluster.name,
        )
    if not cluster.backends:
        yield _finding(
            Severity.WARNING,
            "no-tool",
            f"{subject}.backends",
            f"no tool is configured in {cluster.name}: nothing there can be backed up",
            "name the tools that run there under backends",
            cluster=cluster.name,
        )


def _missing(text: str, fleet: FleetFile) -> bool:
    """Whether it shows from here, without running anything, that the reference leads nowhere."""
    reference = parse_reference(text)
    if reference.kind is ReferenceKind.FILE:
        return not os.path.exists(path_of(reference, fleet.path.parent))  # noqa: PTH110  also odd paths
    return reference.kind is ReferenceKind.ENV and reference.parts[0] not in os.environ


def _is_local(text: str) -> bool:
    """Whether looking at what is referred to runs nothing and contacts nobody."""
    return parse_reference(text).kind in (ReferenceKind.FILE, ReferenceKind.ENV)


def _same_cluster_twice(fleet: FleetFile) -> Iterator[Finding]:
    access = {name: (entry.kubeconfig, entry.context) for name, entry in fleet.clusters.items()}
    for shared, count in Counter(access.values()).items():
        names = [name for name, way in access.items() if way == shared]
        if count > 1:
            yield _finding(
                Severity.WARNING,
                "same-cluster-twice",
                ", ".join(f"clusters.{name}" for name in names),
                f"{', '.join(names)} are reached in the same way: they are one cluster",
                "give each its own context or kubeconfig, or remove all but one",
            )


def _policy(policy: Policy, fleet: FleetFile) -> Iterator[Finding]:
    yield from _reach(policy, fleet)
    yield from _label_for_name(policy)
    yield from _due(policy)


def _reach(policy: Policy, fleet: FleetFile) -> Iterator[Finding]:
    subject = f"policies.{policy.name}"
    clusters = fleet.clusters_of(policy)
    tools = {tool for cluster in clusters for tool in cluster.backends}
    if not clusters:
        yield _finding(
            Severity.WARNING,
            "selects-no-cluster",
            f"{subject}.clusters",
            f'"{policy.clusters}" matches no cluster: the policy does nothing',
            "correct the selector, or label a cluster",
        )
    elif not tools:
        yield _finding(
            Severity.ERROR,
            "no-eligible-tool",
            subject,
            "no tool is configured in any of its clusters: nothing can be backed up",
            "name the tools that run there under clusters.….backends",
        )
    elif unused := [tool for tool in policy.prefer if tool not in tools]:
        yield _finding(
            Severity.WARNING,
            "preferred-tool-absent",
            f"{subject}.prefer",
            f"{', '.join(unused)}: configured in none of the policy's clusters",
            "configure it there, or leave it out",
        )


def _label_for_name(policy: Policy) -> Iterator[Finding]:
    """``namespaces: shop`` means the label shop; whoever writes it mostly means the namespace."""
    for index, item in enumerate(policy.protect):
        if not isinstance(item.namespaces, str):
            continue
        terms = Selector.parse(item.namespaces).terms
        if len(terms) == 1 and terms[0].operator is Operator.EXISTS:
            key = terms[0].key
            yield _finding(
                Severity.WARNING,
                "selects-by-label",
                f"policies.{policy.name}.protect[{index}].namespaces",
                f'"{key}" means every namespace with a label {key}, not the namespace {key}',
                f"for the namespace, write [{key}]",
            )


def _due(policy: Policy) -> Iterator[Finding]:
    rpo = policy.objectives.rpo
    if policy.schedule is None:
        if rpo is not None:
            yield _finding(
                Severity.WARNING,
                "rpo-without-schedule",
                f"policies.{policy.name}.objectives.rpo",
                f"without a schedule nothing keeps the RPO of {format_duration(rpo)}",
                "add a schedule",
            )
        return
    subject = f"policies.{policy.name}.schedule"
    gap = longest_gap(policy.schedule, _ANY_DAY)
    if gap is None:
        where = "window" if policy.schedule.window else "cron"
        message = f'"{policy.schedule.cron}" is never due'
        message += f" within {policy.schedule.window}" if policy.schedule.window else ""
        yield _finding(
            Severity.ERROR, "never-due", f"{subject}.{where}", message, "change one of them"
        )
    elif rpo is not None and gap + policy.schedule.jitter > rpo:
        yield _finding(
            Severity.ERROR,
            "rpo-out-of-reach",
            subject,
            f"up to {format_duration(gap + policy.schedule.jitter)} pass between two backups, "
            f"more than the RPO of {format_duration(rpo)}",
            "make it due more often, or the RPO longer",
        )
