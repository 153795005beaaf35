"""Slackwater: one policy, every backup tool, one point in time."""
