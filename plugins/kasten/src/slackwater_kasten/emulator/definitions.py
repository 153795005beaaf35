"""The custom resources of K10, as far as an API server has to know them.

No status subresource (in the definition of 2022): whoever writes a policy could write its status.
Actions, restore points and repositories are *not* among them.
"""

from __future__ import annotations

from collections.abc import Iterator

from slackwater_kasten.emulator.catalog import Object
from slackwater_kasten.emulator.kinds import VERSION

_KINDS = {
    "config.kio.kasten.io": (
        ("Policy", "policies"),
        ("PolicyPreset", "policypresets"),
        ("Profile", "profiles"),
        ("TransformSet", "transformsets"),
        ("BlueprintBinding", "blueprintbindings"),
    ),
    "reporting.kio.kasten.io": (("Report", "reports"),),
}


def definitions() -> Iterator[Object]:
    """Yield the CustomResourceDefinitions."""
    for group, kinds in _KINDS.items():
        for kind, plural in kinds:
            yield _definition(group, kind, plural)


def _definition(group: str, kind: str, plural: str) -> Object:
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": anything},
                }
            ],
        },
    }
