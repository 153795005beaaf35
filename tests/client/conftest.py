"""The fleet that these tests ask and break."""

from .stage import stage

__all__ = ["stage"]
