"""A restore plan as a document for a change ticket, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slackwater.model.finding import Finding
    from slackwater.model.restore_plan import RestorePlan
    from slackwater.model.step import Step


def document(plan: RestorePlan) -> str:
    """Return the whole plan: moment, targets, losses, steps with instructions, findings, digest."""
    return "\n".join(_lines(plan))


def _lines(plan: RestorePlan) -> Iterator[str]:
    from slackwater.cli.plan_screen import moment_line

    yield f"# Restore to {plan.moment:%Y-%m-%d %H:%M:%SZ}"
    yield ""
    yield f"- {' '.join(moment_line(plan, plan.made_at).split())}"
    yield f"- Made at {plan.made_at:%Y-%m-%d %H:%M:%SZ}"
    if plan.policy:
        yield f"- Policy {_text(plan.policy)}"
    yield f"- Digest `{plan.digest}`: consent is given to exactly this plan"
    if plan.blocked:
        yield "- **Blocked**: it must not be run as it is, see the findings"
    yield from _targets(plan)
    yield from _losses(plan)
    yield from _steps(plan)
    yield from _findings(plan.findings)


def _targets(plan: RestorePlan) -> Iterator[str]:
    from slackwater.cli.plan_screen import consent_summary

    yield from ("", "## Targets", "")
    rows = [
        (p.cluster, p.url, p.uid, p.ca_hash, p.control_plane, "yes" if p.seen else "no")
        for p in plan.pins
    ]
    heads = ("cluster", "API server", "kube-system", "CA (SHA-256)", "control plane", "answered")
    yield from _table(heads, rows)
    yield ""
    yield from (f"- {_text(line)}" for line in consent_summary(plan))


def _losses(plan: RestorePlan) -> Iterator[str]:
    from slackwater.cli.plan_screen import loses, taken, what_it_holds

    yield from ("", "## What comes back, and what is lost", "")
    rows = [
        (
            str(c.workload),
            str(c.target),
            c.point.id.tool,
            c.point.name,
            taken(c, plan),
            loses(c),
            what_it_holds(c),
        )
        for c in plan.choices
    ]
    heads = ("workload", "goes to", "tool", "recovery point", "taken", "loses", "holds")
    yield from _table(heads, rows)


def _steps(plan: RestorePlan) -> Iterator[str]:
    from slackwater.cli.step_tree import direct_needs, expected

    yield from ("", f"## Steps: {expected(plan.steps)}", "")
    needs = direct_needs(plan.steps)
    for step in plan.steps:
        yield from _step(step, needs[step.id], plan)


def _step(step: Step, needs: Sequence[str], plan: RestorePlan) -> Iterator[str]:
    """Yield one step: its number is that of the plan, whatever a renderer would count."""
    from slackwater.cli.step_tree import head, notes

    said = "; ".join(n for n in notes(step, plan, needs) if n not in step.act.effects)
    yield f"- **{step.id}** {_text(head(step))}" + (f" ({_text(said)})" if said else "")
    for effect in step.act.effects:
        yield f"  - effect: {_text(effect)}"
    if step.act.undo:
        yield f"  - undo: {_text(step.act.undo)}"
    if step.act.instructions:
        yield "  - instructions:"
        yield ""
        yield from (f"        {line}".rstrip() for line in step.act.instructions.splitlines())
        yield ""


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    yield from ("", "## Findings", "")
    for finding in findings:
        yield f"- **{finding.severity}** {_text(finding.subject)}: {_text(finding.message)}"
        yield from (f"  - way out: {_text(line)}" for line in finding.way_out.splitlines())
    if not findings:
        yield "Nothing stands in the way."


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(_text(cell) for cell in row) + " |"


def _text(text: str) -> str:
    """Return text that Markdown shows as it is: names may hold anything that it reads as a sign."""
    signs = str.maketrans({sign: f"\\{sign}" for sign in "\\|*_`<>[]#"})
    return " ".join(text.translate(signs).split())
