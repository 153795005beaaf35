"""Who reads the recovery points of the fleet, each in a fresh process.

``python -m tests.benchmarks.contenders NAME FOLDER`` prints one JSON object: how many points were
found, in how many seconds, and with how much memory. Modules are loaded and files read before the
clock starts, for every contender alike; connections and logins are made while it runs.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .fleet_files import FLEET, KUBECONFIG, SERVERS
from .pages import USUAL_PAGE

AT_ONCE = 2
"""Clusters that a peer in Python reads at once. With more it is slower: all wait for one lock."""

Parse = Callable[[bytes], Any]
Read = Callable[[], int]
"""Reads all recovery points of the fleet; how many there were."""

_LOADED_BY_FIRST_REQUEST = (
    "kubernetes.client",
    "kubernetes.config",
    "slackwater_velero.backend",
    "tenacity",
)
_LIST = "/apis/velero.io/v1/namespaces/velero/backups"


def catalogue(folder: Path) -> Read:
    """Ours: ``gather`` with the Velero plugin, merged and sorted, each point a model."""
    for module in _LOADED_BY_FIRST_REQUEST:
        importlib.import_module(module)
    from slackwater.backend.connections import Connections
    from slackwater.backend.plugin_loading import load_plugins
    from slackwater.catalogue import gather
    from slackwater.fleet import load_fleet

    types = load_plugins().types
    fleet = load_fleet(folder / FLEET, {name: kind.settings for name, kind in types.items()})
    connections = Connections(
        fleet, types, lambda *_: "", folder / "spool", lambda: datetime.now(UTC), timeout=60
    )

    def read() -> int:
        with connections:
            found = gather(connections)
        assert not found.findings, found.findings[0]
        return len(found.points)

    return read


def threads(parse_with: str) -> Callable[[Path], Read]:
    """A peer: httpx in a pool of threads, one kept connection for each cluster."""

    def prepare(folder: Path) -> Read:
        import httpx

        parse, urls = _parser(parse_with), _urls(folder)

        def read_cluster(url: str) -> int:
            count, token = 0, ""
            with httpx.Client(base_url=url, timeout=60) as client:
                while True:
                    page = parse(client.get(_LIST, params=_query(token)).content)
                    count += len(page["items"])
                    token = page["metadata"].get("continue", "")
                    if not token:
                        return count

        def read() -> int:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                return sum(pool.map(read_cluster, urls))

        return read

    return prepare


def coroutines(parse_with: str) -> Callable[[Path], Read]:
    """A peer: httpx in one event loop, one kept connection for each cluster."""

    def prepare(folder: Path) -> Read:
        import httpx

        parse, urls = _parser(parse_with), _urls(folder)

        async def read_cluster(client: httpx.AsyncClient, url: str) -> int:
            count, token = 0, ""
            while True:
                page = parse((await client.get(url + _LIST, params=_query(token))).content)
                count += len(page["items"])
                token = page["metadata"].get("continue", "")
                if not token:
                    return count

        async def read_all() -> int:
            places = asyncio.Semaphore(AT_ONCE)
            async with httpx.AsyncClient(timeout=60) as client:

                async def in_turn(url: str) -> int:
                    async with places:
                        return await read_cluster(client, url)

                return sum(await asyncio.gather(*map(in_turn, urls)))

        return lambda: asyncio.run(read_all())

    return prepare


def unread(folder: Path) -> Read:
    """No contender but the floor: the bytes are fetched and nothing is understood but the token.

    Shows how far the server is from being what is measured.
    """
    import http.client
    import re

    urls, token_in = _urls(folder), re.compile(rb'"continue":"([^"]*)"')

    def read_cluster(url: str) -> int:
        count, token = 0, b""
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        while True:
            query = f"limit={USUAL_PAGE}" + (f"&continue={token.decode()}" if token else "")
            connection.request("GET", f"{_LIST}?{query}")
            body = connection.getresponse().read()
            count += body.count(b'"kind":"Backup",')
            found = token_in.search(body, len(body) - 200)
            token = found[1] if found else b""
            if not token:
                connection.close()
                return count

    def read() -> int:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return sum(pool.map(read_cluster, urls))

    return read


def kubectl_loop(folder: Path) -> Read:
    """A peer: what people write today. ``grep`` counts, so that nothing more is measured.

    kubectl keeps what it learns of a server's kinds in a folder; it is filled before.
    """
    from slackwater_testbed.engines import binary

    contexts = "\n".join(json.loads((folder / SERVERS).read_text()))
    kubectl = f"{binary('kubectl')} --cache-dir {folder / 'kubectl'} --context {{}}"
    at_once = str(2 * (os.cpu_count() or 1))
    environment = {**os.environ, "KUBECONFIG": str(folder / KUBECONFIG)}

    def each(command: str) -> str:
        loop = ["xargs", "-P", at_once, "-I{}", "sh", "-c", f"{kubectl} {command}"]
        done = subprocess.run(
            loop, input=contexts, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    each("api-resources --api-group velero.io")
    listing = """get backups.velero.io -A -o json | grep -c '"kind": "Backup"'"""
    return lambda: sum(map(int, each(listing).split()))


CONTENDERS: Mapping[str, Callable[[Path], Read]] = {
    "catalogue": catalogue,
    "threads-orjson": threads("orjson"),
    "threads-msgspec": threads("msgspec"),
    "coroutines-orjson": coroutines("orjson"),
    "coroutines-msgspec": coroutines("msgspec"),
    "kubectl": kubectl_loop,
    "unread": unread,
}


def _parser(name: str) -> Parse:
    if name == "orjson":
        import orjson

        return orjson.loads
    import msgspec

    return msgspec.json.Decoder().decode


def _urls(folder: Path) -> list[str]:
    return list(json.loads((folder / SERVERS).read_text()).values())


def _query(token: str) -> dict[str, str | int]:
    return {"limit": USUAL_PAGE, "continue": token} if token else {"limit": USUAL_PAGE}


def main() -> None:
    """Run one contender and print what it cost."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    read = CONTENDERS[name](folder)
    wall, processor = time.perf_counter(), _processor_seconds()
    points = read()
    cost = {
        "points": points,
        "seconds": time.perf_counter() - wall,
        "processor_seconds": _processor_seconds() - processor,
        "peak_mib": resource.getrusage(_whose(name)).ru_maxrss / 1024,
    }
    print(json.dumps(cost))


def _processor_seconds() -> float:
    own, programs = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + programs.ru_utime + programs.ru_stime


def _whose(name: str) -> int:
    """Of a loop of programs, the memory of the largest counts, not that of its starter."""
    return resource.RUSAGE_CHILDREN if name == "kubectl" else resource.RUSAGE_SELF


if __name__ == "__main__":
    main()
