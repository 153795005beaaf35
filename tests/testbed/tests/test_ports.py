"""Ports are free when chosen and stay with their names."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from slackwater_testbed import ports
from slackwater_testbed.ports import Ports, free_port


def test_a_name_keeps_its_port_over_objects(tmp_path: Path) -> None:
    chosen = Ports(tmp_path / "ports.json").port("east/apiserver")
    assert Ports(tmp_path / "ports.json").port("east/apiserver") == chosen


def test_two_names_never_share_a_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_is_free", lambda _port: True)
    monkeypatch.setattr(ports, "RANGE", range(20_000, 20_020))
    kept = Ports(tmp_path / "ports.json")
    assert len({kept.port(str(number)) for number in range(20)}) == 20


def test_port_with_a_listener_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        monkeypatch.setattr(ports, "RANGE", range(taken, taken + 1))
        with pytest.raises(OSError, match="no port"):
            free_port()
