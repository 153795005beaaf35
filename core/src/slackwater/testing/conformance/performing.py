"""Promises about performed acts: repeatable, stoppable, and tidy when killed."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from slackwater.backend import Stopped
from slackwater.errors import TransientBackendError
from slackwater.stores.spool import leftovers
from slackwater.testing.conformance.driving import cause, key, listed, performed_act, struck
from slackwater.testing.conformance.subject import Subject, Trouble
from slackwater.testing.conformance.worker import Errand, Progresses, at_once

_KEY = key("performed")


class PerformingPromises:
    """The last thing that a performer does is what makes it count; two leave one."""

    def test_performing_twice_leaves_one(self, subject: Subject) -> None:
        """With one key the second time gives the result of the first, and changes nothing."""
        cluster, act = performed_act(subject)
        first = subject.backend(cluster).perform(act, _KEY, Progresses())
        before = subject.fingerprint()

        again = subject.backend(cluster).perform(act, _KEY, Progresses())

        assert again == first
        assert subject.fingerprint() == before

    def test_two_performers_leave_one(self, subject: Subject) -> None:
        """Two processes that perform one act at the same moment leave what one would."""
        cluster, act = performed_act(subject)
        before = len(listed(subject.backend()))
        errand = Errand(subject.recipe(cluster), "perform", act=act, key=_KEY)

        first, second = at_once(errand, errand)

        assert not first.error
        assert first.value == second.value
        made = isinstance(first.value, dict) and bool(first.value.get("point"))
        assert len(listed(subject.backend())) == before + made

    def test_performing_after_a_lost_answer_leaves_one(self, subject: Subject) -> None:
        """The connection closed after the effect, the act performed again: one result."""
        cluster, act = performed_act(subject)
        before = len(listed(subject.backend()))
        cause(subject, Trouble.ANSWER_LOST)
        with suppress(TransientBackendError):
            subject.backend(cluster).perform(act, _KEY, Progresses())
        struck(subject)
        subject.heal()

        result = subject.backend(cluster).perform(act, _KEY, Progresses())

        assert len(listed(subject.backend())) == before + bool(result.get("point"))

    def test_a_performer_stops_when_asked(self, subject: Subject) -> None:
        """Asked to stop, it raises ``Stopped`` and leaves nothing that counts."""
        cluster, act = performed_act(subject)
        before = subject.fingerprint()

        with pytest.raises(Stopped):
            subject.backend(cluster).perform(act, _KEY, Progresses(stopping=True))

        assert subject.fingerprint() == before

    def test_a_killed_performer_leaves_its_spool_only(self, subject: Subject) -> None:
        """What a killed performer leaves lies in its spool, and the next start sweeps it."""
        cluster, act = performed_act(subject)
        errand = Errand(subject.recipe(cluster), "perform", act=act, key=_KEY, fatal=True)

        (answer,) = at_once(errand)
        subject.backend(cluster)

        assert not answer.error
        assert not answer.litter
        assert not leftovers(subject.spool)

    def test_a_killed_performer_can_be_replaced(self, subject: Subject) -> None:
        """After a kill the act performed again leaves what it would have left."""
        cluster, act = performed_act(subject)
        before = len(listed(subject.backend()))
        at_once(Errand(subject.recipe(cluster), "perform", act=act, key=_KEY, fatal=True))

        result = subject.backend(cluster).perform(act, _KEY, Progresses())

        assert len(listed(subject.backend())) == before + bool(result.get("point"))

    def test_results_are_plain_json(self, subject: Subject) -> None:
        """What a performer returns can be kept in a journal."""
        cluster, act = performed_act(subject)

        result = subject.backend(cluster).perform(act, _KEY, Progresses())

        assert json.loads(json.dumps(dict(result))) == dict(result)
