"""A small kube-apiserver in this process: for tests without engines, and for the demo.

It keeps objects in memory and speaks the API as a real server does: discovery, the verbs, pages
with `limit` and `continue`, selectors, conflicts, patches, finalizers, definitions, reviews of
rights, watches. Faults can be made on demand. The same tests run over it and over a real
kube-apiserver. Groups that another server answers for are registered with `aggregate`.

```python
api = KubernetesApi("harbour")
with serve(api) as server:
    server.faults.add("create", "/configmaps$", Refuse(429, retry_after=2))
    httpx.get(f"{server.url}/api/v1/namespaces")
```

Not emulated: server-side apply, dry runs, `managedFields`, schemas and pruning of custom objects,
RBAC objects (rights are given by `Server.rights`), garbage collection by owner, pods that run
(what a command in one does is for the test to say: `KubernetesApi.runner`).
"""

from __future__ import annotations

from slackwater.testing.kubernetes_api.access import Rule
from slackwater.testing.kubernetes_api.aggregation import AggregatedGroup
from slackwater.testing.kubernetes_api.api import Event, KubernetesApi
from slackwater.testing.kubernetes_api.commands import Command, Outcome
from slackwater.testing.kubernetes_api.faults import Cut, Fault, Faults, Refuse, Slow, Tear
from slackwater.testing.kubernetes_api.requests import Call
from slackwater.testing.kubernetes_api.serving import Server, serve
from slackwater.testing.kubernetes_api.status import ApiError, Object

__all__ = [
    "AggregatedGroup",
    "ApiError",
    "Call",
    "Command",
    "Cut",
    "Event",
    "Fault",
    "Faults",
    "KubernetesApi",
    "Object",
    "Outcome",
    "Refuse",
    "Rule",
    "Server",
    "Slow",
    "Tear",
    "serve",
]
