"""Commands about hosts, as a fleet file names them: ``host stop m1``, ``host start api``.

``host is-down m1`` and ``host is-up m1`` end with 0 where that is so, else with 1. A member that
starts takes the data that lies in its directory then. Everything happens at once [simpler than the
real one].
"""

from __future__ import annotations

import sys

from .folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:  # the module typing takes longer to load than a program runs
    from collections.abc import Sequence

API = "api"


def main(arguments: Sequence[str], version: str, folder: str) -> None:
    """Run one command."""
    del version
    what, name = arguments
    world = Folder(folder)
    place = f"127.0.0.1:{name.removeprefix('m')}"
    match what:
        case "stop" if name == API:
            world.change("settings", api_stopped=True)
        case "start" if name == API:
            world.change("settings", api_stopped=None)
        case "stop":
            world.leave(place)
        case "start":
            world.serve(place, f"{folder}/data/{name}")
        case "is-up" | "is-down":
            up = not world.table("settings").get("api_stopped")
            if name != API:
                up = world.member_at(place) is not None
            sys.exit(up != (what == "is-up"))
