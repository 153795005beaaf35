"""Where kinds of objects lie in the Kubernetes API, and the few kinds that core itself reads."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Resource:
    """One kind of object in one API version. ``group`` is empty for the core group."""

    group: str
    version: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The API path of a list, of one object, or of a part of it such as ``status``.

        Without a namespace, the list runs over all namespaces. Raises ``ValueError`` where the
        parts do not fit together: a call to the wrong place must not leave the house.
        """
        if namespace and not self.namespaced:
            raise ValueError(f"{self.plural} do not lie in namespaces (asked for {namespace!r})")
        if name and self.namespaced and not namespace:
            raise ValueError(f"{self.plural}/{name}: in which namespace?")
        if subresource and not name:
            raise ValueError(f"{self.plural}/{subresource}: of which object?")
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        parts = ["namespaces", namespace] if namespace else []
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/".join([root, *(quote(part, safe=":") for part in parts)])

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


NAMESPACES = Resource("", "v1", "namespaces", namespaced=False)
NODES = Resource("", "v1", "nodes", namespaced=False)
PERSISTENT_VOLUMES = Resource("", "v1", "persistentvolumes", namespaced=False)
PERSISTENT_VOLUME_CLAIMS = Resource("", "v1", "persistentvolumeclaims")
STORAGE_CLASSES = Resource("storage.k8s.io", "v1", "storageclasses", namespaced=False)
CUSTOM_RESOURCE_DEFINITIONS = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", namespaced=False
)
SELF_SUBJECT_ACCESS_REVIEWS = Resource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", namespaced=False
)
