"""The root of all models: values that never change and refuse what they do not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

# What may be kept in the ledger and in plans. ``object`` inside, because pydantic checks at the
# borders and recursion in aliases costs readers more than it gives them.
Json: TypeAlias = Mapping[str, object]
JsonList: TypeAlias = Sequence[object]


class Frozen(BaseModel):
    """A value: equal by content, hashable where its fields are, never changed in place."""

    model_config = ConfigDict(frozen=True, extra="forbid")
