"""The testbed by hand: `python -m slackwater_testbed build|missing|up|status|down|host`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from slackwater_testbed import building, engines, state
from slackwater_testbed.errors import TestbedError
from slackwater_testbed.nodes import system
from slackwater_testbed.testbed import NAMES, Testbed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 fine, 1 not so."""
    chosen = _parser().parse_args(arguments)
    command: Callable[[Sequence[str]], int] = chosen.command
    try:
        return command(chosen.names)
    except TestbedError as error:
        print(error, file=sys.stderr)
        return 1


def build(names: Sequence[str]) -> int:
    """Build the engines that are not in the cache; install programs that nodes need."""
    wanted = names or _of_use_here()
    building.build(wanted)
    if set(wanted) & set(engines.ONLY_FOR_NODES):
        system.install(building.to_stderr)
    print(f"All engines are built, in {engines.cache()}.")
    return 0


def missing(names: Sequence[str]) -> int:
    """Print the engines that are not built; exit 1 if there are any."""
    absent = engines.missing(names)
    print("\n".join(absent) or "No engine is missing.")
    return 1 if absent else 0


def up(names: Sequence[str]) -> int:
    """Build what is missing and start clusters; one that runs already is left alone."""
    building.build(engines.USUAL)
    with state.locked():
        state.sweep()
        if not _runs(names):
            _start_anew(names or NAMES)
    return status(())


def status(_names: Sequence[str]) -> int:
    """Show the clusters and how to reach them; exit 1 if anything does not run."""
    testbed = Testbed.open(state.by_hand())
    for cluster in testbed:
        states = [f"{each.name} {'runs' if each.running else 'DOWN'}" for each in cluster.servers]
        print(f"{cluster.name:10} {cluster.url}   {', '.join(states)}")
    store = testbed.objectstore
    print(f"{'s3':10} {store.endpoint}   {'runs' if store.running else 'DOWN'}")
    print(f"{'':10} authority {store.authority}, bucket {store.bucket}")
    print(f"\nexport KUBECONFIG={testbed.kubeconfig}\nexport PATH={_kubectl_folder()}:$PATH")
    return 0 if testbed.running else 1


def down(_names: Sequence[str]) -> int:
    """End every process and delete all data, after a testbed that broke half-way too."""
    with state.locked():
        state.sweep()
        Testbed(state.by_hand()).remove()
    return 0


def host(names: Sequence[str]) -> int:
    """Stop, start or restart one server of a cluster, or exit with 0 if it is healthy."""
    from slackwater_testbed import host as commands  # quick without it

    folder, act, cluster, server = names
    return commands.run(Path(folder), act, cluster, server)


def _of_use_here() -> list[str]:
    """Return all families, but for those of nodes where there can be none."""
    left_out = engines.ONLY_FOR_NODES if system.obstacle() else ()
    return [family.name for family in engines.FAMILIES if family.name not in left_out]


def _start_anew(names: Sequence[str]) -> None:
    testbed = Testbed(state.by_hand(), names)
    testbed.remove()
    # Until it is whole it belongs to this process: what is left of a half one gets swept.
    state.own(testbed.folder)
    testbed.install()
    state.disown(testbed.folder)


def _runs(names: Sequence[str]) -> bool:
    """Tell whether the testbed by hand runs, whole, with these clusters (or any, if none named)."""
    try:
        testbed = Testbed.open(state.by_hand())
    except TestbedError:
        return False
    return testbed.running and (not names or set(names) == set(testbed.clusters))


def _kubectl_folder() -> str:
    return str(engines.binary("kubectl").parent)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m slackwater_testbed")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (build, missing, up, status, down, host):
        summary = (command.__doc__ or "").rstrip(".")
        sub = commands.add_parser(command.__name__, help=summary, description=summary)
        sub.set_defaults(command=command, names=[])
    families = ", ".join(family.name for family in engines.FAMILIES)
    for name in ("build", "missing"):
        commands.choices[name].add_argument("names", nargs="*", metavar="FAMILY", help=families)
    commands.choices["up"].add_argument("names", nargs="*", metavar="CLUSTER")
    commands.choices["host"].add_argument(
        "names", nargs=4, metavar=("FOLDER", "stop|start|restart|health", "CLUSTER", "SERVER")
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
