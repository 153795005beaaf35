"""The etcdctl backend of Slackwater."""
