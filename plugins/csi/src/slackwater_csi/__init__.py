"""The CSI backend of Slackwater."""
