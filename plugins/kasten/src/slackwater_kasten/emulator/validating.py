"""Validates profiles and policies some time after they were written (documented: asynchronous).

A profile for a bucket that is not there is Failed; so is a policy with such a profile, and none of
its runs does anything (observed). ``error`` is a list of plain texts (in the definition).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from slackwater_kasten.emulator.catalog import Object
from slackwater_kasten.emulator.vault import Vault, bucket_of
from slackwater_kasten.emulator.world import World

PROFILES = "profiles.config.kio.kasten.io"
POLICIES = "policies.config.kio.kasten.io"


@dataclass(frozen=True)
class Validation:
    """Looks at what is new or changed, once with every step."""

    world: World
    vault: Vault
    home: str

    def tick(self) -> None:
        """Validate profiles first: policies rest on them."""
        for kind, judge in ((PROFILES, self._profile), (POLICIES, self._policy)):
            for found in self.world.list(kind, self.home):
                errors = sorted(judge(found))
                status: Object = {
                    "validation": "Failed" if errors else "Success",
                    "error": errors,
                    "hash": _hash(found.get("spec")),
                }
                if found.get("status") != status:
                    name = found["metadata"]["name"]
                    self.world.patch(kind, name, {"status": status}, self.home)

    def is_good(self, policy: Object) -> bool:
        """Whether a policy was looked at as it is now, and found good."""
        status = policy.get("status") or {}
        fresh = status.get("hash") == _hash(policy.get("spec"))
        return bool(fresh and status.get("validation") == "Success")

    def _profile(self, found: Object) -> Iterator[str]:
        if (found.get("spec") or {}).get("type") == "Location":
            bucket = bucket_of(found)
            if bucket not in self.vault.buckets:
                yield "Could not find profile bucket"

    def _policy(self, found: Object) -> Iterator[str]:
        for action in (found.get("spec") or {}).get("actions") or ():
            for parameters in action.values():
                reference = parameters.get("profile") if isinstance(parameters, dict) else None
                if reference and not self._usable(reference["name"]):
                    yield f"profile {reference['name']} not found or not valid"
            given = action.get("importParameters", {}).get("receiveString")
            if action.get("action") == "import" and not given:
                yield "importParameters.receiveString is required"

    def _usable(self, name: str) -> bool:
        found = self.world.find(PROFILES, name, self.home)
        return found is not None and (found.get("status") or {}).get("validation") == "Success"


def _hash(spec: object) -> int:
    text = json.dumps(spec, sort_keys=True)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
