"""What stands under ``memory`` and ``memory-archive`` in a fleet file."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class MemorySettings(BaseModel):
    """Where the world lies, and how the tool is reached in it.

    ``token`` is a reference to the secret that the tool asks for, where it asks for one.
    ``store`` is the cluster's own name for the store that backups go to.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    world: Path = Field(description="The file of the in-memory world.")
    store: str = Field("main", description="The store that backups go to, as the cluster names it.")
    page: int = Field(500, gt=0, description="Recovery points per request of a list.")
    token: str = Field("", description="Reference to the token that the tool asks for.")
