"""Damaged fleet files: each either loads or is refused, and no secret comes out on the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slackwater.errors import ConfigurationError
from slackwater.fleet import check_fleet, load_fleet, source

CANARY = "hunter2-CANARY/+x=="
EXAMPLE = (Path(__file__).parent / "example.yaml").read_text(encoding="utf-8")
PLANTED = EXAMPLE.replace("env:DR_S3_KEY", CANARY).replace('key: "file:…"', f'key: "{CANARY}"')
PIECES = [
    *"\t\n :-[]{},&*!|>'\"%@`#?~=\\\0\x85\u2028\ufeff💥0",
    *("null", "true", "1e999", "-1", "99999999999999999999", "2026-01-01", "<<: *a", "&a ", "*a"),
    *("!!binary x", "---\n", "...\n", "? ", "%YAML 9.9\n", "9" * 5000, "[" * 400, "{a: " * 400),
    *("version: 2", "clusters:", "* * * * *", "0 0 30 2 *", "L", "1h", "env:", "exec:[", "k8s:a/b"),
]

_cut = st.tuples(st.just("cut"), st.integers(0, 2000), st.integers(1, 40))
_insert = st.tuples(st.just("insert"), st.integers(0, 2000), st.sampled_from(PIECES))
_value = st.tuples(
    st.just("value"), st.integers(0, 60), st.sampled_from(PIECES) | st.text(max_size=9)
)
_swap = st.tuples(st.just("swap"), st.integers(0, 60), st.integers(0, 60))
_repeat = st.tuples(st.just("repeat"), st.integers(0, 60), st.integers(0, 60))
damages = st.lists(st.one_of(_cut, _insert, _value, _swap, _repeat), min_size=1, max_size=5)
raw_bytes = st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=4))


def _damaged(text: str, damage: tuple[str, int, object]) -> str:
    kind, at, what = damage
    lines = text.split("\n")
    place = at % len(lines)
    match kind, what:
        case "cut", int(length):
            return text[:at] + text[at + length :]
        case "insert", str(piece):
            return text[:at] + piece + text[at:]
        case "value", str(value):
            lines[place] = f"{lines[place].partition(':')[0]}: {value}"
        case "swap", int(other):
            other %= len(lines)
            lines[place], lines[other] = lines[other], lines[place]
        case "repeat", int(other):
            lines.insert(other % len(lines), lines[place])
    return "\n".join(lines)


def _refusal(path: Path, tools) -> ConfigurationError | None:
    try:
        check_fleet(load_fleet(path, tools))
    except ConfigurationError as error:
        return error
    return None


def _after(damage_list) -> str:
    text = PLANTED
    for damage in damage_list:
        text = _damaged(text, damage)
    return text


def _survives(path: Path, tools, damage_list, odd_bytes) -> None:
    text = _after(damage_list)
    content = text.encode(errors="surrogatepass")
    if odd_bytes is not None:
        at, extra = odd_bytes
        content = content[:at] + extra + content[at:]
    path.write_bytes(content)
    error = _refusal(path, tools)
    if error is not None:
        assert error.problems
        assert all(problem.file == str(path) for problem in error.problems)
        assert CANARY not in f"{error!s}{error!r}{error.__cause__!r}{error.__context__!r}"


def _settings(count: int) -> settings:
    return settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("mutations") / "fleet.yaml"


@pytest.fixture(scope="module")
def tools(request):
    return request.getfixturevalue("settings")


@_settings(500)
@given(damage_list=damages, odd_bytes=st.none() | raw_bytes)
def test_500_damaged_files_end_in_no_traceback(path, tools, damage_list, odd_bytes):
    _survives(path, tools, damage_list, odd_bytes)


def _shown(node: yaml.Node):
    """A node with all that is taken from it: what it is, where it stands."""
    inner = node.value if isinstance(node.value, str) else [_shown(each) for each in _parts(node)]
    return node.tag, node.start_mark.line, node.start_mark.column, inner


def _parts(node: yaml.Node) -> list[yaml.Node]:
    pairs = isinstance(node, yaml.MappingNode)
    return [each for pair in node.value for each in pair] if pairs else node.value


@_settings(300)
@given(damage_list=damages)
def test_what_is_read_quickly_is_read_as_it_is_otherwise(damage_list):
    text = _after(damage_list).encode(errors="replace").decode()
    quick = source._quickly_composed(text)
    assert quick is None or _shown(quick) == _shown(source._Loader(text).get_single_node())


def test_a_file_without_damage_is_read_quickly():
    assert source._quickly_composed(EXAMPLE) is not None


@pytest.mark.parametrize("piece", ["[", "{a: ", "- ", "? "])
def test_what_is_nested_without_end_is_not_read_in_c(piece):
    assert source._quickly_composed(piece * 100_000) is None


@pytest.mark.long
@_settings(int(os.environ.get("SLACKWATER_MUTATIONS", "10000")))
@given(damage_list=damages, odd_bytes=st.none() | raw_bytes)
def test_10000_damaged_files_end_in_no_traceback(path, tools, damage_list, odd_bytes):
    _survives(path, tools, damage_list, odd_bytes)


def test_the_planted_file_is_refused_for_its_secrets_only(path, tools):
    path.write_text(PLANTED)

    with pytest.raises(ConfigurationError) as caught:
        load_fleet(path, tools)

    assert [problem.field for problem in caught.value.problems] == [
        "stores.vault.access_key",
        "clusters.prod-eu.backends.etcdctl.tls.key",
    ]
