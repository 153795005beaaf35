from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from slackwater.errors import ConfigurationError
from slackwater.fleet import load_fleet
from slackwater.model.recovery_point import Requirement


def test_the_example_of_the_design_loads(load, example):
    fleet = load(example)

    assert list(fleet.clusters) == ["prod-eu", "prod-us"]
    assert fleet.clusters["prod-eu"].labels == {"env": "prod", "region": "eu"}
    assert fleet.clusters["prod-eu"].backends["velero"].volumes == "move-data"
    assert fleet.clusters["prod-us"].backends["csi"].store == "vault"
    assert fleet.stores["vault"].access_key == "env:DR_S3_KEY"
    gold = fleet.policies["gold"]
    assert gold.name == "gold"
    assert gold.objectives.rpo == timedelta(hours=4)
    assert gold.required_of("shop", {"tier": "gold"}) == tuple(Requirement)
    assert gold.required_of("shop", {"tier": "silver"}) is None
    assert gold.control_plane == "if-possible"
    assert fleet.clusters_of(gold) == tuple(fleet.clusters.values())


def test_only_the_tools_that_are_written_are_configured(load, example):
    assert set(load(example).clusters["prod-us"].backends) == {"kasten", "csi"}


def test_a_path_is_shown_as_it_was_given(load, example, tmp_path):
    assert load(example).path == tmp_path / "fleet.yaml"


# Problems: shape, place, words


def test_a_problem_has_file_line_column_field_and_sentence(problems_of, example, tmp_path):
    broken = example.replace("      velero:", "      velro:").replace("0 */2 * * *", "0 */2 * *")

    assert [str(problem) for problem in problems_of(broken)] == [
        (
            f"{tmp_path}/fleet.yaml:15:7  clusters.prod-eu.backends.velro: no such tool; "
            'did you mean "velero"? (known here: csi, etcdctl, kasten, velero)'
        ),
        (
            f"{tmp_path}/fleet.yaml:31:22  policies.gold.schedule.cron: "
            '"0 */2 * *" has 4 fields, 5 expected'
        ),
    ]


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        (
            "tolerance: 15m",
            "tolerance: 15",
            "policies.gold.tolerance",
            "expected a duration like 15m, 4h, 2d or 1h30m, got 15",
        ),
        (
            "tolerance: 15m",
            "tolerence: 15m",
            "policies.gold.tolerence",
            (
                'no such key; did you mean "tolerance"? (known here: clusters, fallback, keep, '
                "objectives, prefer, protect, schedule, tolerance)"
            ),
        ),
        (
            "- control-plane:",
            "- control_plane:",
            "policies.gold.protect[1].control_plane",
            (
                'no such key; did you mean "control-plane"? (known here: cluster-objects, '
                "control-plane, exclude, namespaces, require)"
            ),
        ),
        (
            "fallback: false",
            "fallback: no",
            "policies.gold.fallback",
            'expected true or false, got "no"',
        ),
        (
            "missed: latest",
            "missed: lastest",
            "policies.gold.schedule.missed",
            'expected "latest", "all" or "skip", got "lastest"; did you mean "latest"?',
        ),
        (
            "Europe/Berlin",
            "Europe/Brlin",
            "policies.gold.schedule.timezone",
            'no such time zone; did you mean "Europe/Berlin"? (IANA names)',
        ),
        ("daily: 7", "daily: 0", "policies.gold.keep.daily", "expected at least 1, got 0"),
        ("daily: 7", "daily: x", "policies.gold.keep.daily", 'expected a whole number, got "x"'),
        (
            "env: prod, region: eu",
            "env: 5, region: eu",
            "clusters.prod-eu.labels.env",
            "expected text, got 5; write it in quotes",
        ),
        (
            "env: prod, region: eu",
            "env: a b, region: eu",
            "clusters.prod-eu.labels.env",
            'a label\'s value is at most 63 of letters, digits, "-", "_" and "."',
        ),
        (
            "  gold:",
            "  Gold_:",
            "policies.Gold_",
            'a name is at most 63 of a-z, 0-9 and "-", with no "-" at its ends',
        ),
        (
            "velero: {namespace: velero, location: default, volumes: move-data}",
            "velero:",
            "clusters.prod-eu.backends.velero",
            "expected a mapping (key: value), got nothing",
        ),
        (
            'namespaces: "tier=gold"',
            'namespaces: "tier=("',
            "policies.gold.protect[0].namespaces",
            'this is no selector: expected ",", found "(" (at character 6)',
        ),
        (
            'namespaces: "tier=gold"',
            'namespaces: "*"',
            "policies.gold.protect[0].namespaces",
            'names are written as a list: ["*"]',
        ),
        (
            "off-cluster]",
            "of-cluster]",
            "policies.gold.protect[0].require[2]",
            (
                'expected "objects", "volumes" or "off-cluster", got "of-cluster"; '
                'did you mean "off-cluster"?'
            ),
        ),
        (
            "[kasten, velero]",
            "[kasten, valero]",
            "policies.gold.prefer[1]",
            'no such tool; did you mean "velero"? (known here: csi, etcdctl, kasten, velero)',
        ),
        (
            "csi: {store: vault}",
            "csi: {store: vaalt}",
            "clusters.prod-us.backends.csi.store",
            'no such store; did you mean "vault"? (known here: vault)',
        ),
        ("version: 1\n", "", "version", "is missing"),
        ("version: 1", "version: one", "version", 'expected 1, got "one"'),
        (
            "version: 1",
            "version: 2",
            "version",
            "2 is newer than what is read here (1); upgrade Slackwater",
        ),
        (
            "s3://dr-etcd/prod",
            "ftp://dr-etcd/prod",
            "stores.vault.url",
            "expected s3://bucket/prefix or file:///folder",
        ),
        (
            '    access_key: "env:DR_S3_KEY"\n',
            "",
            "stores.vault",
            "access_key and secret_key go together",
        ),
        (
            '"file:/etc/slackwater/us.kubeconfig"',
            '"env:KUBECONFIG_US"',
            "clusters.prod-us.kubeconfig",
            'login needs a file, and no copy of one is left about: write "file:/path"',
        ),
    ],
)
def test_a_problem_is_said_in_plain_words(problem_of, old, new, field, message):
    problem = problem_of(old, new)

    assert (problem.field, problem.message) == (field, message)


@pytest.mark.parametrize(
    ("old", "new", "line", "column"),
    [
        ("tolerance: 15m", "tolerance: 15", 30, 16),
        ("    tolerance: 15m", "    tolerence: 15m", 30, 5),
        ("daily: 7", "daily: 0", 32, 28),
        ("    context: prod-eu\n", "    context: prod-eu\n    context: b\n", 13, 5),
    ],
)
def test_a_problem_points_at_the_value_or_at_the_key_that_is_wrong(
    problem_of, old, new, line, column
):
    problem = problem_of(old, new)

    assert (problem.line, problem.column) == (line, column)


def test_all_problems_come_at_once_in_the_order_of_the_file(problems_of, example):
    broken = (
        example.replace("    context: prod-eu\n", "    context: prod-eu\n    context: b\n")
        .replace("fallback: false", "fallback: 5")
        .replace("[kasten, velero]", "[kastem, velero]")
        .replace("rto: 30m", "rto: 0s")
    )

    assert [problem.field for problem in problems_of(broken)] == [
        "clusters.prod-eu.context",
        "policies.gold.prefer[0]",
        "policies.gold.fallback",
        "policies.gold.objectives.rto",
    ]


def test_a_doubled_key_names_both_lines(problem_of):
    problem = problem_of("    context: prod-eu\n", "    context: prod-eu\n    context: b\n")

    assert problem.message == "is here twice; first in line 12"


def test_a_version_from_the_future_is_the_only_problem_named(problems_of):
    assert len(problems_of("version: 7\nwhatever: 3\n")) == 1


def test_a_policy_does_not_carry_its_name_a_second_time(problem_of):
    assert problem_of("  gold:\n", "  gold:\n    name: silver\n").field == "policies.gold.name"


# Files that are no fleet file


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty; slackwater init writes one"),
        (b"# nothing but a comment\n", "the file is empty; slackwater init writes one"),
        (b"- a\n- b\n", "expected a mapping of keys (version, clusters, policies)"),
        (b"a: \xff\xfe\n", "this is not UTF-8 text"),
        (b"a: b\x00c\n", "a control character, which YAML does not allow"),
        (b"a:\n\tb: 1\n", "a tab; YAML is indented with spaces"),
        (b"a: [1, 2\n", "broken YAML: expected ',' or ']', but got '<stream end>'"),
        (b"a: 'open\n", "the file ends within quotes or brackets"),
        (b"a: b: c\n", 'a ":" out of place: check the indentation, or quote the text'),
        (b"a: 1\n---\nb: 2\n", "a second document (---); one is expected"),
        (b"a: *b\n", "an alias (*name) without its anchor; text that begins with * needs quotes"),
        (b"a: &x 1\nb: &x 2\n", "an anchor (&name) is defined twice"),
        (b"a: *\n", "text that begins with *, & or ! needs quotes"),
        (b"a: " + b"[" * 1000, "nested deeper than 50 levels"),
        (b"a: " + b"[" * 60 + b"]" * 60, "nested deeper than 50 levels"),
        (b"a: &a [*a]\n", "nested deeper than 50 levels"),
        (b"a: b\n" * 900_000, "is larger than 4 MiB"),
    ],
    ids=lambda value: value[:12].decode(errors="replace") if isinstance(value, bytes) else "",
)
def test_what_is_no_yaml_is_refused_in_one_sentence(problems_of, content, message):
    (problem,) = problems_of(content)

    assert problem.message == message


def test_aliases_that_unfold_without_end_are_refused(problems_of):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]

    (problem,) = problems_of("\n".join(lines))

    assert problem.message == "aliases unfold to more than 200,000 values"


def test_an_alias_stands_for_its_value(load, example):
    aliased = example.replace("labels: {env: prod, region: eu}", "labels: &l {env: prod}").replace(
        "labels: {env: prod, region: us}", "labels: *l"
    )

    assert load(aliased).clusters["prod-us"].labels == {"env": "prod"}


def test_tags_are_refused(problem_of):
    problem = problem_of("context: prod-eu", "context: !!python/name:os.system x")

    assert problem.message == "tags (!name) are not read here; text that begins with ! needs quotes"


def test_no_and_on_are_text(load, example):
    assert load(example.replace("region: eu", "region: no")).clusters["prod-eu"].labels == {
        "env": "prod",
        "region": "no",
    }


def test_a_byte_order_mark_is_passed_over(load, example):
    assert load(b"\xef\xbb\xbf" + example.encode()).version == 1


def test_the_place_of_a_wrong_byte_is_named(problems_of):
    (problem,) = problems_of(b"version: 1\nclusters: \xff\n")

    assert (problem.line, problem.column) == (2, 11)


def test_paths_that_cannot_be_read_are_refused(tmp_path, settings):
    for path, message in (
        (tmp_path / "nowhere.yaml", "there is no such file; slackwater init writes one"),
        (tmp_path, "cannot be read: is a directory"),
        (Path("a\0b"), "cannot be read: not a path"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            load_fleet(path, settings)
        assert [problem.message for problem in caught.value.problems] == [message]


def test_a_file_without_the_right_to_read_it_is_refused(tmp_path, settings, monkeypatch):
    path = tmp_path / "fleet.yaml"
    path.write_text("version: 1")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # the tests may run as root, who may read anything

    with pytest.raises(ConfigurationError, match="cannot be read: permission denied"):
        load_fleet(path, settings)


def test_importing_the_fleet_loads_no_kubernetes_client():
    code = "import sys, slackwater.fleet; sys.exit('kubernetes' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
