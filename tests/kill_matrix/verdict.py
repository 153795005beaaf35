"""What the checks say of one round: what was lost, doubled, or called good and is not."""

from __future__ import annotations

from dataclasses import dataclass, field, fields


@dataclass
class Verdict:
    """Each is a list of what was found, in words; all of them are empty when all is well."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    false_green: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Whether nothing at all was found."""
        return not any(self.counts.values())

    @property
    def counts(self) -> dict[str, int]:
        """One for each kind of which anything was found."""
        return {each.name: int(bool(getattr(self, each.name))) for each in fields(self)}

    def lines(self) -> list[str]:
        """Return what was found, one line each."""
        return [
            f"{each.name}: {said}" for each in fields(self) for said in getattr(self, each.name)
        ]
