"""CustomResourceDefinitions: what they make the API serve."""

from __future__ import annotations

from slackwater.testing.kubernetes_api.kinds import Resource
from slackwater.testing.kubernetes_api.status import Object, cause

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"


def definition_faults(definition: Object) -> list[Object]:
    """Return what is wrong with a definition, as causes of a 422."""
    spec, name = definition.get("spec") or {}, definition["metadata"]["name"]
    names = spec.get("names") or {}
    required = {
        "spec.group": spec.get("group"),
        "spec.scope": spec.get("scope"),
        "spec.names.plural": names.get("plural"),
        "spec.names.kind": names.get("kind"),
        "spec.versions": spec.get("versions"),
    }
    missing = [
        cause(f, "FieldValueRequired", "Required value")
        for f, given in required.items()
        if not given
    ]
    if not missing and name != f"{names['plural']}.{spec['group']}":
        rule = 'must be spec.names.plural+"."+spec.group'
        why = f'Invalid value: "{name}": {rule}'
        return [cause("metadata.name", "FieldValueInvalid", why)]
    return missing


def complete_definition(definition: Object) -> None:
    """Fill in the names that a definition may leave out, and its status: established at once."""
    spec = definition.get("spec") or {}
    names = spec.get("names") or {}
    kind = names.get("kind", "")
    names.setdefault("singular", kind.lower())
    names.setdefault("listKind", f"{kind}List")
    spec.setdefault("conversion", {"strategy": "None"})
    definition["metadata"].setdefault("finalizers", []).append(CLEANUP)
    accepted = [{"type": each, "status": "True"} for each in ("NamesAccepted", "Established")]
    stored = [each.get("name") for each in spec.get("versions") or [] if each.get("storage")]
    definition["status"] = {
        "conditions": accepted,
        "acceptedNames": dict(names),
        "storedVersions": stored,
    }


def resources_of(definition: Object) -> list[Resource]:
    """Return a resource for each version that a definition serves."""
    spec = definition["spec"]
    names = spec["names"]
    return [
        Resource(
            group=spec["group"],
            version=version["name"],
            kind=names["kind"],
            plural=names["plural"],
            namespaced=spec["scope"] == "Namespaced",
            custom=True,
            has_status="status" in (version.get("subresources") or {}),
            counts_generation=True,
            short_names=tuple(names.get("shortNames") or ()),
        )
        for version in spec["versions"]
        if version.get("served")
    ]
