"""The emulated K10 behind a real kube-apiserver: discovery, rights and namespaces are real there.

What K10 does is still emulated; that its API has no watch and no update, that rights are asked by
RBAC, and that the namespace controller takes RestorePoints along, is not.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
import yaml

from slackwater.backend import Context
from slackwater.clusters import Cluster
from slackwater.errors import (
    ClusterError,
    KindNotServed,
    ObjectNotFound,
    PermanentBackendError,
    PermissionDenied,
)
from slackwater.model.act import ActKind, Key
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Stamp
from slackwater.model.request import BackupRequest, PointQuery, RestoreRequest
from slackwater.model.workload import Workload
from slackwater_kasten.backend import KastenBackend
from slackwater_kasten.emulator import KastenServer, profile
from slackwater_kasten.emulator.definitions import definitions
from slackwater_kasten.emulator.installing import BUCKET, ENDPOINT
from slackwater_kasten.emulator.remote import Remote
from slackwater_kasten.emulator.serving import registration, serve_aggregated
from slackwater_kasten.emulator.vault import Vault
from slackwater_kasten.resources import CONTENTS, POLICIES
from slackwater_kasten.rights import roles
from slackwater_kasten.settings import KastenSettings

pytestmark = pytest.mark.real("etcd", "kubernetes")

SHOP = Workload(cluster="lone", namespace="shop")


def thing(kind, name, namespace="shop", version="v1", **rest):
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def workload():
    size = {"resources": {"requests": {"storage": "1Gi"}}, "accessModes": ["ReadWriteOnce"]}
    yield thing("Namespace", "shop", "")
    yield thing("StorageClass", "fast", "", "storage.k8s.io/v1", provisioner="emulated")
    yield thing("ConfigMap", "prices", data={"tea": "3"})
    volume = thing("PersistentVolume", "pv-orders", "", spec={
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
        "storageClassName": "fast", "csi": {"driver": "x", "volumeHandle": "1"},
        "claimRef": {"namespace": "shop", "name": "orders"},
    })  # fmt: skip
    volume["metadata"]["annotations"] = {"emulator.slackwater.dev/data": "seven orders"}
    yield volume
    yield thing("PersistentVolumeClaim", "orders",
                spec={**size, "storageClassName": "fast", "volumeName": "pv-orders"})  # fmt: skip


def permissions(user):
    """The plugin's own roles for a user, and what verifying a restore lists besides."""
    looking = {"apiGroups": [""], "resources": ["configmaps", "secrets", "serviceaccounts"],
               "verbs": ["list"]}  # fmt: skip
    for role in yaml.safe_load_all(roles("kasten-io")):
        if role["kind"] == "ClusterRole":
            role["rules"].append(looking)
        yield role
        yield {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": f"{role['kind']}Binding",
            "metadata": role["metadata"],
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": role["kind"],
                "name": role["metadata"]["name"],
            },
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        }


class Behind:
    """A control plane with the emulator behind it, stepped by hand."""

    def __init__(self, control, server, folder):
        self.control, self.server, self._folder = control, server, folder

    def backend(self, user):
        cluster = Cluster("lone", kubeconfig=self.control.kubeconfig_for(user), timeout=30)
        context = Context(
            cluster=cluster,
            secret=str,
            spool=self._folder,
            clock=lambda: datetime.now(UTC),
        )
        return KastenBackend(KastenSettings(export="offsite"), context)

    def drive(self, backend, plan, run):
        assert not [finding for finding in plan.findings if finding.blocks]
        results = {}
        for act in plan.acts:
            key = Key(run=run, step=act.id)
            if act.kind is ActKind.PERFORMED:
                results[act.id] = backend.perform(act, key, Silent())
            else:
                results[act.id] = self._ended(backend, backend.start(act, key))
        return results

    def _ended(self, backend, ref):
        for _ in range(12):
            operation = backend.get_operations([ref])[ref]
            if operation.phase.terminal:
                assert operation.phase is Phase.SUCCEEDED, operation
                return operation
            self.server.tick()
        raise AssertionError(operation)


class Silent:
    stopping = False

    def progress(self, progress):
        pass


@pytest.fixture
def behind(parts, tmp_path):
    from slackwater_testbed.certificates import Authority
    from slackwater_testbed.conditions import says

    control = parts.control_plane()
    control.apply(yaml.safe_dump_all(definitions()))
    pair = Authority(tmp_path / "pki").issue("aggregated", "localhost")
    server = KastenServer(
        Remote(Cluster("lone", kubeconfig=control.kubeconfig, timeout=30)),
        Vault(buckets={f"{ENDPOINT}/{BUCKET}"}),
    )
    with serve_aggregated(server.api, pair.certificate, pair.key) as port:
        control.apply(yaml.safe_dump(thing("Namespace", "kasten-io", "")))
        control.wait_for("crd", "profiles.config.kio.kasten.io", says("Established"))
        control.apply(yaml.safe_dump_all([*registration("kasten-io", port), profile("offsite")]))
        control.apply(yaml.safe_dump_all([*workload(), *permissions("kit")]))
        for group in ("actions", "apps"):
            name = f"v1alpha1.{group}.kio.kasten.io"
            control.wait_for("apiservice", name, says("Available"))
        control.wait_for("pvc", "orders", lambda found: found["status"]["phase"] == "Bound",
                         namespace="shop")  # fmt: skip
        server.tick()
        yield Behind(control, server, tmp_path)


def test_a_namespace_is_lost_and_comes_back_with_no_more_than_the_documented_rights(behind):
    kit = behind.backend("kit")
    request = BackupRequest(
        workload=SHOP,
        require=(),
        due=datetime.now(UTC),
        stamp=Stamp(cluster="lone", cluster_uid="u", run="r-1"),
    )
    assert [finding for finding in kit.check() if finding.blocks] == []

    behind.drive(kit, kit.plan_backup(request), "r-1")
    (before,) = kit.list_recovery_points(PointQuery())
    behind.control.kubectl("delete", "namespace", "shop", seconds=90)
    behind.control.kubectl("delete", "pv", "pv-orders", seconds=60)
    (point,) = kit.list_recovery_points(PointQuery())

    assert point.id == before.id
    assert point.tool_phase == "Unbound", "the namespace controller deleted the RestorePoint"
    read = kit.get_recovery_point(point.id)
    assert [(v.claim, v.held, v.off_cluster) for v in read.contents.volumes] == [
        ("orders", True, True)
    ]
    restore = RestoreRequest(workload=SHOP, point=point, target="lone")
    results = behind.drive(kit, kit.plan_restore(restore), "r-2")
    assert results["verify"]["missing"] == []
    assert results["verify"]["findings"] == []
    claim = behind.control.wait_for("pvc", "orders", lambda c: c["status"]["phase"] == "Bound",
                                    namespace="shop")  # fmt: skip
    volume = behind.control.get("pv", claim["spec"]["volumeName"])
    assert volume["metadata"]["annotations"]["emulator.slackwater.dev/data"] == "seven orders"

    behind.drive(kit, kit.plan_deletion(point.id), "r-3")
    assert list(kit.list_recovery_points(PointQuery())) == []


def test_there_is_no_watch_and_no_right_but_what_rbac_gives(behind):
    admin = Cluster("lone", kubeconfig=behind.control.kubeconfig, timeout=30)
    served = behind.control.kubectl(
        "api-resources", "--api-group=actions.kio.kasten.io", "-o", "name"
    )

    assert "backupactions.actions.kio.kasten.io" in served.split()
    with pytest.raises(ClusterError) as watched:
        admin.get(f"{CONTENTS.path()}?watch=true")
    assert watched.value.status == 405
    with pytest.raises(PermissionDenied, match="list restorepointcontents"):
        list(behind.backend("nobody").list_recovery_points(PointQuery()))


def test_an_api_that_is_deleted_is_no_object_that_is_gone(behind):
    """How a real server says it: plain text for a group, and for a kind without its definition."""
    admin = Cluster("lone", kubeconfig=behind.control.kubeconfig, timeout=30)
    kit = behind.backend("kit")
    assert admin.exists(CONTENTS.path())
    with pytest.raises(ObjectNotFound) as missing:
        admin.get(CONTENTS.path(name="never-made"))
    assert not isinstance(missing.value, KindNotServed)

    behind.control.kubectl("delete", "apiservice", "v1alpha1.apps.kio.kasten.io")
    behind.control.kubectl("delete", "crd", str(POLICIES), seconds=60)

    for path in (CONTENTS.path(name="x"), POLICIES.path("kasten-io", "x")):
        _eventually_not_served(admin, path)
    with pytest.raises(PermanentBackendError, match="restorepointcontents"):
        list(kit.list_recovery_points(PointQuery()))
    assert [finding.code for finding in kit.check()] == ["not-installed"]


def _eventually_not_served(cluster, path):
    """The API server takes a moment to notice; until then it says 404 of the object, or 503."""
    for _ in range(300):
        try:
            cluster.get(path)
        except KindNotServed:
            return
        except ClusterError:
            time.sleep(0.1)
    raise AssertionError(path)
