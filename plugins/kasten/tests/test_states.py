"""K10's words, and the reason that lies deepest."""

from __future__ import annotations

import json

import pytest

from slackwater.model.operation import Phase
from slackwater_kasten.objects import Failure
from slackwater_kasten.states import action_phase, deepest, reasons


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("", Phase.PENDING),
        ("Pending", Phase.PENDING),
        ("Running", Phase.RUNNING),
        ("AttemptFailed", Phase.RUNNING),
        ("Complete", Phase.SUCCEEDED),
        ("Failed", Phase.FAILED),
        ("Skipped", Phase.FAILED),
        ("Cancelled", Phase.CANCELLED),
        ("Deleting", Phase.UNKNOWN),
        ("complete", Phase.UNKNOWN),
        ("Completed", Phase.UNKNOWN),
        ("Marinating", Phase.UNKNOWN),
    ],
)
def test_states_are_compared_whole(word, phase):
    assert action_phase(word) is phase


def chain(*messages):
    cause = None
    for message in reversed(messages[1:]):
        cause = json.dumps({"message": message, "cause": cause})
    return Failure(message=messages[0], cause=cause)


def test_the_deepest_message_of_a_nested_cause_is_the_reason():
    failure = chain("Job failed", "Phase failed", "no VolumeSnapshotClass with the annotation")

    assert deepest(failure) == "no VolumeSnapshotClass with the annotation"
    assert reasons(failure)[0] == "Job failed"


def test_a_cause_may_be_an_object_within_the_string():
    cause = json.dumps({"message": "middle", "cause": {"message": "inner", "fields": []}})
    assert deepest(Failure(message="outer", cause=cause)) == "inner"


@pytest.mark.parametrize(
    ("cause", "said"), [("not JSON {", "not JSON {"), (None, "outer"), ("null", "outer")]
)
def test_a_cause_that_is_no_chain_is_no_trouble(cause, said):
    assert deepest(Failure(message="outer", cause=cause)) == said


def test_a_failure_without_an_error_has_no_reason():
    assert deepest(None) == ""


def test_a_chain_without_end_is_not_followed_for_ever():
    cause = {"message": "level 100"}
    for level in reversed(range(100)):
        cause = {"message": f"level {level}", "cause": cause}

    assert deepest(Failure(message="outer", cause=json.dumps(cause))) == "level 19"
