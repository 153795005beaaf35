"""A sample of objects: what an API server writes, and what is none of it."""

from __future__ import annotations

from slackwater_etcdctl.answers import Header, KeyValue, KeyValues
from slackwater_etcdctl.blueprint import Promised
from slackwater_etcdctl.sampling import take_sample

from .made import FACTS, UID

PROMISED = Promised.of(FACTS)
KUBE_SYSTEM = "/registry/namespaces/kube-system"


class Holding:
    """An etcd that holds these keys, all changed at one revision."""

    def __init__(self, held: dict[str, bytes], revision: int = 1) -> None:
        self._held = held
        self._revision = revision

    def keys(self, _: str, prefix: str, most: int) -> KeyValues:
        found = [key for key in sorted(self._held) if key.startswith(prefix)]
        kvs = [KeyValue(k.encode(), self._held[k], self._revision) for k in found[:most]]
        return KeyValues(Header(), kvs, len(found))

    def value(self, _: str, key: str, **__: object) -> bytes | None:
        return self._held.get(key)


def sample(held: dict[str, bytes], revision: int = 1):
    whole = {KUBE_SYSTEM: b"k8s\0 kube-system " + UID.encode(), **held}
    return take_sample(Holding(whole, revision), "", PROMISED)


def test_objects_of_an_api_server_are_in_order():
    held = {"/registry/secrets/a/s1": b"k8s\0..s1..", "/registry/configmaps/a/c": b'{"n":"c"}'}
    found = sample(held)
    assert (found.read, found.encrypted, found.wrong, found.strange) == (3, 0, (), ())


def test_what_is_encrypted_at_rest_is_counted():
    found = sample({"/registry/secrets/a/s1": b"k8s:enc:aescbc:v1:key1:\x00\x01"})
    assert (found.encrypted, found.strange) == (1, ())


def test_what_no_api_server_wrote_is_strange():
    held = {"/registry/secrets/a/s1": b"\0\0\0\0", "/registry/secrets/a/s2": b"k8s\0 of another"}
    assert sample(held).strange == tuple(held)


def test_what_is_newer_than_the_snapshot_is_wrong():
    (wrong,) = sample({}, revision=PROMISED.revision + 1).wrong
    assert "kube-system was changed at revision 1001" in wrong


def test_another_cluster_is_wrong():
    (wrong,) = sample({KUBE_SYSTEM: b"k8s\0 kube-system of somebody else"}).wrong
    assert UID in wrong


def test_an_empty_store_is_wrong():
    found = take_sample(Holding({}), "", PROMISED)
    assert found.wrong == ("it holds no object of Kubernetes",)


def test_an_etcd_without_kubernetes_has_no_objects_to_look_at():
    bare = PROMISED.model_copy(update={"kubernetes": ""})
    found = take_sample(Holding({"boats/1": b"x"}), "", bare)
    assert (found.read, found.wrong) == (0, ())
