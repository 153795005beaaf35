"""What stands against a restore of a control plane, or is to be known before it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from slackwater.errors import SlackwaterError
from slackwater.model.finding import Finding
from slackwater.model.wording import in_bytes
from slackwater.stores import Manifest
from slackwater_etcdctl.blueprint import Blueprint, minor
from slackwater_etcdctl.errors import TOOL, ToolMissing
from slackwater_etcdctl.facts import SnapshotFacts
from slackwater_etcdctl.preparing import room_needed
from slackwater_etcdctl.restore_settings import Mode
from slackwater_etcdctl.site import Site
from slackwater_etcdctl.tools import Program

_COMMAND = "snapshot restore"
_BUMP = ("--bump-revision", "--mark-compacted")


def about_key(site: Site, manifest: Manifest) -> Iterator[Finding]:
    """Whether the identity at hand opens the snapshot: told before anything is fetched."""
    for found in site.store().review_key(manifest):
        yield found.model_copy(update={"cluster": site.cluster.name, "tool": TOOL})


def about_tools(site: Site, facts: SnapshotFacts) -> Iterator[Finding]:
    """Whether etcdutl can restore this snapshot, and an etcd is there to prove it."""
    try:
        yield from _about_bump(site)
        yield from _about_versions(site, facts)
    except ToolMissing as error:
        yield site.voice.error("tool-missing", "etcdutl", str(error), error.hint)
    if not site.tools.has(Program.ETCD):
        yield site.voice.warning(
            "not-proven",
            "etcd",
            "there is no etcd here, so the snapshot is not proven by a throw-away restore before "
            "the control plane is stopped",
            "install etcd of the same minor version, or name it: etcd: /path/to/etcd",
        )


def _about_bump(site: Site) -> Iterator[Finding]:
    """Without it, watchers never learn that time went back: caches stay wrong for good (measured
    with kube-apiserver 1.36; etcd issue 16028).
    """
    if not site.settings.restore.bump_revision:
        yield site.voice.warning(
            "no-bump",
            site.cluster.name,
            "revisions go on where the snapshot was, as bump_revision: 0 says: what watches will "
            "keep objects that are gone, and not see new ones",
            "restart every API server, controller, scheduler, kubelet and operator afterwards",
        )
    elif not all(site.tools.supports(Program.ETCDUTL, _COMMAND, flag) for flag in _BUMP):
        version = site.tools.version(Program.ETCDUTL)
        yield site.voice.error(
            "tool-too-old",
            "etcdutl",
            f"etcdutl {version} cannot raise the revision ({', '.join(_BUMP)}), and without it "
            "caches of API servers and kubelets stay wrong for good",
            "use etcdutl 3.5.10 or newer of the same minor version as etcd; or do without it: "
            "bump_revision: 0 under restore, and restart everything that watches",
        )


def _about_versions(site: Site, facts: SnapshotFacts) -> Iterator[Finding]:
    voice, wanted = site.voice, minor(facts.server_version)
    programs = [program for program in (Program.ETCDUTL, Program.ETCD) if site.tools.has(program)]
    for program in programs:
        version = site.tools.version(program)
        if minor(version) == wanted:
            continue
        message = f"the snapshot was taken from etcd {facts.server_version}, and {program} is "
        message += version or "of an unknown version"
        if site.settings.restore.allow_cross_minor:
            yield voice.warning("cross-minor", program, f"{message}, as allow_cross_minor allows")
        else:
            way_out = f"name a {program} of {wanted[0]}.{wanted[1]}, or allow_cross_minor: true"
            yield voice.error("cross-minor", program, message, f"{way_out} under restore")


def about_settings(site: Site) -> Iterator[Finding]:
    """What a restore needs of the fleet file."""
    restore = site.settings.restore
    if restore.prepare_in is None:
        yield site.voice.error(
            "nowhere-to-prepare",
            site.cluster.name,
            "no folder is named in which new data directories can be prepared",
            "name one with room for the snapshot and all members: restore.prepare_in",
        )
    if not site.settings.endpoints:
        yield site.voice.error(
            "no-endpoints",
            site.cluster.name,
            "no endpoint of etcd is named, so what was restored could not be looked at",
            "name the client addresses of all members under endpoints",
        )
    if restore.mode is Mode.COMMANDS and not restore.restart:
        yield site.voice.warning(
            "not-restarted",
            site.cluster.name,
            "no command restarts controllers, kubelets and backup tools after the restore",
            "restart them by hand, or name the commands: restore.restart",
        )


def about_learners(site: Site, facts: SnapshotFacts) -> Iterator[Finding]:
    """A restored cluster begins with voting members only (its source says so plainly)."""
    names = [member.name or member.id for member in facts.members if member.learner]
    if names:
        yield site.voice.info(
            "learners-left-out",
            site.cluster.name,
            f"etcd had learners when it was saved, which a restore does not make again: "
            f"{', '.join(names)}",
            "add them afterwards, with an empty data directory: etcdctl member add --learner",
        )


def about_companions(site: Site, facts: SnapshotFacts) -> Iterator[Finding]:
    """What belongs to the snapshot and has to be put in place by hand, if the hosts lost it."""
    held = [each.name for each in facts.companions if each.present]
    if held:
        yield site.voice.info(
            "companions",
            site.cluster.name,
            f"kept beside the snapshot: {', '.join(held)}; they are not put in place by a restore",
            "hosts that lost them need them before the API servers start",
        )
    lost = [f"{each.name} ({each.missing})" for each in facts.companions if not each.present]
    if lost:
        yield site.voice.warning(
            "companion-missing", site.cluster.name, f"not kept with the snapshot: {', '.join(lost)}"
        )


def about_place(site: Site, plan: Blueprint) -> Iterator[Finding]:
    """Whether there is room, and the data directories can be exchanged."""
    folder = Path(plan.folder).parent
    while not folder.exists():
        folder = folder.parent
    free, needed = shutil.disk_usage(folder).free, room_needed(plan)
    if free < needed:
        yield site.voice.error(
            "no-room",
            str(folder),
            f"{in_bytes(free)} are free, and the snapshot and its data directories take "
            f"{in_bytes(needed)}",
            "make room, or name another folder: restore.prepare_in",
        )
    if site.settings.restore.mode is Mode.COMMANDS:
        for member in plan.members:
            if member.commands and not member.commands.swap and not Path(member.data_dir).is_dir():
                yield site.voice.error(
                    "no-data-dir",
                    member.label,
                    f"{member.data_dir} is no folder on this machine",
                    "run where the members are, or name a command to swap for this member",
                )


def about_identity(site: Site, facts: SnapshotFacts) -> Iterator[Finding]:
    """Whether the cluster that answers now is the one that the snapshot was taken from."""
    taken_from = facts.kubernetes.uid or (facts.stamp.cluster_uid if facts.stamp else "")
    if not taken_from:
        return
    try:
        uid = site.cluster.identity().uid
    except SlackwaterError:
        return  # its silence is core's to tell
    if uid != taken_from:
        yield site.voice.error(
            "another-cluster",
            site.cluster.name,
            f"the snapshot is of the cluster whose kube-system is {taken_from}; here it is {uid}",
            "choose a snapshot of this cluster; or stop its API servers, if its hosts are to "
            "become the old cluster",
        )
