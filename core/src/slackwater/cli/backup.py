"""``slackwater backup``: back up now, by a policy or by name."""

from __future__ import annotations

import click

from slackwater.cli.opening import opened, which_options, whole_options


@click.command()
@click.argument("policy", nargs=-1)
@which_options
@whole_options
@click.option("--mark", default="", metavar="NAME", help="Start all parts together, as one moment.")
@click.pass_context
def backup(
    ctx: click.Context,
    policy: tuple[str, ...],
    cluster: tuple[str, ...],
    namespace: tuple[str, ...],
    selector: str,
    control_plane: tuple[str, ...],
    cluster_objects: tuple[str, ...],
    mark: str,
) -> int:
    """Back up now: what each POLICY protects, or what --cluster and --namespace name.

    --control-plane and --cluster-objects come beside that; alone they are all that is meant.
    Done is done only when the recovery point was read back and holds what was required; a part
    that fails makes the run partial (exit 4), all of them failed (exit 5).
    """
    from slackwater.cli.output import print_findings
    from slackwater.cli.progress import drive

    whole = control_plane or cluster_objects
    if not policy and not (cluster or namespace or selector or whole):
        raise click.UsageError(
            "name a policy, or --cluster, --namespace, --selector, --control-plane or"
            " --cluster-objects"
        )
    with opened(ctx) as fleet:
        run = fleet.backup(
            policy or None,
            cluster=cluster or None,
            namespace=namespace or None,
            selector=selector,
            control_plane=control_plane or None,
            cluster_objects=cluster_objects or None,
            mark=mark,
        )
        print_findings(run.findings, stderr=True)
        return drive(run)
