"""Values share what they can, and never by that what they say."""

from __future__ import annotations

import copy

from slackwater.model.recovery_point import Stamp


def test_values_to_which_the_same_fields_were_given_share_the_set_of_them() -> None:
    """It is half of what a recovery point takes in memory."""
    one, two = (Stamp(cluster=name, cluster_uid="u", run="r") for name in ("eu", "us"))
    assert one.model_fields_set is two.model_fields_set
    assert Stamp(cluster="eu", cluster_uid="u", run="r", mark="m").model_fields_set == {
        *one.model_fields_set,
        "mark",
    }


def test_a_changed_copy_leaves_what_others_say_alone() -> None:
    one, two = (Stamp(cluster=name, cluster_uid="u", run="r") for name in ("eu", "us"))
    changed = one.model_copy(update={"mark": "friday"})
    assert "mark" in changed.model_fields_set
    assert two.model_dump(exclude_unset=True) == {"cluster": "us", "cluster_uid": "u", "run": "r"}
    assert copy.deepcopy(one) == one
