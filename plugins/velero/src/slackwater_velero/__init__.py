"""The Velero backend of Slackwater."""
