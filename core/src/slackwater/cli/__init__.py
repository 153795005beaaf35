"""The command line. One file per command: parse, call the client, print.

Exit codes, fixed and tested:

    0    fine
    1    unexpected: a bug of ours
    2    usage or configuration
    3    at risk: findings of severity error
    4    partial: some of it worked
    5    failed
    6    the plan is blocked, or has changed
    7    waiting for a person
    130  interrupted, or declined
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

EXIT_CODES = {
    0: "fine",
    1: "unexpected",
    2: "usage or configuration",
    3: "at risk (findings of severity error)",
    4: "partial",
    5: "failed",
    6: "plan blocked or changed",
    7: "waiting for a person",
    130: "interrupted or declined",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code. The entry point ``slackwater``."""
    from slackwater.cli.app import run  # click is not needed to import the package

    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))
