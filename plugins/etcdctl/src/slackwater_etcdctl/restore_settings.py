"""What stands under ``restore:`` of the tool in the fleet file."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class RestoreSettings(BaseModel):
    """How a control plane is turned back."""

    model_config = ConfigDict(frozen=True, extra="forbid")
