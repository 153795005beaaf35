"""How old the newest verified point of a control plane is, wherever a policy protects it."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest

from slackwater.model.finding import Finding, Severity

from ..client.stage import Stage
from ..client.turning_back import WHOLE


def found(stage: Stage, cluster: str = "eu", *, hours: int = 0) -> list[Finding]:
    """What is found so many hours from now."""
    with stage.open(clock=lambda: datetime.now(UTC) + timedelta(hours=hours)) as fleet:
        findings = fleet.doctor(cluster=cluster).findings
    return [f for f in findings if f.code.startswith("control-plane")]


def test_its_age_is_told_without_alarm(kept: Stage) -> None:
    (age,) = found(kept)
    assert (age.severity, age.tool) == (Severity.INFO, "memory-archive")
    assert "old, verified" in age.message
    assert found(kept, "dr") == [], "no policy protects it there"


def test_it_is_told_of_a_cluster_that_does_not_answer_too(kept: Stage) -> None:
    kept.silence("eu")
    (age,) = found(kept)
    assert age.code == "control-plane-age"


@pytest.mark.parametrize(
    ("demand", "severity"),
    [("required", Severity.ERROR), ("if-possible", Severity.WARNING)],
)
def test_that_there_is_none_is_a_finding(stage: Stage, demand: str, severity: Severity) -> None:
    stage.keep_control_plane("eu")
    stage.change(policies={"whole": {"clusters": "", "protect": [{"control-plane": demand}]}})
    (none,) = found(stage)
    assert (none.code, none.severity) == ("control-plane-unprotected", severity)
    assert none.way_out == "back it up now: slackwater backup --control-plane eu"


def test_one_older_than_promised_is_an_error(kept: Stage) -> None:
    policy = deepcopy(dict(WHOLE["whole"]))
    kept.change(policies={"whole": {**policy, "objectives": {"rpo": "4h"}}})
    assert [f.code for f in found(kept)] == ["control-plane-age"]
    (old,) = found(kept, hours=5)
    assert (old.code, old.severity) == ("control-plane-too-old", Severity.ERROR)
    assert "is 5h old, verified; 4h are allowed" in old.message
