"""Other processes for the promises that hold between processes.

Each makes a backend by a recipe, says ``ready``, waits for the word to go, makes one call and
prints the answer. Recipes come by standard input: nothing of them shows in argv. Run as a module
this is the nursery that they are forked off.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from slackwater.backend import Backend
from slackwater.model.act import Act, Key
from slackwater.model.operation import Operation, OperationRef, Progress
from slackwater.testing.conformance.nursery import Child, fork, keep
from slackwater.testing.conformance.recipe import Recipe


@dataclass(frozen=True)
class Errand:
    """One call to be made in a process of its own.

    ``method`` is ``start``, ``perform`` or ``get_operations``. ``fatal`` has the process killed
    the first time that it reports progress.
    """

    recipe: Recipe
    method: str
    act: Act | None = None
    key: Key | None = None
    refs: tuple[OperationRef, ...] = ()
    fatal: bool = False

    def dump(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(
            {
                "recipe": asdict(self.recipe),
                "method": self.method,
                "act": self.act.model_dump(mode="json") if self.act else None,
                "key": self.key.model_dump(mode="json") if self.key else None,
                "refs": [ref.model_dump(mode="json") for ref in self.refs],
                "fatal": self.fatal,
            }
        )


@dataclass(frozen=True)
class Answer:
    """What came of an errand. ``litter`` are files left outside of any spool."""

    value: object = None
    error: str = ""
    killed: bool = False
    litter: tuple[str, ...] = ()


def at_once(*errands: Errand) -> list[Answer]:
    """Run the errands in processes of their own that all go at the same moment."""
    with tempfile.TemporaryDirectory() as folder:
        processes = [_begin(errand, Path(folder) / str(n)) for n, errand in enumerate(errands)]
        for process in processes:
            if not process.stdout.readline():
                raise AssertionError("the other process could not make its backend; see its error")
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        return [_end(process, Path(folder) / str(n)) for n, process in enumerate(processes)]


def _begin(errand: Errand, folder: Path) -> Child:
    folder.mkdir()
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    module = errand.recipe.factory.rpartition(":")[0]
    process = fork(__name__, module, folder, environment)
    process.stdin.write(errand.dump() + "\n")
    process.stdin.flush()
    return process


def _end(process: Child, folder: Path) -> Answer:
    output, code = process.end()
    litter = tuple(sorted(path.name for path in folder.rglob("*")))
    if code == -signal.SIGKILL:
        return Answer(killed=True, litter=litter)
    answer = json.loads(output)
    return Answer(value=answer["value"], error=answer["error"], litter=litter)


def operations(answer: Answer) -> list[Operation]:
    """Return the operations of an answer to ``get_operations``."""
    values = answer.value
    if answer.error or not isinstance(values, list):
        raise AssertionError(f"the other process could not read the references: {answer.error}")
    return [Operation.model_validate(value) for value in values]


@dataclass
class Progresses:
    """A report that keeps what it is told; asked to stop from the beginning, if so made."""

    stopping: bool = False
    seen: list[Progress] = field(default_factory=list)

    def progress(self, progress: Progress) -> None:
        """Keep it."""
        self.seen.append(progress)


class _Fatal(Progresses):
    def progress(self, progress: Progress) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def _call(backend: Backend, errand: Mapping[str, object]) -> object:
    refs = [OperationRef.model_validate(ref) for ref in _list(errand["refs"])]
    if errand["method"] == "get_operations":
        return [o.model_dump(mode="json") for o in backend.get_operations(refs).values()]
    act, key = Act.model_validate(errand["act"]), Key.model_validate(errand["key"])
    if errand["method"] == "start":
        return backend.start(act, key).model_dump(mode="json")
    return dict(backend.perform(act, key, _Fatal() if errand["fatal"] else Progresses()))


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []


def _main() -> None:
    errand = json.loads(sys.stdin.readline())
    backend = Recipe(**errand["recipe"]).build()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    value, error = None, ""
    try:
        value = _call(backend, errand)
    except Exception as raised:  # noqa: BLE001  whatever it is, the asking process judges it
        error = f"{type(raised).__name__}: {raised}"
    finally:
        backend.close()
    sys.stdout.write(json.dumps({"value": value, "error": error}))


if __name__ == "__main__" and keep(int(sys.argv[1])):
    _main()
