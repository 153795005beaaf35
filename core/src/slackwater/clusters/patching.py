"""Patches that leave an object as it was, and not a mixture of that and of what came later."""

from __future__ import annotations

from slackwater.clusters.access import Object

_DATA = ("data", "binaryData")


def with_exact_data(content: Object, standing: Object) -> Object:
    """Return the content as a merge patch by which keys of ConfigMaps and Secrets go that came
    later: a merge alone would keep them.
    """
    patch = dict(content)
    for part in _DATA:
        later = dict.fromkeys(standing.get(part) or {}) | (content.get(part) or {})
        if later:
            patch[part] = later
    return patch
