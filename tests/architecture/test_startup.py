"""``--help`` and ``--version`` answer at once: they load neither clusters nor the ledger."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "httpx",
    "kubernetes",
    "obstore",
    "pyrage",
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "zstandard",
}

# Written on the way out, because the command line ends the interpreter by itself.
PROBE = """
import atexit, sys
atexit.register(lambda: print("\\nloaded:", *sys.modules))
"""


def loaded_by(statements: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded in the end."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE + statements], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.rpartition("loaded:")[2]
    return {name.split(".")[0] for name in loaded.split()}


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_a_short_answer_loads_nothing_heavy(option):
    command = f"sys.argv = ['slackwater', '{option}']\nfrom slackwater.cli import main\nmain()"
    loaded = loaded_by(command)
    assert "slackwater" in loaded
    assert loaded & HEAVY == set()


def test_something_heavy_is_seen():
    assert loaded_by("def f(): import sqlalchemy\nf()\nraise SystemExit(0)") & HEAVY
