"""Waiting for news ends when its time is over."""

from __future__ import annotations

import threading

from slackwater.runs.effects import Looked
from slackwater.runs.holder import Holder
from slackwater.runs.journal import Journal

from .scripted_tool import QUICK


def test_a_wait_ends_in_time_where_the_news_that_woke_it_was_taken_in_already(stage, monkeypatch):
    journal = Journal(stage.ledger, stage.clock, lambda _: None)
    holder = Holder(journal, stage, stage.clock, QUICK, threading.Event())
    monkeypatch.setattr(holder, "_nap", lambda: 0.000001)

    def wait_often():
        for _ in range(2000):
            for _ in range(2):  # the second is taken in without a wait, and still wakes the next
                holder._news.put(Looked(("eu", "tool"), ()))
            holder._listen()
            holder._listen()

    waiting = threading.Thread(target=wait_often, daemon=True)
    waiting.start()
    waiting.join(30)
    assert not waiting.is_alive()
