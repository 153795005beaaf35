"""Slackwater's backend for skeleton."""
