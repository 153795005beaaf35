"""Stages run side by side, a few chunks apart, and fail as one."""

from __future__ import annotations

import pytest

from slackwater.stores.flow import chunks_of, flow


def doubled(chunks, send):
    for chunk in chunks:
        send(chunk * 2)


def test_pieces_pass_all_stages_in_order():
    found = []
    flow([b"a", b"b"], doubled, doubled, lambda chunks, _: found.extend(chunks))
    assert found == [b"aaaa", b"bbbb"]


def test_the_source_is_never_far_ahead():
    """At most four chunks wait before each stage, and each party holds one in its hands."""
    begun = ended = furthest = 0

    def source():
        nonlocal begun
        for _ in range(500):
            begun += 1
            yield b"x"

    def slow(chunks, _):
        nonlocal ended, furthest
        for _ in chunks:
            furthest = max(furthest, begun - ended)
            ended += 1

    flow(source(), doubled, doubled, slow)

    assert ended == 500
    assert furthest <= 3 * 4 + 4


@pytest.mark.parametrize("at", [0, 1, 2])
def test_the_first_error_comes_out_whatever_the_others_make_of_it(at):
    class Own(Exception):
        pass

    def failing(chunks, send):
        next(chunks)
        raise Own

    def translating(chunks, send):
        try:
            doubled(chunks, send)
        except Exception as error:
            raise ValueError("a library's own words") from error

    stages = [translating, translating, translating]
    stages[at] = failing
    with pytest.raises(Own):
        flow((b"x" for _ in range(100)), *stages)


def test_an_error_of_the_source_ends_all_stages():
    ended = []

    def last(chunks, _):
        try:
            list(chunks)
        finally:
            ended.append(True)

    def source():
        yield b"x"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        flow(source(), doubled, last)
    assert ended == [True]


def test_empty_pieces_are_left_out():
    assert list(chunks_of([b"a", b"", b"b"])) == [b"a", b"b"]
