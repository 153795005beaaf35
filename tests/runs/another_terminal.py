"""A second process at the same ledger: ``another_terminal.py FOLDER RUN`` drives a run."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from scripted_tool import Stage

if __name__ == "__main__":
    with Stage(Path(sys.argv[1])) as stage:
        print(stage.runs().drive(sys.argv[2]).state.value)
