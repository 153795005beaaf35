"""The tool, played on loopback well enough for the conformance kit, and the kit's subject over it.

Made up, as ``tool.py`` is: change both together.
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from slackwater.backend import Backend, Context
from slackwater.clusters import Cluster, utc_now
from slackwater.model.operation import OperationRef
from slackwater.model.workload import Workload
from slackwater.testing.conformance import Recipe, Subject, Trouble
from slackwater_skeleton.plugin import create
from slackwater_skeleton.settings import SkeletonSettings

TOKEN = "canary-3f9a-token"  # noqa: S105  made up, and searched for in everything that is shown
REFERENCE = "env:SKELETON_TOKEN"
PAGE = 3
START = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)


@dataclass
class State:
    """What the played tool holds, how often it was asked, and what is wrong with it."""

    points: dict[str, dict[str, object]] = field(default_factory=dict)
    requests: int = 0
    trouble: Trouble | None = None
    lists: int = 0


class _Handler(BaseHTTPRequestHandler):
    state: State

    def do_GET(self) -> None:
        self.state.requests += 1
        url = urlsplit(self.path)
        listing = url.path == "/points"
        self.state.lists += listing
        match self.state.trouble:
            case Trouble.UNAVAILABLE:
                return
            case Trouble.TORN_LIST if listing and self.state.lists > 1:
                return
            case Trouble.SLOW_LIST if listing:
                with suppress(ConnectionError):
                    self.connection.recv(1)  # until whoever asked has had enough
                return
            case Trouble.THROTTLED:
                self._answer(429, {"error": "too many requests"}, {"Retry-After": "7"})
            case Trouble.DENIED:
                self._answer(403, {"error": "the token has no rights"})
            case _:
                self._serve(url.path, parse_qs(url.query).get("after", [""])[0])

    def _serve(self, path: str, after: str) -> None:
        name = path.rpartition("/")[2]
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"error": "no token, or a wrong one"})
        elif path == "/version":
            self._answer(200, {"version": "1.0"})
        elif path == "/points":
            self._answer(200, self._page(after))
        elif name in self.state.points:
            self._answer(200, {**self.state.points[name], "objects": 2})
        else:
            self._answer(404, {"error": f"no point {name}"})

    def _page(self, after: str) -> dict[str, object]:
        names = [name for name in sorted(self.state.points) if name > after]
        more = names[PAGE - 1] if len(names) > PAGE else ""
        return {"points": [self.state.points[name] for name in names[:PAGE]], "next": more}

    def _answer(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class SkeletonSubject(Subject):
    """One cluster that uses the tool. What a backup needs is filled in when there is one."""

    tool = "skeleton"
    home = "home"
    workload = Workload(cluster="home", namespace="shop")
    page = PAGE
    canaries = (TOKEN,)
    right = "list points"
    troubles = frozenset(
        (
            Trouble.THROTTLED,
            Trouble.UNAVAILABLE,
            Trouble.DENIED,
            Trouble.SLOW_LIST,
            Trouble.TORN_LIST,
        )
    )

    def __init__(self, folder: Path) -> None:
        self.spool = folder / "spool"
        self._state = State()
        handler = type("Handler", (_Handler,), {"state": self._state})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def recipe(self, cluster: str) -> Recipe:
        """Lead any process to the server."""
        url = f"http://127.0.0.1:{self._server.server_port}"
        arguments = {"url": url, "cluster": cluster, "spool": str(self.spool)}
        return Recipe("slackwater_skeleton.emulator:build", arguments)

    def make_points(self, count: int) -> tuple[str, ...]:
        """Lay them in, a minute apart."""
        names = tuple(f"nightly-{number:04}" for number in range(count))
        for number, name in enumerate(names):
            began = START + timedelta(minutes=number)
            self._state.points[name] = {
                "name": name,
                "namespace": ("shop", "crm")[number % 2],
                "state": "done",
                "began": began.isoformat(),
                "ended": (began + timedelta(seconds=5)).isoformat(),
            }
        return names

    def cause(self, trouble: Trouble, ref: OperationRef | None = None) -> None:
        """Bring about the trouble."""
        del ref
        self._state.trouble, self._state.lists = trouble, 0

    def heal(self) -> None:
        """End every trouble."""
        self._state.trouble = None

    def fingerprint(self) -> str:
        """All that the tool holds."""
        return json.dumps(self._state.points, sort_keys=True)

    def requests(self) -> int:
        """Count them."""
        return self._state.requests

    def operations(self) -> int:
        """There are none yet."""
        return 0

    def pass_time(self) -> None:
        """Nothing takes time yet."""

    def wreck(self, workload: Workload) -> None:
        """Needed when there are backups."""
        raise NotImplementedError(f"remove {workload} from its cluster")

    def holds(self, target: Workload, original: Workload) -> bool:
        """Needed when there are backups."""
        raise NotImplementedError(f"compare {target} with what {original} was when it was seeded")

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def build(*, url: str, cluster: str, spool: str) -> Backend:
    """Make the backend by plain values, in any process."""
    context = Context(
        cluster=Cluster(cluster),
        secret={REFERENCE: TOKEN}.__getitem__,
        spool=Path(spool),
        clock=utc_now,
    )
    settings = SkeletonSettings(url=url, token=REFERENCE, answer_within=0.5)
    return create(settings, context)
