"""``slackwater check``: is the fleet file right, and can what it says hold?"""

from __future__ import annotations

import click

from slackwater.cli.opening import opened
from slackwater.cli.output import output_option


@click.command()
@output_option
@click.pass_context
def check(ctx: click.Context, output: str) -> int:
    """Check fleet.yaml without contacting anything.

    Problems of the file exit with 2; findings that cannot hold (a schedule that cannot meet its
    RPO) with 3.
    """
    from slackwater.cli.output import print_data, print_findings, say, tally

    with opened(ctx) as fleet:
        findings = fleet.check()
        if output in ("json", "yaml"):
            print_data([finding.model_dump(mode="json") for finding in findings], output)
        elif output == "name":
            for finding in findings:
                click.echo(f"{finding.code}/{finding.subject}")
        else:
            print_findings(findings)
        counts = f"{len(fleet.file.clusters)} clusters, {len(fleet.file.policies)} policies"
        say(f"{fleet.file.path}: {counts}; {tally(findings) or 'nothing to say against it'}")
    return 3 if any(finding.blocks for finding in findings) else 0
