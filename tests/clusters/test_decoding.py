from __future__ import annotations

import subprocess
import sys

# New types in each round, met by four threads at once. A crash would end pytest, so it runs apart.
MEETING = """
import sys
import threading
from typing import Generic, TypeVar

import msgspec

from slackwater.clusters.decoding import decode

T = TypeVar("T")
sys.setswitchinterval(1e-6)


def new_type():
    class Item(msgspec.Struct):
        labels: dict[str, str] | None = None

    class Page(msgspec.Struct, Generic[T]):
        items: list[T] | None = None

    return Page[Item]


def meet(into, barrier, found):
    barrier.wait()
    found.append(decode(b'{"items": [{"labels": {"a": "b"}}]}', into))


for _ in range(40):
    into, barrier, found = new_type(), threading.Barrier(4), []
    threads = [threading.Thread(target=meet, args=(into, barrier, found)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [page.items[0].labels for page in found] == [{"a": "b"}] * 4
"""


def test_threads_may_meet_a_type_at_the_same_time() -> None:
    done = subprocess.run([sys.executable, "-c", MEETING], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
