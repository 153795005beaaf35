"""The engines: which programs, from which Go modules, and where their builds lie.

A family is a folder with its own go.mod, because the tools need different `replace` lines.
Versions are fixed there; this module adds the names, the packages and the version stamps.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from slackwater_testbed.errors import EngineMissing, TestbedError

SOURCES = Path(__file__).parents[2] / "engines"
CACHE_VARIABLE = "SLACKWATER_TESTBED_CACHE"
BUILD_FLAGS = ("-mod=readonly", "-trimpath", "-buildvcs=false")
HASHED_FILES = ("go.mod", "go.sum", "main.go")


@dataclass(frozen=True)
class Family:
    """Engines that share one go.mod.

    `packages` maps the file name below `bin/` to the Go package; `stamps` are linker variables.
    `files` maps a name in the build to the module and the path in it from which it is copied.
    `modules` names the family whose go.mod it shares, where it has none of its own.
    """

    name: str
    packages: Mapping[str, str]
    stamps: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    modules: str = ""

    @property
    def source(self) -> Path:
        """The folder with go.mod and go.sum."""
        return SOURCES / (self.modules or self.name)

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags of `go build`: no debug tables, which halves the time to link."""
        stamps = [f"-X {variable}={value}" for variable, value in self.stamps.items()]
        return (*BUILD_FLAGS, "-ldflags", " ".join(["-s -w", *stamps]))

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that change with everything a build depends on but Go itself."""
        digest = hashlib.sha256(repr((self.flags, sorted(self.packages.items()))).encode())
        for name in (*HASHED_FILES, *self._more_sources()):
            file = self.source / name
            digest.update(f"\0{name}\0".encode() + (file.read_bytes() if file.exists() else b""))
        if self.files:
            digest.update(repr(sorted(self.files.items())).encode())
        return digest.hexdigest()[:16]

    def _more_sources(self) -> list[str]:
        return sorted({file.name for file in self.source.glob("*.go")} - set(HASHED_FILES))

    @property
    def folder(self) -> Path:
        """Where this family's build lies. It exists only when the build is complete."""
        return cache() / f"{self.name}-{self.fingerprint}"

    @property
    def built(self) -> bool:
        """Whether every engine of the family is there."""
        return all((self.folder / "bin" / name).exists() for name in self.packages)


# Without these a kube-apiserver calls itself v0.0.0-master+$Format:%H$, which clients refuse.
_KUBERNETES_VERSION = {
    "gitVersion": "v1.36.3",
    "gitMajor": "1",
    "gitMinor": "36",
    "gitTreeState": "clean",
    "gitCommit": "unknown",
    "buildDate": "1970-01-01T00:00:00Z",
}

_SNAPSHOTTER = "github.com/kubernetes-csi/external-snapshotter/v8"
_PROVISIONER = "github.com/kubernetes-csi/external-provisioner/v6"
_VERSIONED_KUBERNETES = {
    f"{package}.{variable}": value
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    for variable, value in _KUBERNETES_VERSION.items()
}
_VERSIONED_VELERO = {
    "github.com/vmware-tanzu/velero/pkg/buildinfo.Version": "v1.18.3",
    "github.com/vmware-tanzu/velero/pkg/buildinfo.GitTreeState": "clean",
}

# What the clusters of a testbed are made of.
USUAL = ("etcd", "kubernetes", "velero", "s3")
# What those with nodes need besides.
FOR_NODES = ("containers", "nodes", "velero-pods", "csi", "csi-driver")
# What is of use where there are nodes only.
ONLY_FOR_NODES = ("containers", "nodes", "velero-pods")

FAMILIES = (
    Family(
        "etcd",
        {
            "etcd": "go.etcd.io/etcd/server/v3",
            "etcdctl": "go.etcd.io/etcd/etcdctl/v3",
            "etcdutl": "go.etcd.io/etcd/etcdutl/v3",
        },
    ),
    # The minor before, for what is not to be mixed with the one above.
    Family(
        "etcd-3.5",
        {
            "etcd": "go.etcd.io/etcd/server/v3",
            "etcdctl": "go.etcd.io/etcd/etcdctl/v3",
            "etcdutl": "go.etcd.io/etcd/etcdutl/v3",
        },
    ),
    # The last etcdutl without --bump-revision: too old to restore a control plane.
    Family("etcd-3.5.9", {"etcdutl": "go.etcd.io/etcd/etcdutl/v3"}),
    Family(
        "kubernetes",
        {
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in ("kube-apiserver", "kube-controller-manager", "kubectl")
        },
        _VERSIONED_KUBERNETES,
    ),
    Family(
        "velero",
        {
            "velero": ".",
            # In a folder of its own: the server runs every program that lies beside a plugin.
            "plugins/velero-plugin-for-aws": (
                "github.com/vmware-tanzu/velero-plugin-for-aws/velero-plugin-for-aws"
            ),
        },
        _VERSIONED_VELERO,
    ),
    Family("s3", {"versitygw": "github.com/versity/versitygw/cmd/versitygw"}),
    # The testbed's own driver, in the folder of the family, and what checks it.
    Family(
        "csi-driver",
        {"csi-driver": ".", "csi-sanity": "github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity"},
    ),
    # The controllers of volumes and snapshots, with their own CRDs and rights.
    Family(
        "csi",
        {
            "snapshot-controller": f"{_SNAPSHOTTER}/cmd/snapshot-controller",
            "csi-snapshotter": f"{_SNAPSHOTTER}/cmd/csi-snapshotter",
            "csi-provisioner": f"{_PROVISIONER}/cmd/csi-provisioner",
        },
        files={
            "crds": ("github.com/kubernetes-csi/external-snapshotter/client/v8", "config/crd"),
            **{
                f"rights/{name}.yaml": (module, f"deploy/kubernetes/{path}")
                for name, module, path in (
                    (
                        "snapshot-controller",
                        _SNAPSHOTTER,
                        "snapshot-controller/rbac-snapshot-controller.yaml",
                    ),
                    ("csi-snapshotter", _SNAPSHOTTER, "csi-snapshotter/rbac-csi-snapshotter.yaml"),
                    ("csi-provisioner", _PROVISIONER, "rbac.yaml"),
                )
            },
        },
    ),
    Family(
        "containers",
        {
            **{
                name: f"github.com/containerd/containerd/v2/cmd/{name}"
                for name in ("containerd", "containerd-shim-runc-v2", "ctr")
            },
            # In a folder of their own: containerd is told where they are.
            **{
                f"cni/{plugin.rpartition('/')[2]}": (
                    f"github.com/containernetworking/plugins/plugins/{plugin}"
                )
                for plugin in ("main/ptp", "main/loopback", "ipam/host-local")
            },
        },
    ),
    # Apart from the control plane, so that those who need no nodes need not build them.
    Family(
        "nodes",
        {
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in ("kubelet", "kube-proxy", "kube-scheduler")
        },
        _VERSIONED_KUBERNETES,
    ),
    # As it is: in a pod it shares its ports with nobody.
    Family(
        "velero-pods",
        {
            name: f"github.com/vmware-tanzu/velero/cmd/{name}"
            for name in ("velero", "velero-restore-helper")
        },
        _VERSIONED_VELERO,
        modules="velero",
    ),
)


def cache() -> Path:
    """Return the folder of all builds, outside of every checkout."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("slackwater")) / "testbed"


def families(names: Iterable[str] = ()) -> tuple[Family, ...]:
    """Return the families of these names, or all of them. Raise TestbedError for an unknown."""
    known = {family.name: family for family in FAMILIES}
    wanted = list(names)
    if unknown := set(wanted) - set(known):
        raise TestbedError(f"no family {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(known[name] for name in wanted) or FAMILIES


def missing(names: Iterable[str] = ()) -> list[str]:
    """Return the names of the engines that are not built, as `family/engine`."""
    return [
        f"{family.name}/{Path(name).name}"
        for family in families(names)
        if not family.built
        for name in family.packages
    ]


def built_file(family: str, name: str) -> Path:
    """Return the path of a file or folder that came with a family's build.

    Raise EngineMissing if it isn't built.
    """
    (found,) = families([family])
    if not found.built:
        raise EngineMissing(_not_built(name, family))
    return found.folder / name


def binary(name: str, family: str = "") -> Path:
    """Return the path of a built engine, such as `kubectl`. Raise EngineMissing if it isn't.

    Where several families have one of this name, it is the first one's unless another is named.
    """
    for each in families([family] if family else ()):
        for path in each.packages:
            if Path(path).name == name and each.built:
                return each.folder / "bin" / path
    raise EngineMissing(_not_built(name, family))


def _not_built(name: str, family: str) -> str:
    return f"{name} is not built: run `python -m slackwater_testbed build {family}`"
