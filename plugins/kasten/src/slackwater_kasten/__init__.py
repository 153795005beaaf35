"""Slackwater's backend for Veeam Kasten (K10)."""
