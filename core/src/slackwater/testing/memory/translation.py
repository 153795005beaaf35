"""The in-memory tool's records in, the model out. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping

from slackwater.model.finding import Finding, Severity
from slackwater.model.operation import Operation, OperationRef, Phase, Progress
from slackwater.model.recovery_point import (
    Contents,
    HeldVolume,
    Place,
    PointId,
    RecoveryPoint,
)
from slackwater.testing.memory.records import (
    Held,
    Namespace,
    OperationKind,
    OperationRecord,
    ShownStore,
    Word,
)

_PHASES = {
    Word.WAITING: Phase.PENDING,
    Word.WORKING: Phase.RUNNING,
    Word.DONE: Phase.SUCCEEDED,
    Word.BROKEN: Phase.FAILED,
    Word.STOPPED: Phase.CANCELLED,
}


def phase(word: str) -> Phase:
    """Translate the tool's word; what is not known is unknown."""
    return next((phase for known, phase in _PHASES.items() if known == word), Phase.UNKNOWN)


def listed_point(point: Held, cluster: str, stores: Mapping[str, ShownStore]) -> RecoveryPoint:
    """Return a point as a list shows it: nobody has looked inside."""
    places = tuple(
        Place(cluster=cluster, store_name=name, writable=store.writable)
        for name, store in stores.items()
        if store.identity == point.store
    )
    return RecoveryPoint(
        id=PointId(tool=point.tool, store=point.store, name=point.name),
        phase=phase(point.word),
        scope=point.scope,
        begin=point.begin,
        end=point.end,
        origin=point.stamp.cluster if point.stamp else "",
        places=places,
        expires=point.expires,
        stamp=point.stamp,
        made_by=point.made_by,
        tool_phase=point.word,
    )


def read_point(point: Held, cluster: str, stores: Mapping[str, ShownStore]) -> RecoveryPoint:
    """Return a point after a look inside: a skipped volume makes it only partly a success."""
    listed = listed_point(point, cluster, stores)
    contents = _contents(point.namespaces)
    losses = [_skipped(point, volume) for volume in contents.volumes if not volume.held]
    warnings = [_warning(point, words) for words in point.warnings]
    partial = Phase.PARTIAL if losses and listed.phase is Phase.SUCCEEDED else listed.phase
    findings = (*losses, *warnings)
    return listed.model_copy(update={"contents": contents, "phase": partial, "findings": findings})


def _contents(namespaces: Mapping[str, Namespace]) -> Contents:
    volumes = tuple(
        HeldVolume(
            namespace=name,
            claim=volume.claim,
            held=not volume.skipped,
            method="copy",
            reason=volume.skipped,
            off_cluster=not volume.skipped,
            size=len(volume.data),
        )
        for name, namespace in namespaces.items()
        for volume in namespace.volumes
    )
    return Contents(
        objects={n: len(held.objects) for n, held in namespaces.items()}, volumes=volumes
    )


def _skipped(point: Held, volume: HeldVolume) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code="volume-skipped",
        subject=point.name,
        message=f"volume {volume} was skipped: {volume.reason}",
        way_out="move the volume to a storage class that the tool can copy",
        tool=point.tool,
    )


def _warning(point: Held, words: str) -> Finding:
    return Finding(
        severity=Severity.INFO,
        code="tool-warning",
        subject=point.name,
        message=words,
        tool=point.tool,
    )


def handle(kind: OperationKind, name: str) -> str:
    """Return what names an operation in a reference: ``backup/sw-eu-shop-1a2b3c4d``."""
    return f"{kind}/{name}"


def operation(record: OperationRecord, ref: OperationRef) -> Operation:
    """Return an operation as the contract has it."""
    seen = phase(record.word)
    backup = record.wanted.kind is OperationKind.BACKUP
    total = sum(len(namespace.objects) for namespace in record.captured.values())
    return Operation(
        ref=ref,
        phase=seen,
        tool_phase=record.word,
        progress=Progress(done=0 if record.open else total, total=total) if backup else None,
        message=record.message,
        findings=tuple(_said(record, words) for words in record.outcome.warnings),
        retryable=seen is Phase.FAILED and record.outcome.retryable,
        point=record.name if backup else "",
        began=record.begins,
        ended=record.ended,
    )


def _said(record: OperationRecord, words: str) -> Finding:
    return Finding(
        severity=Severity.INFO,
        code="tool-warning",
        subject=record.name,
        message=words,
        cluster=record.cluster,
        tool=record.tool,
    )
