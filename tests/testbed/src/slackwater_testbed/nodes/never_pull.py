"""No pod ever asks for an image outside: what is not here makes it wait, and say so."""

from __future__ import annotations

from typing import Any

import yaml

_GROUP, _NAME = "admissionregistration.k8s.io/v1", "never-pull"
_EXPRESSION = """\
Object{spec: has(object.spec.initContainers) ? Object.spec{
  containers: object.spec.containers.map(c,
    Object.spec.containers{name: c.name, imagePullPolicy: "Never"}),
  initContainers: object.spec.initContainers.map(c,
    Object.spec.initContainers{name: c.name, imagePullPolicy: "Never"})
} : Object.spec{
  containers: object.spec.containers.map(c,
    Object.spec.containers{name: c.name, imagePullPolicy: "Never"})
}}"""


def never_pull() -> str:
    """Return the policy, and what puts it into force: every new pod has `imagePullPolicy: Never`.

    A kubelet that lacks the image then says `ErrImageNeverPull`, and the engine is never asked.
    """
    return yaml.safe_dump_all([
        _object("MutatingAdmissionPolicy", {
            "failurePolicy": "Fail",
            "reinvocationPolicy": "IfNeeded",
            "matchConstraints": {"resourceRules": [_NEW_PODS]},
            "mutations": [{
                "patchType": "ApplyConfiguration",
                "applyConfiguration": {"expression": _EXPRESSION},
            }],
        }),
        _object("MutatingAdmissionPolicyBinding", {"policyName": _NAME}),
    ])  # fmt: skip


_NEW_PODS = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "operations": ["CREATE"],
    "resources": ["pods"],
}


def _object(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": _GROUP, "kind": kind, "metadata": {"name": _NAME}, "spec": spec}
