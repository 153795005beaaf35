"""What may stand under ``etcdctl`` in a fleet file, and what ``init`` puts there."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from slackwater.clusters import Cluster
from slackwater.testing.kubernetes_api import KubernetesApi, serve
from slackwater_etcdctl.plugin import discover
from slackwater_etcdctl.settings import EtcdctlSettings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"endpoints": ["10.0.0.11:2379"]}, "https://10.0.0.11:2379"),
        ({"endpoints": ["https://10.0.0.11"]}, "https://10.0.0.11:2379"),
        ({"endpoints": ["https://root:pw@10.0.0.11:2379"]}, "no credentials"),
        ({"tls": {"cert": "file:/c"}}, "cert and key go together"),
        ({"user": "env:USER"}, "user and password go together"),
        ({"password": "hunter2", "user": "env:USER"}, "reference"),
        ({"companions": [{"name": "pki"}]}, "files or a command"),
        ({"companions": [{"name": "x", "files": ["/a"], "command": ["b"]}]}, "files or a command"),
        ({"companions": [{"name": "../x", "files": ["/a"]}]}, "pattern"),
        ({"companions": [{"name": "x", "files": ["/a"]}] * 2}, "same name"),
        ({"endpoint": "https://10.0.0.11:2379"}, "Extra inputs"),
    ],
)
def test_what_cannot_hold_is_refused_and_no_secret_repeated(settings, said):
    with pytest.raises(ValidationError) as raised:
        EtcdctlSettings.model_validate(settings)

    assert said in str(raised.value)
    if "password" in settings:
        assert "hunter2" not in str(raised.value.errors(include_input=False))


@pytest.fixture
def cluster(tmp_path):
    api = KubernetesApi("east")
    with serve(api) as server:
        server.kubeconfig(tmp_path / "kubeconfig", context="east")
        cluster = Cluster("east", kubeconfig=tmp_path / "kubeconfig", context="east", timeout=5)
        yield api, cluster


def etcd_pod(name, address):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"etcd-{name}",
            "namespace": "kube-system",
            "labels": {"component": "etcd", "tier": "control-plane"},
            "annotations": {"kubeadm.kubernetes.io/etcd.advertise-client-urls": address},
        },
        "spec": {"containers": [{"name": "etcd", "image": "registry.example/etcd:3.6.14"}]},
    }


def test_init_proposes_the_etcd_that_the_api_shows(cluster):
    api, east = cluster
    api.seed(etcd_pod("b", "https://10.0.0.12:2379"), etcd_pod("a", "https://10.0.0.11:2379"))

    found = discover(east)

    assert found["endpoints"] == ["https://10.0.0.11:2379", "https://10.0.0.12:2379"]
    assert EtcdctlSettings.model_validate(found).tls.ca == "file:/etc/kubernetes/pki/etcd/ca.crt"


def test_init_proposes_nothing_where_the_api_shows_no_etcd(cluster):
    assert discover(cluster[1]) is None
