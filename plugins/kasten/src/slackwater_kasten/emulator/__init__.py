"""K10, emulated: its aggregated API and its work over an emulated Kubernetes API.

For the demo and for tests without engines. It is found by the entry point group
``slackwater.emulators``; what such a module offers is an object ``EMULATOR``, whose
``install(apis)`` is a context manager (see the emulator of any other tool).

The parts: ``catalog`` and ``rules`` are what the API does, ``working``, ``runs`` and
``validating`` what K10 does in its own time, ``world`` the cluster around it, ``vault`` the object
storage. None of them knows of HTTP; ``aggregated`` turns a request into an answer, ``front`` puts
it behind an emulated API server in this process, ``serving`` behind a real one.

What is documented, observed or guessed is said at the head of each part. Not emulated: schedules
(runs are made by hand), retention by numbers, blueprints and hooks, virtual machines, backups of
cluster-scoped objects, batch restores, repositories, disaster recovery of K10 itself, reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from slackwater.testing.kubernetes_api import KubernetesApi
from slackwater_kasten.emulator.installing import (
    RELEASE,
    Installation,
    KastenServer,
    add_objects,
    install,
    profile,
)

__all__ = [
    "EMULATOR",
    "Emulator",
    "Installation",
    "KastenServer",
    "add_objects",
    "install",
    "profile",
]


class Emulator:
    """What ``slackwater demo`` needs to know of a tool."""

    tool = "kasten"
    title = f"Veeam Kasten {RELEASE}"
    clusters = ("prod-us",)
    """Where it plays on the stage of the demo."""

    def install(
        self, apis: Mapping[str, KubernetesApi], *, pace: float | None = 0.4
    ) -> AbstractContextManager[Installation]:
        """Install the tool into the clusters until the block is left."""
        return install(apis, pace=pace)


EMULATOR = Emulator()
