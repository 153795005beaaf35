"""Every phase that Velero's definitions allow is known, word for word."""

from __future__ import annotations

import json

import pytest

from slackwater.model.operation import Phase
from slackwater_velero.phases import BACKUP, RESTORE, backup_phase, restore_phase


def test_every_phase_of_a_backup_is_in_the_table(recorded):
    assert set(BACKUP) - {""} == set(json.loads(recorded("phases.json"))["backups"])


def test_every_phase_of_a_restore_is_in_the_table(recorded):
    assert set(RESTORE) - {""} == set(json.loads(recorded("phases.json"))["restores"])


@pytest.mark.parametrize("word", ["Completed2", "completed", "PartiallyFailedFinalizing", "Frozen"])
def test_an_unknown_phase_is_unknown(word):
    assert backup_phase(word) is Phase.UNKNOWN
    assert restore_phase(word) is Phase.UNKNOWN


@pytest.mark.parametrize("table", [BACKUP, RESTORE])
def test_only_completed_is_success(table):
    assert [word for word, phase in table.items() if phase is Phase.SUCCEEDED] == ["Completed"]


@pytest.mark.parametrize("table", [BACKUP, RESTORE])
def test_partially_failed_on_the_way_is_no_end(table):
    on_the_way = [word for word in table if word.endswith("PartiallyFailed")]
    ended = {word for word in on_the_way if table[word].terminal}

    assert ended == {"PartiallyFailed"}


def test_deleting_is_never_usable():
    assert not backup_phase("Deleting").usable
