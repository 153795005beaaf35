"""The runbook, word for word: each of its commands, in its order, after the accident it is for."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slackwater_testbed import state
from slackwater_testbed.etcd_setup import EtcdSetup
from slackwater_testbed.testbed import Testbed

from .belongings import belongings, furnish
from .control_planes import WholeRoad

pytestmark = pytest.mark.real

PAGE = Path(__file__).parents[2] / "core" / "docs" / "how-to" / "my-cluster-is-gone.md"
ITS_MOMENT = "2026-11-21 14:05"
LETTERS = re.compile(r"^## (?P<head>.+)\n(?P<text>(?:(?!## ).*\n)*)", re.MULTILINE)
COMMAND = re.compile(r"^\$ (.+)$", re.MULTILINE)
DIGEST = re.compile(rb"Type the digest[^:]*: *([0-9a-f]{4}-[0-9a-f]{4})")
MAY_END_WITH = {"slackwater doctor": (0, 3), "slackwater points list": (0, 4)}
"""What the page says of exit codes; all other commands end with 0."""
GOLD = {
    "gold": {
        "clusters": "",
        "protect": [{"namespaces": "tier=gold"}, {"control-plane": "if-possible"}],
        "tolerance": "15m",
        "keep": {"last": 3},
    }
}


@pytest.fixture(scope="module")
def fleet() -> Iterator[Testbed]:
    """The three clusters of the page."""
    made = Testbed(
        state.claim("page"), ("prod-eu", "prod-us", "dr-eu"), etcd={"prod-eu": EtcdSetup(members=3)}
    )
    try:
        made.install()
        yield made
    finally:
        made.remove()


class Reader:
    """Somebody who has the page open, and a terminal in the folder of the fleet file."""

    def __init__(self, road: WholeRoad, moment: str) -> None:
        self._road = road
        self._moment = moment
        self._sections = {m["head"]: m["text"] for m in LETTERS.finditer(PAGE.read_text())}
        self._exported = ""

    def read(self, head: str) -> list[str]:
        """Type every command of the section that begins so; return them."""
        [text] = [text for name, text in self._sections.items() if name.startswith(head)]
        typed = COMMAND.findall(text)
        for line in typed:
            command = line.replace(ITS_MOMENT, self._moment)
            if command.startswith("export "):
                self._exported += f"{command}\n"
            else:
                self._type(command)
        return typed

    def _type(self, command: str) -> None:
        code, said = self._in_a_terminal(f"{self._exported}{command}")
        begins = next((known for known in MAY_END_WITH if command.startswith(known)), "")
        assert code in MAY_END_WITH.get(begins, (0,)), f"$ {command}\n{said}"

    def _in_a_terminal(self, commands: str) -> tuple[int, str]:
        """Run commands as at a terminal, and answer with the digest where it is asked for."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            ["bash", "-c", commands],
            cwd=self._road.folder,
            env=self._environment(),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        said = b""
        with suppress(OSError):  # how a terminal says that nobody is there any more
            while more := os.read(ours, 65_536):
                answered = DIGEST.search(said)
                said += more
                if not answered and (asked := DIGEST.search(said)):
                    os.write(ours, asked[1] + b"\n")
        os.close(ours)
        return process.wait(), said.decode(errors="replace")

    def _environment(self) -> dict[str, str]:
        own = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SLACKWATER_LEDGER": str(self._road.ledger),
            "SLACKWATER_TRACEBACK": "1",
            "COLUMNS": "200",
            "TZ": "UTC",
        }
        return {**os.environ, **own}


def test_the_page_leads_through_every_accident_as_printed(fleet: Testbed, tmp_path: Path) -> None:
    road = WholeRoad(fleet, tmp_path, GOLD)
    road.write()
    prod_eu, prod_us, dr_eu = (fleet[name] for name in ("prod-eu", "prod-us", "dr-eu"))
    for cluster, namespace in ((prod_eu, "shop"), (prod_us, "crm")):
        cluster.kubectl("create", "namespace", namespace)
        cluster.kubectl("label", "namespace", namespace, "tier=gold")
        furnish(cluster, namespace, volume=False)
    made = road.call("backup", "gold", "--mark", "before")
    assert made.returncode == 0, made.stderr
    moment = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    shop, crm = belongings(prod_eu, "shop"), belongings(prod_us, "crm")
    reader = Reader(road, moment)

    assert len(reader.read("Look")) == 3

    prod_eu.kubectl("delete", "namespace", "shop")
    assert reader.read("A.")
    assert belongings(prod_eu, "shop") == shop

    prod_eu.kubectl("delete", "crd", "tides.harbour.example.org")
    prod_eu.kubectl("delete", "clusterrole", "view")
    assert reader.read("B.")
    assert belongings(prod_eu, "shop") == shop
    assert prod_eu.get("clusterrole", "view")

    prod_us.stop()
    with road.looking_at_once("dr-eu"):
        assert reader.read("C.")
    assert belongings(dr_eu, "crm") == crm

    dr_eu.kubectl("delete", "namespace", "crm")
    prod_eu.kubectl("delete", "namespace", "shop")
    with road.looking_at_once("dr-eu"):
        assert reader.read("D.")
    assert belongings(prod_eu, "shop") == shop
    assert belongings(dr_eu, "crm") == crm

    assert reader.read("If it stops half-way") == ["slackwater runs list"]
