"""The fleet that these tests ask and break."""

from ..client.stage import stage

__all__ = ["stage"]
