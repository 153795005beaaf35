"""Sizes and spans of time as people read them."""

from __future__ import annotations

from datetime import timedelta

_SIZES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SPANS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def in_bytes(size: int) -> str:
    """Return a size in bytes in binary units: ``10 GiB``, ``1.5 MiB``, ``1010 KiB``."""
    value = float(size)
    for unit in _SIZES[:-1]:
        if abs(value) < 1024:
            return f"{value:.0f} {unit}" if abs(value) >= 1000 else f"{value:.3g} {unit}"
        value /= 1024
    return f"{value:.3g} {_SIZES[-1]}"


def in_words(span: timedelta) -> str:
    """Return a span in its two largest units: ``4m48s``, ``1d3h``, ``0s``."""
    left = round(abs(span.total_seconds()))
    parts: list[str] = []
    for unit, seconds in _SPANS:
        count, left = divmod(left, seconds)
        if count or parts:
            parts.append(f"{count}{unit}" if count else "")
        if len(parts) == 2:
            break
    return ("-" if span < timedelta(0) else "") + ("".join(parts) or "0s")


def counted(number: int, thing: str) -> str:
    """Return ``1 error`` or ``2 errors``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
