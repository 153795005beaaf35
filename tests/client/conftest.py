"""The fleet that these tests ask and break."""

from .stage import stage
from .turning_back import kept

__all__ = ["kept", "stage"]
