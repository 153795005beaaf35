"""The Python API over everything below: ``Fleet`` and the runs that it begins."""

from slackwater.client.fleet import Fleet
from slackwater.client.run_handle import RunHandle

__all__ = ["Fleet", "RunHandle"]
