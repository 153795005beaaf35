"""The words of Slackwater as frozen models and pure functions. No I/O, no clock."""
