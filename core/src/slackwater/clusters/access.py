"""One Kubernetes cluster: reading and writing objects, and nothing that waits or tries again.

Only single reads are tried again, a few times and quickly, where the connection broke. Answers
such as 429 and 503 come up as errors: whoever drives the work decides when to come back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias, TypeVar, overload
from urllib.parse import urlencode

import msgspec

from slackwater.clusters.decoding import decode
from slackwater.clusters.executing import Executed, exec_path, listen
from slackwater.clusters.identity import ClockOffset, ClusterIdentity, clock_offset
from slackwater.clusters.kubeconfig import Access, find_access
from slackwater.clusters.paging import Counted, counted, read_pages
from slackwater.clusters.resources import NAMESPACES
from slackwater.clusters.rights import Right, check_rights
from slackwater.clusters.transport import AT_ONCE, Transport
from slackwater.errors import ClusterError, ObjectNotFound

T = TypeVar("T")
Object: TypeAlias = dict[str, Any]

_JSON = "application/json"
_METADATA = f"{_JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,{_JSON}"
_MERGE_PATCH = "application/merge-patch+json"


def utc_now() -> datetime:
    """Return the time, where nobody gives another clock."""
    return datetime.now(UTC)


class Cluster:
    """Access to one cluster by one context of a kubeconfig. Connects when first used; thread-safe.

    ``timeout`` is in seconds, for connecting and for each silence while reading. A server that
    cannot be connected to costs it once: for as long again, calls fail at once.

    Every call raises ``ConfigurationError`` where the kubeconfig cannot work,
    ``ClusterUnreachable`` where no answer comes, ``ClusterDenied`` on 401 and 403,
    ``ObjectNotFound`` on 404, ``ClusterThrottled`` on 429, ``ClusterError`` on other refusals.
    """

    def __init__(
        self,
        name: str,
        *,
        kubeconfig: Path | None = None,
        context: str | None = None,
        timeout: float = 10.0,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.name = name
        self._kubeconfig = kubeconfig
        self._context = context
        self._clock = clock
        self._transport = Transport(name, self._access, timeout=timeout, clock=clock)

    def __repr__(self) -> str:
        return f"Cluster({self.name!r})"

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. Twice is fine; a later call connects again."""
        self._transport.close()

    @property
    def url(self) -> str:
        """The API server's URL as the kubeconfig has it. Needs no connection."""
        return self._access().server

    @overload
    def get(self, path: str) -> Object: ...
    @overload
    def get(self, path: str, *, into: type[T]) -> T: ...
    def get(self, path: str, *, into: Any = Object) -> Any:
        """Read one object, as a dictionary or as the msgspec type given."""
        return self._decode(path, self._read(path), into)

    def exists(self, path: str) -> bool:
        """Whether there is such an object; false, too, where its kind is not served."""
        try:
            self._read(path)
        except ObjectNotFound:
            return False
        return True

    @overload
    def pages(
        self,
        path: str,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        page: int = 500,
        metadata_only: bool = False,
    ) -> Iterator[Sequence[Object]]: ...
    @overload
    def pages(
        self,
        path: str,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        page: int = 500,
        metadata_only: bool = False,
        into: type[T],
    ) -> Iterator[Sequence[T]]: ...
    def pages(
        self,
        path: str,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        page: int = 500,
        metadata_only: bool = False,
        into: Any = Object,
    ) -> Iterator[Sequence[Any]]:
        """Read all objects of a list, up to ``page`` at a time, each exactly once.

        ``into`` is a msgspec type that names the fields wanted; the rest is never built.
        ``metadata_only`` asks the server to send nothing but metadata. The requests are made, and
        fail, while the pages are walked through.
        """
        wanted = {"labelSelector": label_selector, "fieldSelector": field_selector}
        accept = _METADATA if metadata_only else _JSON

        def read(limit: int, token: str) -> bytes:
            return self._read(path, accept=accept, **wanted, limit=limit, **{"continue": token})

        return read_pages(read, lambda body, kind: self._decode(path, body, kind), page, into)

    @overload
    def list(
        self,
        path: str,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        page: int = 500,
        metadata_only: bool = False,
    ) -> Iterator[Object]: ...
    @overload
    def list(
        self,
        path: str,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        page: int = 500,
        metadata_only: bool = False,
        into: type[T],
    ) -> Iterator[T]: ...
    def list(self, path: str, **options: Any) -> Iterator[Any]:
        """Read all objects of a list, each exactly once, with paging inside. Options: ``pages``."""
        for page in self.pages(path, **options):
            yield from page

    def count(self, path: str, *, version: str = "") -> int | None:
        """Count the objects of a list in one small request, now or as it was at a version.

        None where the server does not tell. Raises ``ListExpired`` where it has forgotten the
        version (by default etcd is compacted every five minutes).
        """
        exact = {"resourceVersion": version, "resourceVersionMatch": "Exact"} if version else {}
        body = self._read(path, accept=_METADATA, limit=1, **exact)
        return counted(self._decode(path, body, Counted))

    def create(self, path: str, body: Mapping[str, Any]) -> Object:
        """Create an object in the list at ``path``; its answer. ``ObjectExists`` if it is there."""
        return self._write("POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Object:
        """Change an object by a JSON merge patch (RFC 7386). May raise ``ObjectConflict``."""
        return self._write("PATCH", path, body, content=_MERGE_PATCH)

    def delete(
        self,
        path: str,
        *,
        uid: str | None = None,
        version: str | None = None,
        propagation: str | None = None,
    ) -> None:
        """Delete an object; with ``uid`` only this very one, else ``ObjectConflict``.

        With ``version`` only in this very state, by its ``metadata.resourceVersion``.
        ``propagation`` is Kubernetes' ``Foreground``, ``Background`` or ``Orphan``.
        """
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions"}
        given = {"uid": uid, "resourceVersion": version}
        if preconditions := {key: value for key, value in given.items() if value}:
            options["preconditions"] = preconditions
        if propagation:
            options["propagationPolicy"] = propagation
        self._write("DELETE", path, options)

    def execute(
        self,
        namespace: str,
        pod: str,
        command: Sequence[str],
        *,
        container: str = "",
        seconds: float = 30.0,
    ) -> Executed:
        """Run a command in a container and wait for its end, for at most so many ``seconds``.

        Without ``container`` it is the pod's only one. The command is an argument list, no line
        for a shell. Raises as every call where the server does not let it begin; what becomes of
        it then is told, also where the connection breaks. It is never tried again.
        """
        path = exec_path(namespace, pod, container, command)
        return listen(self._transport.open_socket(path), seconds)

    def can_i(self, rights: Iterable[Right]) -> dict[Right, bool]:
        """Ask the server whether our login has these rights, several at once."""
        return check_rights(self, rights, at_once=AT_ONCE)

    def identity(self) -> ClusterIdentity:
        """What tells this cluster from every other, asked anew each time. One request."""
        namespace = self.get(NAMESPACES.path(name="kube-system"))
        return ClusterIdentity(self._transport.session().ca_hash, namespace["metadata"]["uid"])

    def server_time_offset(self) -> ClockOffset:
        """How far the server's clock is ahead of ours. One request, to ``/version``."""
        before = self._clock()
        answer = self._transport.request("GET", "/version", {"Accept": _JSON})
        return clock_offset(self.name, answer.headers.get("Date", ""), before, self._clock())

    def _access(self) -> Access:
        return find_access(self._kubeconfig, self._context)

    def _read(self, path: str, *, accept: str = _JSON, **query: str | int | None) -> bytes:
        given = {key: value for key, value in query.items() if value}
        target = f"{path}?{urlencode(given)}" if given else path
        return self._transport.request("GET", target, {"Accept": accept}).body

    def _write(
        self, method: str, path: str, body: Mapping[str, Any], *, content: str = _JSON
    ) -> Object:
        headers = {"Accept": _JSON, "Content-Type": content}
        answer = self._transport.request(method, path, headers, msgspec.json.encode(body))
        return self._decode(path, answer.body, Object)

    def _decode(self, path: str, body: bytes, into: type[T]) -> T:
        """A proxy's login page, say, is an answer with status 200 and no JSON."""
        try:
            return decode(body, into)
        except msgspec.MsgspecError as error:
            said = f"{self.name}: the answer at {path} is not what the API promises: {error}"
            raise ClusterError(said, cluster=self.name) from error
