"""Kubernetes quantities such as ``10Gi``, in bytes."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal

_FORM = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d{1,3}))?")
_BINARY = {unit: Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)}
_DECIMAL = {unit: Decimal(1000) ** power for power, unit in enumerate("num kMGTPE", start=-3)}


def bytes_of(quantity: str) -> int:
    """The number of bytes, rounded up. Raises ``ValueError`` for what is no quantity.

    Forms as in https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
    """
    found = _FORM.fullmatch(quantity)
    if not found:
        raise ValueError(f"{quantity!r} is no Kubernetes quantity")
    number, binary, decimal, exponent = found.groups()
    factor = Decimal(1)
    if binary:
        factor = _BINARY[binary[0]]
    elif decimal:
        factor = _DECIMAL[decimal]
    elif exponent:
        factor = Decimal(10) ** int(exponent)
    return int((Decimal(number) * factor).to_integral_value(ROUND_CEILING))
