"""What endangers the fleet: silent tools, invisible stores, what nobody covers."""

from slackwater.oversight.diagnosis import Diagnosis, diagnose

__all__ = ["Diagnosis", "diagnose"]
