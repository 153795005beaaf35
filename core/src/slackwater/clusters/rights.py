"""Asks an API server what our login may do (SelfSubjectAccessReview)."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from slackwater.clusters.resources import SELF_SUBJECT_ACCESS_REVIEWS

if TYPE_CHECKING:
    from slackwater.clusters.access import Cluster


@dataclass(frozen=True)
class Right:
    """One verb on one kind of objects. Without a namespace: in all of them."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    subresource: str = ""
    name: str = ""

    def __str__(self) -> str:
        what = "/".join(part for part in (self.resource, self.subresource) if part)
        kind = f"{what}.{self.group}" if self.group else what
        return f"{self.verb} {kind}" + (f" in {self.namespace}" if self.namespace else "")


def check_rights(cluster: Cluster, rights: Iterable[Right], *, at_once: int) -> dict[Right, bool]:
    """Which of these rights we have, in the order asked. Raises as every call to the cluster."""
    asked = list(dict.fromkeys(rights))
    with ThreadPoolExecutor(max_workers=at_once) as threads:
        return dict(
            zip(asked, threads.map(lambda right: _allowed(cluster, right), asked), strict=True)
        )


def _allowed(cluster: Cluster, right: Right) -> bool:
    wanted = {key: value for key, value in asdict(right).items() if value}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": wanted},
    }
    answer = cluster.create(SELF_SUBJECT_ACCESS_REVIEWS.path(), review)
    return bool(answer.get("status", {}).get("allowed"))
