"""A pod is held for one backup at a time, and no point claims a hold that did not last."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from slackwater.errors import BackendUnavailable, TransientBackendError
from slackwater.model.act import Key
from slackwater.model.finding import Severity
from slackwater.model.operation import Phase
from slackwater.testing.artefacts import StoreTrouble
from slackwater.testing.conformance.worker import Progresses
from slackwater.testing.kubernetes_api import Cut, Outcome
from slackwater_csi import labels
from slackwater_csi.acts import BackupWork, work_of
from slackwater_csi.facts import HookFacts
from slackwater_csi.holders import Holder
from slackwater_csi.hooks import When
from slackwater_csi.quieting import Quieter
from slackwater_csi.told_hooks import held_span

from .test_hooks import POST, PRE, held, pod

MILLISECOND = timedelta(milliseconds=1)


class Freezer:
    """Freezes pods as file systems are frozen: neither twice, nor thawed where they are not."""

    def __init__(self, stage):
        self.frozen, self.ran = set(), []
        stage.api.runner = self

    def __call__(self, command):
        word, name = command.words[0], command.pod
        self.ran.append(f"{name}: {word}")
        if (word == "lock") is (name in self.frozen):
            return Outcome(code=1, said="Device or resource busy")
        (self.frozen.add if word == "lock" else self.frozen.discard)(name)
        return Outcome()


@pytest.fixture
def freezer(stage):
    return Freezer(stage)


class Backup:
    """One backup, act by act."""

    def __init__(self, stage, run, claim="", policy=""):
        self.stage, self.run = stage, run
        self.backend = stage.backend(hooks=True)
        plan = self.backend.plan_backup(stage.request(claim=claim, run=run, policy=policy))
        self.acts = {act.id: act for act in plan.acts}
        self.do("manifests")

    def do(self, *names):
        return [self.stage.do(self.backend, self.acts[name], self.run) for name in names][-1]

    def kept(self):
        """The point that comes of it."""
        self.do("ready")
        made = self.do("keep")
        self.do("tidy")
        return self.stage.point(made["point"])


def found_in(point, code):
    return [each for each in point.findings if each.code == code]


def labelled(stage, name="db-0"):
    return stage.api.get("pods", name, "shop")["metadata"].get("labels", {}).get(labels.HELD)


def test_the_second_comes_back_when_the_first_has_let_go(stage, freezer):
    pod(stage, "db-0")
    first, second = Backup(stage, "r-1", policy="gold"), Backup(stage, "r-2")
    first.do("quiet")

    with pytest.raises(BackendUnavailable) as caught:
        second.do("quiet")
    assert "shop/db-0 is held still for another backup: run r-1 of policy gold" in str(caught.value)
    assert freezer.ran == ["db-0: lock"]
    first.do("snapshots")
    assert freezer.frozen == {"db-0"}
    first.do("wake")

    second.do("quiet", "snapshots")
    assert freezer.frozen == {"db-0"}
    second.do("wake")
    assert [each.kept().phase for each in (first, second)] == [Phase.SUCCEEDED] * 2
    assert freezer.ran == ["db-0: lock", "db-0: unlock"] * 2
    assert held(stage) == []


def test_of_two_that_see_a_pod_free_only_one_has_it(stage, freezer, monkeypatch):
    pod(stage, "db-0")
    first, second = Backup(stage, "r-1"), Backup(stage, "r-2")
    write, quick = Holder._write, []

    def after_the_other(self, *given):
        if not quick:
            quick.append(second.run)
            second.do("quiet")
        return write(self, *given)

    monkeypatch.setattr(Holder, "_write", after_the_other)
    with pytest.raises(TransientBackendError, match="modified"):
        first.do("quiet")
    assert freezer.ran == ["db-0: lock"]
    with pytest.raises(BackendUnavailable, match="run r-2"):
        first.do("quiet")


def test_where_one_pod_is_another_backup_s_none_is_told_to_hold_still(stage, freezer):
    pod(stage, "db-0")
    pod(stage, "db-1", claim="media")
    volume, whole = Backup(stage, "r-1", claim="media"), Backup(stage, "r-2")
    volume.do("quiet")

    with pytest.raises(BackendUnavailable, match="db-1"):
        whole.do("quiet")

    assert freezer.frozen == {"db-1"}
    assert held(stage) == ["db-1"]
    assert whole.do("wake") == {"hooks": 0, "findings": []}, "where it is cancelled meanwhile"
    assert freezer.frozen == {"db-1"}


def test_a_backup_that_nobody_drives_keeps_no_other_out_for_ever(stage, freezer):
    pod(stage, "db-0")
    dead, next_one = Backup(stage, "r-1"), Backup(stage, "r-2")
    dead.do("quiet")
    stage.later(minutes=5)
    with pytest.raises(BackendUnavailable):
        next_one.do("quiet")
    stage.later(minutes=2)

    told = next_one.do("quiet")
    assert freezer.ran == ["db-0: lock", "db-0: unlock", "db-0: lock"]
    [finding] = told["findings"]
    assert (finding["code"], finding["severity"]) == ("was-held", "warning")
    assert "run r-1" in finding["message"]

    # Then somebody resumes the first: it neither lets the other's pod go, nor claims it.
    dead.do("snapshots", "wake")
    assert freezer.frozen == {"db-0"}
    assert labelled(stage) == next_one.acts["quiet"].payload["work"]["request"]
    next_one.do("snapshots", "wake")
    lost, good = dead.kept(), next_one.kept()
    assert (lost.phase, good.phase) == (Phase.PARTIAL, Phase.SUCCEEDED)
    [told] = found_in(lost, "not-held")
    assert told.severity is Severity.ERROR
    assert "nobody can say that db-0 held still until the last snapshot was taken" in told.message
    assert "another backup has taken it over" in told.message
    assert held(stage) == []


def test_a_label_of_a_version_that_gave_no_time_is_borne_for_a_while(stage, freezer):
    pod(stage, "db-0")
    since = {labels.HELD_SINCE: stage.clock().isoformat(timespec="seconds")}
    change = {"metadata": {"labels": {labels.HELD: "someone"}, "annotations": since}}
    stage.api.patch("pods", "db-0", change, "shop")
    backup = Backup(stage, "r-1")
    with pytest.raises(BackendUnavailable, match="request someone"):
        backup.do("quiet")
    stage.later(minutes=11)
    backup.do("quiet")
    assert freezer.ran[-1] == "db-0: lock"


def restarted(stage, _):
    status = {"status": {"containerStatuses": [{"name": "db", "containerID": "containerd://2"}]}}
    stage.api.patch("pods", "db-0", status, "shop", subresource="status")


def exchanged(stage, _):
    stage.api.delete("pods", "db-0", "shop")
    pod(stage, "db-0")


def held_anew(_, backup):
    """Another worker does the same act, and had looked before this one put it on record."""
    work = work_of(backup.acts["quiet"], BackupWork)
    Quieter(backup.backend._site, work, Key(run="r-1", step="quiet"))._hold(Progresses())


def gone(stage, _):
    stage.api.delete("pods", "db-0", "shop")


def came(stage, _):
    pod(stage, "db-1", claim="media")


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (restarted, "one of its containers was started anew"),
        (exchanged, "another one has come in its place"),
        (held_anew, "it was held anew meanwhile"),
        (gone, "it is gone"),
        (came, "it came while the others were held"),
    ],
)
def test_a_pod_that_was_not_the_same_all_along_is_not_claimed(stage, freezer, happens, why):
    pod(stage, "db-0")
    backup = Backup(stage, "r-1")
    backup.do("quiet")
    happens(stage, backup)

    told = backup.do("snapshots", "wake")

    assert "not-held" in [each["code"] for each in told["findings"]]
    assert backup.do("wake")["findings"] == told["findings"], "whoever asks again"
    point = backup.kept()
    assert point.phase is Phase.PARTIAL
    [lost] = found_in(point, "not-held")
    assert why in lost.message


def test_a_pod_that_is_being_stopped_is_told_before_the_snapshots(stage, freezer):
    pod(stage, "db-0")
    change = {"metadata": {"finalizers": ["example.org/slow"]}}
    stage.api.patch("pods", "db-0", change, "shop")
    backup = Backup(stage, "r-1")
    stage.api.delete("pods", "db-0", "shop")

    told = backup.do("quiet")

    assert [each["code"] for each in told["findings"]] == ["not-held"]
    backup.do("snapshots", "wake")
    [lost] = found_in(backup.kept(), "not-held")
    assert "it was being stopped just then" in lost.message
    assert freezer.ran == []


def test_a_backup_of_one_volume_asks_nothing_of_pods_that_use_others(stage, freezer):
    pod(stage, "db-0")
    backup = Backup(stage, "r-1", claim="data")
    backup.do("quiet")
    came(stage, backup)
    backup.do("snapshots", "wake")
    assert backup.kept().phase is Phase.SUCCEEDED


def test_where_hooks_may_fail_so_may_the_hold(stage, freezer):
    pod(stage, "db-0", **{f"{PRE}/command": "lock", f"{PRE}/on-error": "Continue"})
    backup = Backup(stage, "r-1")
    backup.do("quiet")
    gone(stage, backup)
    backup.do("snapshots", "wake")

    point = backup.kept()

    [told] = found_in(point, "not-held")
    assert (point.phase, told.severity) == (Phase.SUCCEEDED, Severity.WARNING)


def test_what_was_cut_off_is_let_go_before_it_is_held_again(stage, freezer):
    pod(stage, "db-0")
    pod(stage, "db-1")
    backup = Backup(stage, "r-1")
    stage.server.faults.add("get", "/pods/db-1/exec$", Cut(), times=1)
    with pytest.raises(BackendUnavailable):
        backup.do("quiet")
    assert freezer.frozen == {"db-0"}

    backup.do("quiet", "snapshots", "wake")

    assert backup.kept().phase is Phase.SUCCEEDED
    assert [each for each in freezer.ran if "db-0" in each] == ["db-0: lock", "db-0: unlock"] * 2


def test_what_was_let_go_is_not_let_go_again_where_the_store_was_away(stage, freezer):
    pod(stage, "db-0", **{f"{PRE}/command": "lock", f"{POST}/command": "unlock"})
    pod(stage, "db-1", **{f"{PRE}/command": "lock", f"{POST}/command": "lock"})  # it fails
    backup = Backup(stage, "r-1")
    backup.do("quiet", "snapshots")
    stage.store.cause(StoreTrouble.UNAVAILABLE)
    with pytest.raises(BackendUnavailable):
        backup.do("wake")
    stage.store.heal()
    ran = list(freezer.ran)

    told = backup.do("wake")

    assert freezer.ran == ran
    assert (told["hooks"], [each["subject"] for each in told["findings"]]) == (2, ["shop/db-1"])
    assert held(stage) == []
    assert labels.LET_GO not in str(stage.api.list("pods", "shop"))
    assert len(found_in(backup.kept(), "held-still")) == 1


def test_for_how_long_pods_were_held_is_told(stage):
    ran = []

    def slowly(_):
        began = stage.clock()
        stage.later(seconds=3)
        ran.append((began, stage.clock()))
        return Outcome()

    stage.api.runner = slowly
    for name in ("db-0", "db-1"):
        pod(stage, name)
    backup = Backup(stage, "r-1")
    backup.do("quiet")
    stage.later(seconds=10)
    backup.do("snapshots", "wake")

    [told] = found_in(backup.kept(), "held-still")

    said = re.fullmatch(r"its pods were held still for (.+) s, from (.+) to (.+)", told.message)
    first, last = (datetime.fromisoformat(each) for each in said.groups()[1:])
    assert ran[0][1] <= first + MILLISECOND <= ran[1][0] + 2 * MILLISECOND
    assert ran[2][1] <= last + MILLISECOND <= ran[3][0] + 2 * MILLISECOND
    assert float(said[1]) == pytest.approx((last - first).total_seconds(), abs=0.06)


def test_where_one_may_still_be_held_at_least_is_said(stage, freezer):
    pod(stage, "db-0", **{f"{PRE}/command": "lock", f"{POST}/command": "lock"})
    backup = Backup(stage, "r-1")
    backup.do("quiet", "snapshots", "wake")
    [told] = found_in(backup.kept(), "held-still")
    assert "held still for at least " in told.message


@pytest.mark.parametrize(
    ("times", "span"),
    [
        ([("before", 2, 5), ("before", 6, 8), ("after", 20, 22), ("after", 22, 23)], (5, 22)),
        ([("before", 2, 5)], None),
        ([("after", 2, 5)], None),
        ([("before", 20, 22), ("after", 10, 11)], None),  # the clock was set back
        ([("before", None, None), ("after", None, None)], None),  # an older version's
    ],
)
def test_the_span_is_from_the_first_that_holds_to_the_last_that_may_go(times, span):
    ran = [
        HookFacts(pod="db-0", container="db", when=When(when), began=at(began), ended=at(ended))
        for when, began, ended in times
    ]
    assert held_span(ran) == (span and (at(span[0]), at(span[1])))


def at(second):
    return None if second is None else datetime(2026, 11, 29, 3, 0, second, tzinfo=UTC)


def test_a_pod_comes_back_as_one_that_nobody_holds(stage, freezer):
    pod(stage, "db-0")
    first = Backup(stage, "r-1")
    first.do("quiet")
    second = stage.back_up(run="r-2")  # without hooks: it reads the pod as it is held
    first.do("wake")
    stage.restore(second, onto="shop-b")

    [brought] = stage.api.list("pods", "shop-b")
    words = {**brought["metadata"].get("labels", {}), **brought["metadata"]["annotations"]}
    assert [word for word in words if word.startswith(labels.OURS)] == []
