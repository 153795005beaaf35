"""Damaged fleet files at the command line: a sentence with the place, never a traceback."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..cli.terminal import Terminal
from ..client.stage import Stage

CUT = st.tuples(st.integers(0, 2000), st.integers(0, 40), st.text(max_size=8))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(CUT)
def test_a_damaged_file_is_refused_with_its_place_or_is_right(
    terminal: Terminal, stage: Stage, cut: tuple[int, int, str]
) -> None:
    stage.change()
    whole = stage.path.read_text()
    begin = cut[0] % len(whole)
    text = whole[:begin] + cut[2] + whole[begin + cut[1] :]
    stage.path.write_text(text, encoding="utf-8", errors="surrogatepass")
    said = terminal("check")
    assert said.code in (0, 2, 3)
    assert "Traceback" not in said.all
    assert "Unexpected" not in said.all
    if said.code == 2:
        assert str(stage.path) in said.err


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"version: 2", b"- " * 5000])
def test_what_is_no_fleet_file(terminal: Terminal, stage: Stage, content: bytes) -> None:
    stage.path.write_bytes(content)
    said = terminal("check")
    assert said.code == 2
    assert said.err.startswith(str(stage.path))
