"""``slackwater demo``: the whole story on a small fleet on this machine."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click


@click.command()
@click.option("--keep", is_flag=True, help="Stay, so that fleet and files can be played with.")
@click.option("--folder", type=click.Path(path_type=Path), help="Default: a new temporary one.")
@click.option("--stage", default="emulated", show_default=True, help="Where it is played.")
def demo(keep: bool, folder: Path | None, stage: str) -> int:
    """Play the whole story: backups, a mark, an accident, a plan, a restore, the proof.

    Everything stands on loopback and in one folder; nothing of yours is read or written.
    """
    from slackwater.demo.stage import find_stage
    from slackwater.demo.story import Story, StoryFailed

    with tempfile.TemporaryDirectory(prefix="slackwater-demo-") as scratch:
        place = (folder or Path(scratch)).resolve()
        place.mkdir(parents=True, exist_ok=True)
        chosen = find_stage(stage)
        try:
            Story(chosen, place).play()
            if keep:
                _stay(place)
        except StoryFailed as failure:
            click.echo(f"\nThe story failed: {failure}", err=True)
            return 5
        finally:
            chosen.close()
    return 0


def _stay(place: Path) -> None:
    """Keep the clusters until the person has seen enough."""
    click.echo(f"\nThe fleet stays. In another terminal:\n  cd {place}")
    click.echo(f"  export SLACKWATER_LEDGER={place}/state/ledger.db KUBECONFIG={place}/kubeconfig")
    click.echo("  slackwater points list")
    click.pause("Any key ends it.")
