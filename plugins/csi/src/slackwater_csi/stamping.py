"""Writes on the manifest of a recovery point what is known only after it was made."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from slackwater.errors import Unsupported
from slackwater.model.recovery_point import PointId, Stamp
from slackwater_csi.errors import TOOL, named_errors
from slackwater_csi.facts import PointFacts
from slackwater_csi.listing import manifest_of
from slackwater_csi.site import Site


def write_stamp(site: Site, point: PointId, values: Mapping[str, str]) -> None:
    """Write fields of the stamp; the same again changes nothing.

    Raises ``BackendUnavailable`` where somebody else changed the manifest meanwhile, and
    ``Unsupported`` where it carries no stamp of ours.
    """
    manifest = manifest_of(site, point)
    try:
        known = PointFacts.model_validate(manifest.facts).stamp
    except ValidationError:
        known = None
    if known is None:
        raise Unsupported(f"{point.name} was not made by us, so it is not changed", backend=TOOL)
    stamp = Stamp.model_validate({**known.model_dump(), **values})
    if stamp != known:
        changed = {**manifest.facts, "stamp": stamp.model_dump(mode="json")}
        with named_errors(site.cluster):
            site.store().update(manifest.model_copy(update={"facts": changed}))
