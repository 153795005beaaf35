"""``python -m slackwater``: the command line."""

from slackwater.cli import main

main()
