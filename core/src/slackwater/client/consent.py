"""Consent: nothing is begun but what was shown, to exactly this plan, and once."""

from __future__ import annotations

from slackwater.errors import BlockedByFinding, PlanAlreadyRun, PlanError
from slackwater.ledger import Ledger
from slackwater.model.deletion_plan import DeletionPlan
from slackwater.model.finding import why_blocked
from slackwater.model.restore_plan import RestorePlan


def require_consent(plan: RestorePlan | DeletionPlan, confirm: str) -> None:
    """Raise ``PlanError`` for consent to another plan, ``BlockedByFinding`` to a blocked one."""
    if confirm != plan.digest:
        raise PlanError(
            f"{confirm} is not the digest of this plan",
            hint="read the plan; its digest is in it",
        )
    if plan.blocked:
        hint = "mend what is in the way, and make the plan again"
        raise BlockedByFinding(why_blocked(plan.findings), hint=hint)


def new_run_id(plan: RestorePlan | DeletionPlan, ledger: Ledger, *, again: bool) -> str:
    """Return the run's id, out of the digest. Raises ``PlanAlreadyRun`` unless ``again``."""
    run_id = f"r-{plan.digest.replace('-', '')}"
    earlier = ledger.runs(labels={"plan": plan.digest})
    if not earlier:
        return run_id
    if not again:
        raise PlanAlreadyRun(
            f"this plan was begun before, as run {earlier[0].id} ({earlier[0].state})",
            run=earlier[0].id,
            hint=f"slackwater runs show {earlier[0].id}; --again makes a new run of it",
        )
    return f"{run_id}-{len(earlier) + 1}"
