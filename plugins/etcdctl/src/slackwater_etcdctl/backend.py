"""The backend: the etcd of one cluster, saved with etcdctl and kept in a store of the fleet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from slackwater.backend import (
    Context,
    ControlPlane,
    PerformsOnly,
    Posture,
    Report,
    SharedStores,
    Stamping,
    Stopped,
)
from slackwater.errors import SlackwaterError
from slackwater.model.act import Act, ActPlan, Key
from slackwater.model.capability import Description
from slackwater.model.finding import Finding
from slackwater.model.recovery_point import PointId, RecoveryPoint
from slackwater.model.request import BackupRequest, PointQuery, RestoreRequest, Store
from slackwater.stores import ArtefactStore
from slackwater_etcdctl import backup_acts, deletion, posture, stamping
from slackwater_etcdctl.access import open_session
from slackwater_etcdctl.acts import Do, text
from slackwater_etcdctl.backing_up import Performer
from slackwater_etcdctl.checks import Checker
from slackwater_etcdctl.describing import describe
from slackwater_etcdctl.errors import TOOL
from slackwater_etcdctl.members import look
from slackwater_etcdctl.restore_planning import plan_restore
from slackwater_etcdctl.restoring import perform_restore
from slackwater_etcdctl.settings import EtcdctlSettings
from slackwater_etcdctl.site import Site
from slackwater_etcdctl.store_access import manifest_of, named_errors, open_named
from slackwater_etcdctl.tools import Program, Tools
from slackwater_etcdctl.translation import Translator
from slackwater_etcdctl.voice import Voice


class EtcdctlBackend(PerformsOnly, ControlPlane, Posture, SharedStores, Stamping):
    """One etcd, by the user's own programs. Keeps nothing but what programs say of themselves."""

    tool_name = TOOL

    def __init__(self, settings: EtcdctlSettings, context: Context) -> None:
        cluster = context.cluster
        wanted = {
            Program.ETCDCTL: settings.etcdctl,
            Program.ETCDUTL: settings.etcdutl,
            Program.ETCD: settings.etcd,
        }
        tools = Tools(cluster.name, wanted)
        self._clock = context.clock
        self._voice = Voice(cluster.name)
        self._site = Site(
            settings=settings,
            tools=tools,
            cluster=cluster,
            store=partial(open_named, settings.store, cluster.name, context.store),
            session=partial(open_session, settings, tools, context.secret, context.spool),
            spool=context.spool,
        )

    def describe(self) -> Description:
        """etcdctl's version where a member answers; "not available" on managed platforms."""
        return describe(self._site)

    def check(self) -> Sequence[Finding]:
        """Programs, members, quorum, whose etcd it is, the store, what should be taken along."""
        return list(Checker(self._site).check())

    def list_recovery_points(self, query: PointQuery) -> Iterator[RecoveryPoint]:
        """Every manifest of the store, whoever made it, and whether its artefacts are there.

        No artefact is read for that: the store lists them with their sizes.
        """
        store = self._site.store()
        translator = self._translator(store)
        unreadable: list[Finding] = []
        with named_errors(self._site.cluster.name):
            manifests = list(store.manifests(unreadable.append))
            there = store.sizes()
            for manifest in manifests:
                point = translator.point(manifest, there)
                if query.wants(point):
                    yield point
        yield from filter(query.wants, map(translator.unreadable, unreadable))

    def get_recovery_point(self, point: PointId) -> RecoveryPoint:
        """The manifest: what it says was verified before it was written, and is still there."""
        store = self._site.store()
        with named_errors(self._site.cluster.name):
            manifest = manifest_of(point, store, self._site.cluster.name)
            there = store.sizes(manifest.name)
        return self._translator(store).point(manifest, there)

    def plan_backup(self, request: BackupRequest) -> ActPlan:
        """One performed act."""
        return backup_acts.plan_backup(request, self._site)

    def plan_restore(self, request: RestoreRequest) -> ActPlan:
        """Fetch, prepare, prove; then people or commands do it on the hosts."""
        with named_errors(self._site.cluster.name):
            manifest = manifest_of(request.point.id, self._site.store(), self._site.cluster.name)
            return plan_restore(request, manifest, self._site, self._clock())

    def plan_deletion(self, point: PointId) -> ActPlan:
        """One performed act: the manifest first, then its artefacts."""
        with named_errors(self._site.cluster.name):
            return deletion.plan_deletion(point, self._site.store(), self._site.cluster.name)

    def perform(self, act: Act, key: Key, report: Report) -> Mapping[str, object]:
        """Save and store a snapshot, delete one, or do a part of a restore."""
        if report.stopping:
            raise Stopped
        with named_errors(self._site.cluster.name):
            match text(act, "do"):
                case Do.BACKUP:
                    return self._back_up(act, key, report)
                case Do.DELETE:
                    self._site.store().delete(text(act, "point"))
                    return {}
            return perform_restore(self._site, act, key, report)

    def close(self) -> None:
        """Nothing is held; the cluster belongs to whoever gave it."""

    def control_plane_id(self) -> str:
        """The id of the etcd cluster, as any member names it; empty where none answers."""
        try:
            with self._site.session() as session:
                seen = look(session, self._site.settings.endpoints)
        except SlackwaterError:
            return ""
        ids = {each.status.header.cluster_id for each in seen if each.status is not None}
        return f"{ids.pop():x}" if len(ids) == 1 else ""

    def list_stores(self) -> Sequence[Store]:
        """The one store that the fleet file names for this cluster."""
        if not self._site.settings.store:
            return ()
        store = self._site.store()
        return (
            Store(
                tool=TOOL,
                identity=store.identity,
                cluster=self._site.cluster.name,
                name=store.name,
                writable=True,
                available=True,
                for_many=True,
            ),
        )

    def explain_missing_store(self, store: Store) -> Finding:
        """How the fleet file names the store here."""
        here = self._site.cluster.name
        return self._voice.error(
            "store-not-shown",
            store.name,
            f"{here} does not look into the store {store.name} ({store.identity})",
            f"in the fleet file, under clusters.{here}.backends.{TOOL}: store: {store.name}",
        )

    def review_points(self, points: Sequence[RecoveryPoint], now: datetime) -> Sequence[Finding]:
        """Snapshots that are gone from the store, and manifests that cannot be read."""
        del now
        return list(posture.review(points, self._site.cluster.name))

    def stamp(self, point: PointId, values: Mapping[str, str]) -> None:
        """Write the values into the manifest."""
        store, cluster = self._site.store(), self._site.cluster.name
        with named_errors(cluster):
            stamping.write_stamp(manifest_of(point, store, cluster), values, store)

    def _back_up(self, act: Act, key: Key, report: Report) -> Mapping[str, object]:
        """What is told is read from the manifest that counts: two performers tell the same."""
        store = self._site.store()
        manifest = Performer(self._site, store, self._clock).perform(act, key, report)
        point = self._translator(store).point(manifest, store.sizes(manifest.name))
        findings = [finding.model_dump(mode="json") for finding in point.findings]
        return {"point": point.name, "findings": findings}

    def _translator(self, store: ArtefactStore) -> Translator:
        return Translator(self._voice, store.name, store.identity)
