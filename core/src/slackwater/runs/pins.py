"""Is this still the cluster that the plan was made for?"""

from __future__ import annotations

import threading
import time

from slackwater.clusters import ClusterIdentity
from slackwater.errors import ClusterError, ClusterUnreachable
from slackwater.model.act import ActKind
from slackwater.model.restore_plan import Pin
from slackwater.model.run import Run, RunState
from slackwater.model.step import OwnAct, Step
from slackwater.planning.pinning import compare, compare_store, is_silence, store_id
from slackwater.runs.world import World


class Identities:
    """Clusters' identities, each believed for ``lasting`` seconds. Usable from several threads."""

    def __init__(self, world: World, lasting: float) -> None:
        self._world = world
        self._lasting = lasting
        self._known: dict[str, tuple[float, ClusterIdentity]] = {}
        self._lock = threading.Lock()

    def check(self, run: Run, step: Step) -> None:
        """Raise ``PlanChanged`` where the step's cluster is not the one that the run is pinned to.

        A silent API server is an error too, unless the step may do without it.
        """
        for pin in run.pins:
            if pin.cluster == step.cluster:
                self._check(run, step, pin)

    def _check(self, run: Run, step: Step, pin: Pin) -> None:
        try:
            compare(pin, self._identity(pin.cluster))
            answered = True
        except ClusterError as error:
            if not step.act.without_api or not is_silence(error):
                raise
            answered = False
        if step.act.without_api:
            self._check_store(run, pin, answered=answered)

    def _check_store(self, run: Run, pin: Pin, *, answered: bool) -> None:
        """Ask the store of the control plane; where nothing answers, somebody must have looked."""
        tools = {r.step.tool for r in run.steps if r.step.cluster == pin.cluster and r.step.tool}
        found = store_id([self._world.backend(pin.cluster, tool) for tool in sorted(tools)])
        compare_store(pin, found, _restored(run, pin.cluster))
        if not (answered or found or _vouched(run, pin.cluster)):
            raise ClusterUnreachable(
                f"{pin.cluster}: neither its API server nor the store of its control plane answers,"
                " so nobody can tell whether it is the planned one",
                cluster=pin.cluster,
                hint="make the plan again: a person is then asked to confirm the hosts",
            )

    def _identity(self, cluster: str) -> ClusterIdentity:
        with self._lock:
            asked, identity = self._known.get(cluster, (0.0, None))
        if identity is None or time.monotonic() > asked + self._lasting:
            identity = self._world.cluster(cluster).identity()
            with self._lock:
                self._known[cluster] = time.monotonic(), identity
        return identity


def _restored(run: Run, cluster: str) -> list[str]:
    """Return the identities that acts of the run have given, or will give, to the store."""
    results = (r.result for r in run.steps if r.step.cluster == cluster)
    return [str(result["control_plane"]) for result in results if result.get("control_plane")]


def _vouched(run: Run, cluster: str) -> bool:
    """Whether the cluster was found to be the planned one in this run, or a person said so."""
    return any(
        record.state is RunState.SUCCEEDED
        and record.step.cluster == cluster
        and (record.step.own is OwnAct.CHECK_TARGET or record.step.act.kind is ActKind.PERSON)
        for record in run.steps
    )
