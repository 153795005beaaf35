"""Settings that name a store of the fleet file."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic.fields import FieldInfo

_NAMES_A_STORE = "names an entry of stores"

StoreName = Annotated[str, _NAMES_A_STORE]
"""For settings: the name of an entry of ``stores``; one that is not there is refused."""


def names_a_store(field: FieldInfo) -> bool:
    """Whether a field is a ``StoreName``, or one that may be left out."""
    alternatives = get_args(field.annotation)
    return _NAMES_A_STORE in field.metadata or StoreName in alternatives
