"""Every recovery point of the fleet, gathered side by side."""

from slackwater.catalogue.gathering import Catalogue, gather

__all__ = ["Catalogue", "gather"]
