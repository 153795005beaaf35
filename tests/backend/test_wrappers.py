"""Backends around backends: limits, traces, and roles that keep working."""

from __future__ import annotations

import threading

import pytest

from slackwater.backend import Backend, NativeSchedules, Posture, SharedStores, Stamping
from slackwater.backend.wrappers import Call, as_role, limited, traced
from slackwater.errors import BackendUnavailable
from slackwater.model.recovery_point import PointId
from slackwater.model.request import PointQuery
from slackwater.testing.memory import MemoryWorld, Mishap, Refusal
from slackwater.testing.memory.plugin import build
from slackwater.testing.memory.subject import MemorySubject


@pytest.fixture
def subject(tmp_path):
    with MemorySubject(tmp_path) as subject:
        subject.make_points(5)
        yield subject


@pytest.fixture
def backend(subject):
    return subject.backend()


def test_a_limited_backend_answers_as_the_one_within(backend):
    wrapped = limited(backend, 1)
    everything = PointQuery()

    assert isinstance(wrapped, Backend)
    assert wrapped.describe() == backend.describe()
    expected = list(backend.list_recovery_points(everything))
    assert list(wrapped.list_recovery_points(everything)) == expected


@pytest.mark.parametrize("role", [SharedStores, Stamping, NativeSchedules, Posture])
def test_wrappers_have_the_roles_of_the_backend_within(backend, role):
    wrapped = traced(limited(backend, 1), lambda call: None)

    assert as_role(wrapped, role) is wrapped


def test_wrappers_claim_no_role_that_the_backend_has_not(tmp_path):
    archive = build(
        tool="memory-archive", cluster="eu", spool=str(tmp_path), secrets={}, world="unused"
    )

    assert as_role(limited(archive, 1), SharedStores) is None


def test_calls_of_a_role_reach_the_backend_and_are_traced(backend):
    calls: list[Call] = []
    wrapped = as_role(traced(backend, calls.append), SharedStores)

    assert wrapped is not None
    assert wrapped.list_stores() == backend.list_stores()
    assert [call.method for call in calls] == ["list_stores"]


def test_no_more_calls_than_allowed_are_inside_at_once(backend, monkeypatch):
    inside, most, lock = 0, 0, threading.Lock()
    meeting = threading.Barrier(2, timeout=10)

    def describe():
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        meeting.wait()  # two must be inside together for either to leave
        with lock:
            inside -= 1

    monkeypatch.setattr(backend, "describe", describe)
    wrapped = limited(backend, 2)
    threads = [threading.Thread(target=wrapped.describe) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == 2


def test_the_reader_of_a_limited_list_may_call_again(backend):
    wrapped = limited(backend, 1)

    read = [wrapped.get_recovery_point(p.id) for p in wrapped.list_recovery_points(PointQuery())]

    assert len(read) == 5


def test_a_trace_tells_method_subject_time_and_error(backend, subject):
    calls: list[Call] = []
    ticks = iter(range(100))
    wrapped = traced(backend, calls.append, timer=lambda: float(next(ticks)))
    point = PointId(tool="memory", store="mem://a", name="nothing")
    subject.world.misbehave("home", Mishap(refusal=Refusal.UNAVAILABLE))

    with pytest.raises(BackendUnavailable) as raised:
        wrapped.get_recovery_point(point)

    assert calls == [Call("get_recovery_point", str(point), 1.0, raised.value)]


def test_a_list_is_traced_once_when_its_reader_is_done(backend):
    calls: list[Call] = []
    wrapped = traced(backend, calls.append)

    points = wrapped.list_recovery_points(PointQuery())
    next(points)
    calls.clear()
    points.close()

    assert [call.method for call in calls] == ["list_recovery_points"]
    assert calls[0].error is None


def test_a_list_that_fails_is_traced_with_its_error(backend, subject):
    calls: list[Call] = []
    wrapped = traced(backend, calls.append)
    subject.world.misbehave("home", Mishap(refusal=Refusal.UNAVAILABLE))

    with pytest.raises(BackendUnavailable):
        list(wrapped.list_recovery_points(PointQuery()))

    assert isinstance(calls[-1].error, BackendUnavailable)


def test_wrapped_backends_close_the_one_within_twice(backend):
    wrapped = limited(backend, 1)

    wrapped.close()
    wrapped.close()


def test_a_wrapper_shows_what_it_wraps(tmp_path):
    world = MemoryWorld(tmp_path / "world")
    inner = build(
        tool="memory", cluster="eu", spool=str(tmp_path / "s"), secrets={}, world=str(world.path)
    )

    assert repr(limited(inner, 1)) == f"Limit({inner!r})"
