"""``slackwater backup``: back up now, by a policy or by name."""

from __future__ import annotations

import click

from slackwater.cli.opening import opened, which_options


@click.command()
@click.argument("policy", required=False)
@which_options
@click.option("--mark", default="", metavar="NAME", help="Start all parts together, as one moment.")
@click.pass_context
def backup(
    ctx: click.Context,
    policy: str | None,
    cluster: tuple[str, ...],
    namespace: tuple[str, ...],
    selector: str,
    mark: str,
) -> int:
    """Back up now: what POLICY protects, or what --cluster and --namespace name.

    Done is done only when the recovery point was read back and holds what was required; a part
    that fails makes the run partial (exit 4), all of them failed (exit 5).
    """
    from slackwater.cli.output import print_findings
    from slackwater.cli.progress import drive

    if policy is None and not (cluster or namespace or selector):
        raise click.UsageError("name a policy, or --cluster, --namespace or --selector")
    with opened(ctx) as fleet:
        run = fleet.backup(
            policy,
            cluster=cluster or None,
            namespace=namespace or None,
            selector=selector,
            mark=mark,
        )
        print_findings(run.findings, stderr=True)
        return drive(run)
