"""Which objects a Backup or a Restore chooses: by labels, kinds, names and resource policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import yaml

from slackwater_velero.emulator.objects import Home, Object, name_of

LEFT_OUT = "velero.io/exclude-from-backup"
"""Label of objects, and of namespaces, that no backup is to hold."""
_OLDER = ("includedResources", "excludedResources")
_SCOPED = tuple(
    f"{sense}{scope}ScopedResources"
    for scope in ("Namespace", "Cluster")
    for sense in ("included", "excluded")
)
_MIXED = (
    "include-resources, exclude-resources and include-cluster-resources are old filter "
    "parameters.\nThey cannot be used with include-exclude policies."
)


class BadPolicy(ValueError):
    """A resource policy that Velero refuses; ``str()`` is what it says."""


@dataclass(frozen=True)
class Policy:
    """A resource policy, but for its volume policies."""

    content: Object

    @property
    def filters(self) -> bool:
        """Whether it is about objects at all."""
        return bool(set(self.content) - {"version", "volumePolicies"})

    def completed(self, spec: Object) -> Object:
        """Return the spec with the kinds that the policy adds; what the spec says goes before."""
        own, lists = self.content.get("includeExcludePolicy") or {}, {}
        for field in _SCOPED:
            scope = field.removeprefix("included").removeprefix("excluded")
            said = [*(spec.get(f"included{scope}") or ()), *(spec.get(f"excluded{scope}") or ())]
            added = [kind for kind in own.get(field) or () if not matches(kind, said)]
            lists[field] = [*(spec.get(field) or ()), *added]
        return {**spec, **lists}

    def wants(self, kind: str, found: Object) -> bool:
        """Whether an object of a kind that is chosen is chosen by name and labels as well."""
        namespace = found["metadata"].get("namespace", "")
        if not namespace:
            chosen = (self.content.get("clusterScopedFilterPolicy") or {}).get("resourceFilters")
            return all(_fits(each, found) for each in chosen or () if _names(each, kind))
        for policy in self.content.get("namespacedFilterPolicies") or ():
            if matches(namespace, policy["namespaces"]):
                fitting = [each for each in policy["resourceFilters"] if _names(each, kind)]
                return bool(fitting) and _fits(fitting[0], found)
        return True


def policy_of(home: Home, spec: Object) -> Policy:
    """Return the policy that a spec names. Raises ``BadPolicy``."""
    reference = spec.get("resourcePolicy") or {}
    if str(reference.get("kind", "")).lower() != "configmap":
        return Policy({})
    place = f"{home.namespace}/{reference['name']}"
    found = home.find("configmaps", reference["name"])
    if found is None:
        raise BadPolicy(
            f"invalid resource policies: fail to get ResourcePolicies {place} ConfigMap"
        )
    data = found.get("data") or {}
    if len(data) != 1:
        raise BadPolicy(f"illegal resource policies {place} configmap")
    return Policy(yaml.safe_load(next(iter(data.values()))) or {})


def require_unmixed(policy: Policy, spec: Object) -> None:
    """Refuse a Backup whose policy filters objects beside the older filters of kinds."""
    if policy.filters and has_older_filters(spec):
        raise BadPolicy(_MIXED)


def has_older_filters(spec: Object) -> bool:
    """Whether a spec filters kinds regardless of their scope."""
    named = any(spec.get(field) for field in _OLDER)
    return named or spec.get("includeClusterResources") is not None


def wants_kind(kind: str, spec: Object, *, namespaced: bool) -> bool:
    """Whether a Backup takes objects of a kind by themselves."""
    if has_older_filters(spec):
        chosen = spec.get("includeClusterResources")
        whole = everywhere(spec) if chosen is None else bool(chosen)
        return (namespaced or whole) and _listed(kind, spec, *_OLDER)
    if namespaced:
        return _listed(kind, spec, *_SCOPED[:2])
    if any(spec.get(field) for field in _SCOPED[2:]) or not _everything(spec):
        included = spec.get("includedClusterScopedResources") or ["-"]
        return _listed(kind, {**spec, "includedClusterScopedResources": included}, *_SCOPED[2:])
    return True


def is_excluded(kind: str, spec: Object) -> bool:
    """Whether a cluster-scoped kind stays out even where a namespace needs it."""
    excluded = [*(spec.get("excludedResources") or ())]
    excluded += spec.get("excludedClusterScopedResources") or ()
    return spec.get("includeClusterResources") is False or _matches_kind(kind, excluded)


def everywhere(spec: Object) -> bool:
    """Whether all namespaces are chosen."""
    return (spec.get("includedNamespaces") or ["*"]) == ["*"] and not spec.get("excludedNamespaces")


def selected(found: Object, spec: Object) -> bool:
    """Whether an object has the labels that a spec asks for, and is not left out by its own."""
    labels = found["metadata"].get("labels") or {}
    selectors = [spec["labelSelector"]] if spec.get("labelSelector") else []
    selectors += spec.get("orLabelSelectors") or ()
    return not selectors or any(_selects(each, labels) for each in selectors)


def is_left_out(found: Object) -> bool:
    """Whether an object carries the label that keeps it out of every backup."""
    return (found["metadata"].get("labels") or {}).get(LEFT_OUT) == "true"


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name fits one of the globs."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _everything(spec: Object) -> bool:
    whole = (spec.get("includedNamespaceScopedResources") or ["*"]) == ["*"]
    return everywhere(spec) and whole and not spec.get("excludedNamespaceScopedResources")


def _listed(kind: str, spec: Object, included: str, excluded: str) -> bool:
    wanted = _matches_kind(kind, spec.get(included) or ["*"])
    return wanted and not _matches_kind(kind, spec.get(excluded) or ())


def _matches_kind(kind: str, patterns: Sequence[str]) -> bool:
    return matches(kind, patterns) or matches(kind.partition(".")[0], patterns)


def _names(choice: Object, kind: str) -> bool:
    return not choice.get("kinds") or _matches_kind(kind, choice["kinds"])


def _fits(choice: Object, found: Object) -> bool:
    name = name_of(found)
    wanted = matches(name, choice.get("names") or ["*"])
    return (
        wanted and not matches(name, choice.get("excludedNames") or ()) and selected(found, choice)
    )


def _selects(selector: Object, labels: Mapping[str, str]) -> bool:
    equal = selector.get("matchLabels") or {}
    terms = selector.get("matchExpressions") or ()
    return all(labels.get(key) == value for key, value in equal.items()) and all(
        _holds(term, labels.get(term["key"])) for term in terms
    )


def _holds(term: Object, value: str | None) -> bool:
    match term["operator"]:
        case "In":
            return value in term["values"]
        case "NotIn":
            return value not in term["values"]
        case "Exists":
            return value is not None
    return value is None
