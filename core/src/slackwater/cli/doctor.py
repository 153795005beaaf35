"""``slackwater doctor``: what endangers the fleet, and the way out of each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

import click

from slackwater.cli.opening import opened
from slackwater.cli.output import output_option

if TYPE_CHECKING:
    from slackwater.model.finding import Finding
    from slackwater.oversight.diagnosis import Diagnosis

_SHORT = 3
_SIGNS = {"info": "✓", "warning": "!", "error": "✗"}


@click.command()
@click.option("--cluster", "-c", multiple=True, metavar="C", help="Only this cluster.")
@output_option
@click.pass_context
def doctor(ctx: click.Context, cluster: tuple[str, ...], output: str) -> int:
    """Look into every cluster: tools, stores, rights, schedules, coverage. Changes nothing.

    Namespaces and volumes that are in no good recovery point are errors (exit 3).
    """
    from slackwater.cli.output import print_data, say, tally

    with opened(ctx) as fleet:
        diagnosis = fleet.doctor(cluster=cluster or None)
        if output in ("json", "yaml"):
            print_data(_plain(diagnosis), output)
        elif output == "name":
            for finding in diagnosis.findings:
                click.echo(f"{finding.cluster}/{finding.tool}/{finding.code}/{finding.subject}")
        else:
            _print(diagnosis, whole=output == "wide")
        clusters = f"{len(diagnosis.clusters)} clusters"
        say(f"{tally(diagnosis.findings) or 'nothing found'} in {clusters}")
    return 3 if diagnosis.at_risk else 0


def _plain(diagnosis: Diagnosis) -> dict[str, object]:
    return {
        "as_of": diagnosis.as_of.isoformat(),
        "clusters": list(diagnosis.clusters),
        "tools": [
            {"cluster": cluster, **description.model_dump(mode="json")}
            for cluster, description in diagnosis.descriptions
        ],
        "findings": [finding.model_dump(mode="json") for finding in diagnosis.findings],
    }


def _print(diagnosis: Diagnosis, *, whole: bool) -> None:
    """Print a block per cluster: what is well in one line, then what is not."""
    elsewhere = [f for f in diagnosis.findings if f.cluster not in diagnosis.clusters]
    _block("fleet", [], elsewhere, whole=whole)
    for cluster in diagnosis.clusters:
        tools = [d for name, d in diagnosis.descriptions if name == cluster]
        findings = [f for f in diagnosis.findings if f.cluster == cluster]
        troubled = {finding.tool for finding in findings if finding.severity.rank}
        well = [
            ("✓", d.tool, f"{d.version or 'version unknown'}, nothing wrong")
            for d in tools
            if d.tool not in troubled and d.available
        ]
        _block(cluster, well, findings, whole=whole)


def _way_out(text: str, *, whole: bool) -> list[str]:
    """Return the lines to show: a long text is cut, and says how to see all of it."""
    lines = text.splitlines()
    if whole or len(lines) <= _SHORT:
        return lines
    return [lines[0], f"({len(lines) - 1} more lines: slackwater doctor -o wide)"]


def _block(
    name: str,
    well: Sequence[tuple[str, str, str]],
    findings: Sequence[Finding],
    *,
    whole: bool,
) -> None:
    from rich.text import Text

    from slackwater.cli.output import console

    screen = console()
    lines = list(well)
    ordered = sorted(findings, key=lambda f: -f.severity.rank)
    for finding, after in zip_longest(ordered, ordered[1:]):
        subject = "" if finding.subject in (name, finding.tool) else f"{finding.subject}: "
        sign = _SIGNS[finding.severity.value]
        lines.append((sign, finding.tool or "coverage", subject + finding.message))
        if after is None or after.way_out != finding.way_out:  # once for all that share it
            lines += [("", "", f"→ {line}") for line in _way_out(finding.way_out, whole=whole)]
    for number, (sign, who, text) in enumerate(lines):
        head = name if number == 0 else ""
        screen.print(Text(f"{head:<12}{sign:<2}{who:<10} {text}"), soft_wrap=True)
