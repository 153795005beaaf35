"""What Velero keeps for itself, and what of its group is a person's."""

from __future__ import annotations

from slackwater.model.own_record import OwnRecords
from slackwater_velero import resources
from slackwater_velero.plugin import OWN_RECORDS

PERSONS = {"schedules", "backupstoragelocations", "volumesnapshotlocations"}


def test_everything_of_its_group_is_its_own_but_what_a_person_sets_up():
    own = OwnRecords(OWN_RECORDS)
    kinds = {v for v in vars(resources).values() if getattr(v, "group", "") == resources.GROUP}
    assert kinds, "no kinds of the group"
    for kind in kinds:
        assert (str(kind) in own) == (kind.plural not in PERSONS), kind
        assert kind.plural in PERSONS or own.outlive(str(kind)), kind


def test_snapshots_beside_volumes_may_go_with_them():
    assert not OwnRecords(OWN_RECORDS).outlive("volumesnapshots.snapshot.storage.k8s.io")
