"""Promises about operated acts: starting them, asking after them, stopping them."""

from __future__ import annotations

from contextlib import suppress

import pytest

from slackwater.backend import Backend
from slackwater.errors import (
    KeyReused,
    OperationNotFound,
    TransientBackendError,
    Unsupported,
)
from slackwater.model.act import Act
from slackwater.model.capability import Capability
from slackwater.model.operation import OperationRef, Phase
from slackwater.testing.conformance.driving import (
    back_up,
    cause,
    ended,
    key,
    listed,
    not_offered,
    operated_act,
    struck,
    wait,
)
from slackwater.testing.conformance.subject import Subject, Trouble
from slackwater.testing.conformance.worker import Errand, at_once, operations


def _failed(subject: Subject, backend: Backend, act: Act) -> OperationRef:
    cause(subject, Trouble.FAILS)
    ref = backend.start(act, key("one"))
    ended(wait(subject, backend, ref), Phase.FAILED)
    return ref


class OperatingPromises:
    """Every effect is repeatable by its key, and a reference can be read by anybody."""

    def test_a_reference_names_tool_and_cluster(self, subject: Subject) -> None:
        """A reference says where it belongs, and goes through a journal."""
        backend = subject.backend()

        ref = backend.start(operated_act(subject, backend), key("one"))

        assert (ref.tool, ref.cluster) == (subject.tool, subject.home)
        assert ref.handle
        assert OperationRef.model_validate_json(ref.model_dump_json()) == ref

    def test_starting_twice_with_one_key_is_one_operation(self, subject: Subject) -> None:
        """Starting again, by a fresh backend too, gives the operation that is there."""
        backend = subject.backend()
        act = operated_act(subject, backend)
        before = subject.operations()

        first = backend.start(act, key("one"))
        wait(subject, backend, first)
        again = subject.backend().start(act, key("one"))

        assert again == first
        assert subject.operations() == before + 1

    def test_an_act_from_the_journal_is_the_same_act(self, subject: Subject) -> None:
        """An act that went through JSON starts the same operation, and is no other content."""
        backend = subject.backend()
        act = operated_act(subject, backend)
        ref = backend.start(act, key("one"))

        again = subject.backend().start(Act.model_validate_json(act.model_dump_json()), key("one"))

        assert again == ref

    def test_two_processes_start_one_operation(self, subject: Subject) -> None:
        """Two processes that start with one key at the same moment get one operation."""
        backend = subject.backend()
        act = operated_act(subject, backend)
        before = subject.operations()
        errand = Errand(subject.recipe(subject.home), "start", act=act, key=key("one"))

        first, second = at_once(errand, errand)

        assert not first.error
        assert first == second
        assert subject.operations() == before + 1

    def test_keys_make_different_operations(self, subject: Subject) -> None:
        """Another step, run or generation is another operation."""
        backend = subject.backend()
        act = operated_act(subject, backend)

        refs = {
            backend.start(act, key("one")),
            backend.start(act, key("two")),
            backend.start(act, key("one", run="r-other")),
            backend.start(act, key("one", generation=2)),
        }

        assert len(refs) == 4

    def test_a_key_is_not_used_for_other_content(self, subject: Subject) -> None:
        """The same key with another content is ``KeyReused``, and changes nothing."""
        backend = subject.backend()
        act = operated_act(subject, backend)
        if subject.other_workload is None:
            not_offered(subject, "a second workload")
        other = operated_act(subject, backend, subject.other_workload, run="r-other")
        backend.start(act, key("one"))
        before = subject.operations()

        with pytest.raises(KeyReused):
            subject.backend().start(other, key("one"))

        assert subject.operations() == before

    def test_another_process_reads_a_reference(self, subject: Subject) -> None:
        """A process that has just begun finds the operation by its reference alone."""
        backend = subject.backend()
        ref = backend.start(operated_act(subject, backend), key("one"))
        ended_here = wait(subject, backend, ref)

        errand = Errand(subject.recipe(subject.home), "get_operations", refs=(ref,))
        (answer,) = at_once(errand)

        assert operations(answer) == [ended_here]

    def test_a_lost_answer_leads_to_one_operation(self, subject: Subject) -> None:
        """The connection closed after the effect, the start repeated: still one operation."""
        backend = subject.backend()
        act = operated_act(subject, backend)
        before = subject.operations()
        cause(subject, Trouble.ANSWER_LOST)
        with suppress(TransientBackendError):
            backend.start(act, key("one"))
        struck(subject)
        subject.heal()
        assert subject.operations() == before + 1

        ref = subject.backend().start(act, key("one"))

        assert subject.operations() == before + 1
        assert ref in backend.get_operations([ref])

    def test_a_failure_is_told(self, subject: Subject) -> None:
        """A failed operation is failed, whoever asks and however often it is started again."""
        backend = subject.backend()
        act = operated_act(subject, backend)
        ref = _failed(subject, backend, act)
        subject.heal()

        again = subject.backend().start(act, key("one"))

        assert again == ref
        ended(wait(subject, backend, ref), Phase.FAILED)

    def test_the_next_generation_tries_again(self, subject: Subject) -> None:
        """After a failure the next generation has a name of its own, and goes well."""
        backend = subject.backend()
        act = operated_act(subject, backend)
        failed = _failed(subject, backend, act)
        subject.heal()

        ref = backend.start(act, key("one", generation=2))

        assert ref != failed
        assert wait(subject, backend, ref).phase.usable
        ended(wait(subject, backend, failed), Phase.FAILED)

    def test_an_unknown_state_is_unknown(self, subject: Subject) -> None:
        """A state that nobody knows is unknown, in the tool's word, and no success."""
        backend = subject.backend()
        act = operated_act(subject, backend)
        cause(subject, Trouble.STALLS)
        ref = backend.start(act, key("one"))
        cause(subject, Trouble.STRANGE_STATE, ref)

        operation = backend.get_operations([ref])[ref]

        ended(operation, Phase.UNKNOWN)
        assert operation.tool_phase
        made = [point for point in listed(backend) if point.name == operation.point]
        assert not any(point.usable for point in made)

    def test_an_operation_under_way_has_not_ended(self, subject: Subject) -> None:
        """An operation that the tool still works on is in no terminal phase."""
        backend = subject.backend()
        act = operated_act(subject, backend)
        cause(subject, Trouble.STALLS)
        ref = backend.start(act, key("one"))
        subject.pass_time()

        operation = backend.get_operations([ref])[ref]

        assert not operation.phase.terminal, operation

    def test_many_operations_take_few_requests(self, subject: Subject) -> None:
        """Asking after many operations costs far fewer requests than there are."""
        backend = subject.backend()
        act = operated_act(subject, backend)
        refs = [backend.start(act, key(str(number))) for number in range(8)]
        before = subject.requests()

        found = backend.get_operations(refs)

        assert set(found) == set(refs)
        assert subject.requests() - before <= len(refs) / 2

    def test_vanished_operations_are_left_out(self, subject: Subject) -> None:
        """What the tool does not know any more is missing in the answer, and no error."""
        backend = subject.backend()
        act = operated_act(subject, backend)
        gone, kept = backend.start(act, key("one")), backend.start(act, key("two"))
        cause(subject, Trouble.GONE, gone)

        assert set(backend.get_operations([gone, kept])) == {kept}

    def test_asking_after_operations_changes_nothing(self, subject: Subject) -> None:
        """Asking leaves the tool and the cluster as they were."""
        backend = subject.backend()
        ref = backend.start(operated_act(subject, backend), key("one"))
        wait(subject, backend, ref)
        before = subject.fingerprint()

        backend.get_operations([ref])
        backend.explain_operation(ref)

        assert subject.fingerprint() == before

    def test_cancel_is_what_describe_says(self, subject: Subject) -> None:
        """What has begun is cancelled, or ``Unsupported`` says that the tool cannot."""
        backend = subject.backend()
        act = operated_act(subject, backend)
        cause(subject, Trouble.STALLS)
        ref = backend.start(act, key("one"))
        subject.pass_time()
        if backend.describe().can(Capability.CANCEL):
            backend.cancel_operation(ref)
            ended(wait(subject, backend, ref), Phase.CANCELLED)
        else:
            with pytest.raises(Unsupported):
                backend.cancel_operation(ref)

    def test_what_waits_is_taken_back_as_described(self, subject: Subject) -> None:
        """What has not begun is cancelled or gone, and made nothing; or it is ``Unsupported``."""
        backend = subject.backend()
        act = operated_act(subject, backend)
        before = len(listed(backend))
        cause(subject, Trouble.WAITS)
        ref = backend.start(act, key("one"))
        if not backend.describe().can(Capability.CANCEL_WAITING):
            with pytest.raises(Unsupported):
                backend.cancel_operation(ref)
            return
        backend.cancel_operation(ref)
        subject.heal()
        subject.pass_time()
        found = backend.get_operations([ref]).get(ref)

        assert found is None or found.phase is Phase.CANCELLED, found
        assert len(listed(backend)) == before

    def test_an_explanation_keeps_the_tools_words(self, subject: Subject) -> None:
        """The tool's own error and a command to look further are told."""
        backend = subject.backend()
        ref = _failed(subject, backend, operated_act(subject, backend))

        explanation = backend.explain_operation(ref)

        assert subject.failure_words in " ".join(explanation.errors)
        assert explanation.native_command

    def test_a_reference_to_nothing_is_not_found(self, subject: Subject) -> None:
        """Explaining or cancelling what is not there is ``OperationNotFound``."""
        backend = subject.backend()
        ref = backend.start(operated_act(subject, backend), key("one"))
        nothing = ref.model_copy(update={"handle": f"{ref.handle}-never"})

        with pytest.raises(OperationNotFound):
            backend.explain_operation(nothing)
        with pytest.raises((OperationNotFound, Unsupported)):
            backend.cancel_operation(nothing)

    def test_a_warning_is_no_loss(self, subject: Subject) -> None:
        """A backup with a warning about nothing lost is a success, in the list and when read."""
        backend = subject.backend()
        operated_act(subject, backend)
        cause(subject, Trouble.WARNS)

        point = back_up(subject, backend)

        ended_well = (point.phase, backend.get_recovery_point(point.id).phase)
        assert ended_well == (Phase.SUCCEEDED, Phase.SUCCEEDED)
