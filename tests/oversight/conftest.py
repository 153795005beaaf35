"""The fleet that these tests ask and break."""

from ..client.stage import stage
from ..client.turning_back import kept

__all__ = ["kept", "stage"]
