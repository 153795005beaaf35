"""How the stand-ins read flags, print JSON and say what is wrong."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # the module typing takes longer to load than a program runs
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

ERROR, BAD_CONNECTION, INTERRUPTED, BAD_ARGUMENTS = 1, 2, 5, 128
"""Exit codes [documented: etcdctl/ctlv3/command/global.go; measured]."""


class Call:
    """What a program was called with: words, and flags by name."""

    def __init__(self, arguments: Sequence[str], switches: Sequence[str]) -> None:
        self.words: list[str] = []
        self.flags: dict[str, str] = {}
        waiting = iter(arguments)
        for argument in waiting:
            if not argument.startswith("-"):
                self.words.append(argument)
                continue
            name, equals, value = argument.lstrip("-").partition("=")
            name = "write-out" if name == "w" else name
            if not equals:
                value = "true" if name in switches else next(waiting, "")
            self.flags[name] = value

    def flag(self, name: str, default: str = "") -> str:
        """Return a flag's value."""
        return self.flags.get(name, default)

    @property
    def words_line(self) -> str:
        """The words of the command."""
        return " ".join(self.words)


def fail(words: str, code: int = ERROR) -> NoReturn:
    """Say what is wrong as etcdctl does, and end."""
    sys.stderr.write(f"Error: {words}\n")
    sys.stderr.flush()
    sys.exit(code)


def answer(value: object) -> None:
    """Print an answer as JSON on one line."""
    sys.stdout.write(json(value) + "\n")


def json(value: object) -> str:
    """Return a value as JSON; the library's own takes longer to load than a program runs."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inner = ",".join(f"{json(str(key))}:{json(item)}" for key, item in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(json, value))}]"
    if isinstance(value, int):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def present(table: Mapping[str, object]) -> dict[str, object]:
    """Leave out what is zero, false or empty, as etcd does [measured]."""
    return {name: value for name, value in table.items() if value}
