from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slackwater.fleet import DiscoveredCluster, check_fleet, name_for, render_fleet
from slackwater.fleet.names import _NAME

EU = DiscoveredCluster(
    name="prod-eu",
    context="arn:aws:eks:eu-central-1:123456789012:cluster/prod-eu",
    labels={"env": "prod", "no": "no", "zone": "08"},
    backends={
        "velero": {"namespace": "velero", "location": "off: site #1"},
        "etcdctl": {
            "endpoints": ["https://10.0.0.11:2379"],
            "tls": {"ca": "file:/ca", "cert": "file:/cert", "key": "file:/key"},
            "store": "1e3",
        },
    },
    notes=("Velero 1.18.3 in velero", "two lines\nof note \x1b[31m"),
)
US = DiscoveredCluster(name="prod-us", context="prod-us", kubeconfig="file:/etc/us.kubeconfig")


def test_what_was_found_loads_again(load):
    without_store = EU.model_copy(update={"backends": {"velero": EU.backends["velero"]}})

    fleet = load(render_fleet([without_store, US]))

    eu = fleet.clusters["prod-eu"]
    assert eu.context == EU.context
    assert eu.labels == EU.labels
    assert eu.backends["velero"].location == "off: site #1"
    assert fleet.clusters["prod-us"].kubeconfig == "file:/etc/us.kubeconfig"
    assert fleet.clusters["prod-us"].backends == {}


def test_nested_settings_and_odd_text_are_kept(problems_of):
    (problem,) = problems_of(render_fleet([EU]))

    assert problem.message == "no such store (known here: none)"  # read as text, all else is fine


def test_the_first_policy_holds(load):
    fleet = load(render_fleet([DiscoveredCluster(name="a", context="a", backends={"velero": {}})]))

    assert check_fleet(fleet) == []
    policy = fleet.policies["everything"]
    assert policy.required_of("shop", {}) is not None
    assert policy.required_of("kube-system", {}) is None
    assert fleet.clusters_of(policy)


def test_the_tools_found_are_offered_in_an_order(load):
    two = DiscoveredCluster(name="a", context="a", backends={"velero": {}, "kasten": {}})

    assert load(render_fleet([two])).policies["everything"].prefer == ("kasten", "velero")


def test_notes_are_comments():
    text = render_fleet([EU])

    assert "    # Velero 1.18.3 in velero\n    # two lines\n    # of note  [31m\n" in text


@given(context=st.text(min_size=1, max_size=80))
def test_any_context_can_be_written(context, tmp_path_factory):
    import yaml

    cluster = DiscoveredCluster(name=name_for(context, ()), context=context)

    assert yaml.safe_load(render_fleet([cluster]))["clusters"][cluster.name]["context"] == context


@pytest.mark.parametrize(
    ("context", "taken", "name"),
    [
        ("prod-eu", (), "prod-eu"),
        ("prod-eu", ("prod-eu",), "prod-eu-2"),
        ("prod-eu", ("prod-eu", "prod-eu-2"), "prod-eu-3"),
        ("arn:aws:eks:eu-central-1:123456789012:cluster/Prod_EU", (), "prod-eu"),
        ("admin@talos", (), "talos"),
        ("///", (), "cluster"),
        ("ß", (), "cluster"),
    ],
)
def test_a_context_gives_a_name(context, taken, name):
    assert name_for(context, taken) == name


@given(context=st.text(max_size=200))
def test_every_name_is_one_that_the_file_allows(context):
    import re

    assert re.fullmatch(_NAME, name_for(context, ()))
