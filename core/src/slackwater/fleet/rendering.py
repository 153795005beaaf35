"""Writing a first fleet file, with comments, from what was found in clusters."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

import yaml
from pydantic import Field

from slackwater.fleet.entries import VERSION
from slackwater.model.frozen import Frozen

_HEAD = f"""\
# The fleet: its clusters, the backup tools in them, and policies over both.
#   slackwater check    says what in this file cannot hold
#   slackwater doctor   looks into the clusters
#   slackwater schema   prints a JSON Schema, by which editors complete and check this file
# Secrets are never written here, only where they are:
#   "env:NAME", "file:/path", 'exec:["command", "argument"]', "k8s:namespace/name/key"

version: {VERSION}
"""

_POLICY = """\

# A first policy, to be changed: every namespace but those of Kubernetes itself, every 6 hours.
policies:
  everything:
    clusters: ""                            # by labels, such as "env=prod"; "" means all
    protect:
      - namespaces: ["*"]                   # names and globs; or a selector, such as "tier=gold"
        exclude: [kube-system, kube-public, kube-node-lease]
        require: [objects, volumes]         # off-cluster: the data must lie outside the cluster
"""

_SCHEDULE = """\
    schedule: {cron: "0 */6 * * *", timezone: UTC, jitter: 5m}
    keep: {last: 3, daily: 7, weekly: 4, monthly: 12}
    objectives: {rpo: 8h, rto: 2h}          # how much may be lost; how long until it works again
"""


class DiscoveredCluster(Frozen):
    """What was found out about one cluster.

    ``kubeconfig`` is a reference (``file:/path``), or None for the default. ``backends`` are
    settings by tool. ``notes`` are sentences for the reader, written as comments.
    """

    name: str
    context: str
    kubeconfig: str | None = None
    labels: Mapping[str, str] = Field(default_factory=dict)
    backends: Mapping[str, Mapping[str, object]] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()


def name_for(context: str, taken: Collection[str]) -> str:
    """Return a name for the cluster of a kubeconfig's context, other than those taken.

    The last part of a path or an ARN is what people call it: ``arn:…:cluster/prod`` is ``prod``.
    """
    last = re.split(r"[/:@]", context.rstrip("/:@"))[-1].lower()
    stem = re.sub(r"[^a-z0-9]+", "-", last).strip("-")[:50].strip("-") or "cluster"
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    return name


def render_fleet(clusters: Sequence[DiscoveredCluster]) -> str:
    """Return the text of a fleet file with these clusters and a first policy.

    At least one cluster is needed for the file to load again.
    """
    tools = sorted({tool for cluster in clusters for tool in cluster.backends})
    lines = [line for cluster in clusters for line in _cluster(cluster)]
    order = f"    prefer: {_flow(tools)}".ljust(43)
    prefer = f"{order} # only an order: every capable tool is eligible\n"
    return "".join(
        (
            _HEAD,
            "\nclusters:\n",
            *(f"  {line}\n" for line in lines),
            _POLICY,
            prefer if len(tools) > 1 else "",
            _SCHEDULE,
        )
    )


def _cluster(cluster: DiscoveredCluster) -> Iterator[str]:
    yield f"{_flow(cluster.name)}:"
    yield from (f"  # {line}" for note in cluster.notes for line in _printable(note))
    if cluster.kubeconfig:
        yield f"  kubeconfig: {_flow(cluster.kubeconfig)}"
    yield f"  context: {_flow(cluster.context)}"
    if cluster.labels:
        yield f"  labels: {_flow(cluster.labels)}"
    else:
        yield "  labels: {}                              # such as {env: prod, region: eu}"
    if not cluster.backends:
        yield "  backends: {}                            # no tool was found here"
        return
    yield "  backends:"
    yield from (
        f"    {_flow(tool)}: {_flow(settings)}" for tool, settings in cluster.backends.items()
    )


def _printable(note: str) -> list[str]:
    return ["".join(c if c.isprintable() else " " for c in line) for line in note.splitlines()]


def _flow(value: object) -> str:
    """Write a value on one line, with quotes wherever YAML 1.1 or 1.2 could misread the text."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, str):
        return value if _is_plain(value) else _quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _is_plain(text: str) -> bool:
    words = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
    return (
        re.fullmatch(r"[A-Za-z][-\w./]*", text, re.ASCII) is not None and text.lower() not in words
    )


def _quoted(text: str) -> str:
    return yaml.safe_dump(text, default_style='"', allow_unicode=False, width=2**31).strip()
