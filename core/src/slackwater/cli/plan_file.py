"""Plans in files: YAML that a person can read, and that is refused once it was edited."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from slackwater.model.restore_plan import RestorePlan

_HEAD = """\
# A restore plan of Slackwater: what `slackwater restore` will do, and nothing else.
# Consent is given to its digest; an edited plan is refused. Make another one instead.
"""


def write_plan(plan: RestorePlan, path: Path) -> None:
    """Write a plan with its digest, readable by its owner only: it names what lies where."""
    import yaml

    from slackwater.errors import ConfigurationError, Problem

    data = {"digest": plan.digest, "plan": plan.model_dump(mode="json", exclude_defaults=True)}
    # In C where it is there: the plan of a large fleet has thousands of lines.
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = _HEAD + yaml.dump(data, Dumper=dumper, sort_keys=False, allow_unicode=True, width=100)
    try:
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        problem = Problem(f"the plan cannot be written: {error.strerror}", file=str(path))
        raise ConfigurationError(problem) from None


def read_plan(path: Path) -> RestorePlan:
    """Read a plan. Raises ``ConfigurationError`` where it is none, or not as it was shown."""
    import yaml
    from pydantic import ValidationError

    from slackwater.errors import ConfigurationError, Problem
    from slackwater.fleet.quick_yaml import load_yaml
    from slackwater.model.restore_plan import PLAN_VERSION, RestorePlan

    def refuse(message: str) -> ConfigurationError:
        return ConfigurationError(Problem(message, file=str(path)))

    try:
        data: Any = load_yaml(path.read_text(encoding="utf-8"))
        body, digest = data["plan"], data["digest"]
    except OSError as error:
        raise refuse(f"cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
        raise refuse("is no plan; slackwater plan --save FILE writes one") from None
    if isinstance(body, dict) and body.get("version", PLAN_VERSION) > PLAN_VERSION:
        raise refuse("was written by a newer slackwater; use that one")
    try:
        plan = RestorePlan.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise refuse(f"{field}: {first['msg']}") from None
    if plan.digest != digest:
        raise refuse(
            f"was changed after it was shown: its digest is {plan.digest}, it says {digest};"
            " make the plan again"
        )
    return plan


def echo_saved(plan: RestorePlan, path: Path) -> None:
    """Say where the plan is and which digest stands for it."""
    click.echo(f"Plan saved as {path}, digest {plan.digest}")
