"""What stands under ``skeleton:`` in the fleet file."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from slackwater.model.secret import SecretRef


class SkeletonSettings(BaseModel):
    """Where the tool is, and how to log in. Secrets are references."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, Field(pattern=r"^https?://[^/?#@]+$")] = Field(
        description="Where the API is: scheme, host and port."
    )
    token: SecretRef = Field(description="What the API asks for.")
    ca: SecretRef | None = Field(
        default=None,
        description="The authority of its certificate, in PEM; else what the system trusts.",
    )
    answer_within: float = Field(default=10.0, gt=0, description="Seconds for one answer.")
