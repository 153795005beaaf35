"""Looks into one recovery point: reads Velero's files and judges the Backup by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from slackwater.model.finding import Finding
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Contents, RecoveryPoint
from slackwater.model.workload import Workload
from slackwater_velero.contents import Unreadable, read_contents, read_objects
from slackwater_velero.downloads import Downloads, File, Missing, Target
from slackwater_velero.locations import Location
from slackwater_velero.results import read_results, result_findings
from slackwater_velero.voice import Voice
from slackwater_velero.young_kinds import overlooked

_FILES = (Target.BACKUP_VOLUMES, Target.BACKUP_OBJECTS, Target.BACKUP_RESULTS)


def look_inside(
    point: RecoveryPoint,
    location: Location | None,
    downloads: Downloads,
    voice: Voice,
    *,
    young_kinds: Sequence[str] = (),
) -> RecoveryPoint:
    """Return the point with its contents, or with a finding that says why they are not known.

    Only what Velero calls finished is read: the files of a running backup still change.
    ``young_kinds`` were noted when it was planned: Velero may have overlooked them.
    """
    if not point.phase.usable:
        return point
    if location is None:
        return _unknown(point, "its location is gone", voice)
    if not location.available:
        return _unknown(point, f"its location {location.name} is not available", voice)
    files = downloads.read(_FILES, point.name, location)
    return judge(point, files, voice, young_kinds)


def judge(
    point: RecoveryPoint,
    files: Mapping[Target, File],
    voice: Voice,
    young_kinds: Sequence[str] = (),
) -> RecoveryPoint:
    """Return the point as its files show it. Pure."""
    objects, volumes = files[Target.BACKUP_OBJECTS], files[Target.BACKUP_VOLUMES]
    if isinstance(objects, Missing):
        return _unknown(point, f"its list of objects: {objects.reason}", voice)
    if isinstance(volumes, Missing):
        return _unknown(point, f"its volume information: {volumes.reason}", voice)
    try:
        contents = _claimed(point, read_contents(objects, volumes))
        missed = [*overlooked(young_kinds, read_objects(objects), point.scope.namespaces)]
    except Unreadable as error:
        return _unknown(point, str(error), voice)
    losses = [*_losses(point, contents, voice), *(_missed(point, k, voice) for k in missed)]
    messages = _messages(point, files[Target.BACKUP_RESULTS], voice)
    return point.model_copy(
        update={
            "contents": contents,
            "phase": Phase.PARTIAL if losses else point.phase,
            "findings": (*point.findings, *losses, *messages),
        }
    )


def _claimed(point: RecoveryPoint, contents: Contents) -> Contents:
    """Leave out volumes that no namespace of the point uses and that it does not hold.

    Velero lists every PersistentVolume that it meets, released ones too, and all of them in a
    backup of cluster-scoped objects.
    """
    origin, scope = point.origin, point.scope
    spaces = {
        volume.namespace
        for volume in contents.volumes
        if volume.namespace and scope.touches(Workload(cluster=origin, namespace=volume.namespace))
    }
    kept = tuple(v for v in contents.volumes if v.held or v.namespace in spaces)
    return contents.model_copy(update={"volumes": kept})


def _losses(point: RecoveryPoint, contents: Contents, voice: Voice) -> Iterator[Finding]:
    for volume in contents.volumes:
        if not volume.held:
            yield voice.warning(
                "volume-skipped", f"{point.name}: {volume}", f"volume {volume}: {volume.reason}"
            )
    if not any(contents.objects.values()) and not _says(point, "empty"):
        yield voice.error("empty", point.name, "it holds no object at all")


def _missed(point: RecoveryPoint, kind: str, voice: Voice) -> Finding:
    return voice.error(
        "kind-overlooked",
        f"{point.name}: {kind}",
        f"objects of kind {kind} are not in it: the kind was so new that Velero had not noticed it",
        "back up again: Velero reads the list of kinds every five minutes, and at its start",
    )


def _messages(point: RecoveryPoint, file: File, voice: Voice) -> list[Finding]:
    """What Velero filed while making it. A warning is no loss; what is lost was counted above."""
    if isinstance(file, Missing):
        return []
    return list(result_findings(read_results(file), point.name, voice))


def _unknown(point: RecoveryPoint, why: str, voice: Voice) -> RecoveryPoint:
    finding = voice.warning("contents-unknown", point.name, f"its contents are not known: {why}")
    return point.model_copy(update={"findings": (*point.findings, finding)})


def _says(point: RecoveryPoint, code: str) -> bool:
    return any(finding.code == code for finding in point.findings)
