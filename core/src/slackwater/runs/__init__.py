"""Durable runs: graphs of steps that survive the death of whoever drives them."""

from slackwater.runs.events import EventKind
from slackwater.runs.runs import Runs, Submitted
from slackwater.runs.timing import Timing
from slackwater.runs.world import World

__all__ = ["EventKind", "Runs", "Submitted", "Timing", "World"]
