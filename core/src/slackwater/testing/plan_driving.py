"""Does the acts of a backend's plan in a test, as a run would: after a failure only clean-up."""

from __future__ import annotations

from collections.abc import Callable, Collection

from slackwater.backend import Stopped
from slackwater.model.act import Act, ActPlan
from slackwater.model.operation import Operation


def drive(
    plan: ActPlan, do: Callable[[Act], object], *, without: Collection[str] = ()
) -> dict[str, object]:
    """Return what came of each act by its id: a result, an operation, or the error it ended with.

    ``do`` does one act to its end. A plan that must not run is refused; ``Stopped`` is passed on.
    """
    assert not [finding for finding in plan.findings if finding.blocks], plan.findings
    results: dict[str, object] = {}
    failed = False
    for act in plan.acts:
        if act.id in without or (failed and not act.always):
            continue
        try:
            results[act.id] = do(act)
        except Stopped:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, the test looks at it
            results[act.id] = error
        failed = failed or _went_wrong(results[act.id])
    return results


def _went_wrong(result: object) -> bool:
    if isinstance(result, Operation):
        return not result.phase.usable
    return isinstance(result, Exception)
