"""Promises about listing and reading recovery points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from slackwater.backend import Backend
from slackwater.errors import RecoveryPointNotFound, TransientBackendError
from slackwater.model.capability import Capability
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.request import PointQuery
from slackwater.model.workload import WorkloadKind
from slackwater.testing.conformance.driving import (
    back_up,
    cause,
    listed,
    need,
    not_offered,
    struck,
)
from slackwater.testing.conformance.subject import Subject, Trouble


def _many(subject: Subject) -> int:
    """A number of points that fills more than two pages."""
    return max(2 * subject.page + 1, 9)


def _names(points: Sequence[RecoveryPoint]) -> set[str]:
    return {point.name for point in points}


def _listed_or_none(backend: Backend) -> list[RecoveryPoint] | None:
    try:
        return listed(backend)
    except TransientBackendError:
        return None


class ListingPromises:
    """Listing is complete, exact, cheap and harmless; reading tells what is really inside."""

    def test_each_point_is_listed_exactly_once(self, subject: Subject) -> None:
        """Over several pages each recovery point is listed exactly once."""
        made = subject.make_points(_many(subject))

        points = listed(subject.backend())

        assert set(made) <= _names(points)
        assert len({point.id for point in points}) == len(points)

    def test_points_made_by_others_are_listed(self, subject: Subject) -> None:
        """Whoever made a point, it is listed; without our stamp its origin is not made up."""
        made = subject.make_points(1)

        points = [point for point in listed(subject.backend()) if point.name in made]

        assert len(points) == 1
        assert points[0].stamp is None
        assert not points[0].origin

    def test_listing_is_cheap(self, subject: Subject) -> None:
        """A list costs a request per page and a few more, never one per point."""
        count = _many(subject)
        subject.make_points(count)
        backend = subject.backend()
        before = subject.requests()

        listed(backend)

        assert subject.requests() - before <= math.ceil(count / subject.page) + 3

    def test_listing_changes_nothing(self, subject: Subject) -> None:
        """Listing leaves the tool and the cluster as they were."""
        subject.make_points(2)
        before = subject.fingerprint()

        listed(subject.backend())

        assert subject.fingerprint() == before

    def test_query_is_applied(self, subject: Subject) -> None:
        """Only what a query asks for is listed, and all of it."""
        subject.make_points(6)
        backend = subject.backend()
        everything = listed(backend)
        begins = sorted(point.begin for point in everything if point.begin)
        middle = begins[len(begins) // 2]
        namespaces = {name for point in everything for name in point.scope.namespaces}
        queries = [PointQuery(since=middle), PointQuery(until=begins[0])]
        queries += [PointQuery(namespace=name) for name in [*namespaces][:1]]
        for query in queries:
            expected = [point for point in everything if query.wants(point)]
            assert _names(listed(backend, query)) == _names(expected)
            assert 0 < len(expected) < len(everything)

    def test_listed_points_name_their_place(self, subject: Subject) -> None:
        """Each listed point says that this cluster shows it."""
        subject.make_points(2)

        for point in listed(subject.backend()):
            assert subject.home in {place.cluster for place in point.places}

    def test_a_point_is_one_wherever_it_is_shown(self, subject: Subject) -> None:
        """A point that two clusters show has one identity and two places."""
        if not subject.neighbour:
            not_offered(subject, "stores that several clusters see")
        if subject.backend().describe().can(Capability.BY_IMPORT):
            not_offered(subject, "one catalogue for several clusters: points come by an import")
        made = subject.make_points(3)
        here, there = listed(subject.backend()), listed(subject.backend(subject.neighbour))
        ours = {point.id for point in here if point.name in made}

        shown = [point for point in there if point.name in made]

        assert {point.id for point in shown} == ours
        assert all(subject.neighbour in {p.cluster for p in point.places} for point in shown)

    def test_a_list_that_breaks_is_never_short(self, subject: Subject) -> None:
        """A list whose second page fails raises, or gets through; it does not end early."""
        made = subject.make_points(_many(subject))
        backend = subject.backend()
        cause(subject, Trouble.TORN_LIST)
        points = _listed_or_none(backend)
        struck(subject)
        assert points is None or set(made) <= _names(points)

    def test_a_slow_list_is_never_short(self, subject: Subject) -> None:
        """A list that is slower than the time-out raises, or gets through."""
        made = subject.make_points(_many(subject))
        backend = subject.backend()
        cause(subject, Trouble.SLOW_LIST)
        points = _listed_or_none(backend)
        struck(subject)
        assert points is None or set(made) <= _names(points)

    def test_several_threads_may_list_at_once(self, subject: Subject) -> None:
        """One backend serves several threads."""
        made = subject.make_points(_many(subject))
        backend = subject.backend()

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: listed(backend), range(8)))

        assert all(set(made) <= _names(points) for points in answers)

    def test_reading_a_point_tells_its_contents(self, subject: Subject) -> None:
        """A point that was read tells what it covers, and is the point that was listed."""
        backend = subject.backend()
        point = back_up(subject, backend)

        read = backend.get_recovery_point(point.id)

        assert read.id == point.id
        assert read.contents is not None
        assert sum(read.contents.objects.values()) > 0
        if subject.workload.kind is WorkloadKind.NAMESPACE:
            assert read.contents.objects_in(subject.workload.namespace) > 0

    def test_a_point_is_found_by_its_name_alone(self, subject: Subject) -> None:
        """Right after a backup only the name is known: without a store it is ours."""
        backend = subject.backend()
        point = back_up(subject, backend)

        read = backend.get_recovery_point(point.id.model_copy(update={"store": ""}))

        assert read.id == point.id

    def test_reading_a_point_changes_nothing(self, subject: Subject) -> None:
        """Looking inside leaves the tool and the cluster as they were."""
        backend = subject.backend()
        point = back_up(subject, backend)
        before = subject.fingerprint()

        backend.get_recovery_point(point.id)

        assert subject.fingerprint() == before

    def test_a_skipped_volume_makes_a_point_partial(self, subject: Subject) -> None:
        """A volume that was passed over is named with the reason; the point is no success."""
        backend = subject.backend()
        if subject.gap_workload is None:
            not_offered(subject, "volumes that can be passed over")
        need(subject, backend, Capability.VOLUMES)
        point = back_up(subject, backend, subject.gap_workload)

        read = backend.get_recovery_point(point.id)

        assert read.contents is not None
        skipped = [volume for volume in read.contents.volumes if not volume.held]
        assert skipped
        assert all(volume.reason for volume in skipped)
        assert read.phase is Phase.PARTIAL
        assert any(
            volume.claim in finding.message for volume in skipped for finding in read.findings
        )

    def test_held_volumes_are_told(self, subject: Subject) -> None:
        """A volume that is inside is named as held."""
        backend = subject.backend()
        if not subject.claims:
            not_offered(subject, "volumes in the workload")
        need(subject, backend, Capability.VOLUMES)
        point = back_up(subject, backend)

        contents = backend.get_recovery_point(point.id).contents

        assert contents is not None
        assert {v.claim for v in contents.volumes if v.held} == set(subject.claims)

    def test_a_missing_point_is_not_found(self, subject: Subject) -> None:
        """A name that the store does not hold is ``RecoveryPointNotFound``."""
        backend = subject.backend()
        subject.make_points(1)
        missing = listed(backend)[0].id.model_copy(update={"name": "never-made"})

        with pytest.raises(RecoveryPointNotFound):
            backend.get_recovery_point(missing)
