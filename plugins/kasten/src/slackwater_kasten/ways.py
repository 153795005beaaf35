"""The way by which another cluster's export comes into this one: a profile for its place, and what
leads to it there.

That is, in this order: an import policy that stands here for good; the Secret that the settings
name for the cluster of origin; what a store of the fleet keeps of this very point; a Secret of the
point's own. Which of them, is in the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slackwater.errors import SlackwaterError, TransientBackendError
from slackwater.model.finding import Finding
from slackwater.model.request import RestoreRequest, Store
from slackwater_kasten.access import Kasten
from slackwater_kasten.importing import unfit
from slackwater_kasten.missing_stores import explain_receive, explain_store, receive_secret
from slackwater_kasten.naming import digest
from slackwater_kasten.objects import Named, Policy, Profile
from slackwater_kasten.receive import OpenStore, find_kept
from slackwater_kasten.resources import POLICIES, PROFILES, SECRETS
from slackwater_kasten.settings import KastenSettings
from slackwater_kasten.stores import location_identity
from slackwater_kasten.voice import Voice

_LOOK = (
    "get policies.config.kio.kasten.io {name} -o jsonpath='{{.status}}{{.spec.actions[*].action}}'"
)
"""The receive string stands in the policy, so not all of it is shown."""


@dataclass(frozen=True)
class Way:
    """``profile`` is that of this cluster. ``source`` tells where the receive string lies, as acts
    carry it, and ``told`` says it; both are empty where ``policy`` stands here for good.
    """

    profile: str
    policy: str
    source: Mapping[str, object]
    told: str = ""


@dataclass(frozen=True)
class WayFinder:
    """Finds the way for one restore. Changes nothing."""

    kasten: Kasten
    settings: KastenSettings
    open_store: OpenStore
    request: RestoreRequest
    voice: Voice

    def find(self) -> Way | Finding:
        """Return the way, or what is missing."""
        reached = self._profile()
        if isinstance(reached, Finding):
            return reached
        origin = self.request.point.origin
        if standing := self.settings.import_policies.get(origin):
            return self._standing(standing, reached)
        if secret := self.settings.receive.get(origin):
            return self._by_secret(secret, reached) or self._unreceived(secret)
        own = receive_secret(self.request.point)
        return self._kept(reached) or self._by_secret(own, reached) or self._unreceived(own)

    def _profile(self) -> str | Finding:
        """The profile here by which the export can be reached."""
        point, voice = self.request.point, self.voice
        places = [place for place in point.places if place.store_name]
        if not places:
            return voice.error(
                "never-exported",
                point.name,
                f"{point.name} was never exported, so it cannot leave {point.origin or 'its K10'}",
                "choose a point with an export, or let backups be exported: "
                "kasten: {export: PROFILE}",
            )
        known = {(store.cluster, store.name): store for store in self.request.stores}
        stores = [s for place in places if (s := known.get((place.cluster, place.store_name)))]
        profiles = list(self.kasten.list(PROFILES, Profile, namespace=self.kasten.namespace))
        for store in stores:
            if (profile := self._profile_for(store, profiles)) is not None:
                return profile
        if stores:
            return explain_store(stores[0], voice)
        return voice.error(
            "store-unknown",
            point.name,
            f"no cluster of the fleet knows profile {places[0].store_name} any more",
            "create a Location Profile for its place in the target, and import it there",
        )

    def _profile_for(self, store: Store, profiles: list[Profile]) -> str | None:
        for profile in sorted(profiles, key=lambda each: each.metadata.name):
            name, location = profile.metadata.name, profile.spec.location_spec
            usable = profile.is_location and profile.is_valid
            if usable and location_identity(location, self.voice.cluster, name) == store.identity:
                return name
        return None

    def _standing(self, name: str, profile: str) -> Way | Finding:
        """Their policy, which must do nothing but import, and from the right place."""
        found = self.kasten.find(POLICIES, name, Policy)
        status = found.status if found else None
        if found is None:
            wrong = f"policy {name} is not there"
        elif status is None or status.validation != "Success":
            said = "; ".join((status.error if status else None) or ())
            wrong = f"policy {name} is not valid: {said or 'K10 has not looked at it yet'}"
        else:
            wrong = unfit(found, profile)
        if not wrong:
            return Way(profile=profile, policy=name, source={})
        return self.voice.error(
            "import-policy-unfit",
            name,
            wrong,
            "mend it, or name another under import_policies: a policy that only imports, from "
            f"profile {profile}; to look: " + self.voice.kubectl(_LOOK.format(name=name)),
        )

    def _by_secret(self, secret: str, profile: str) -> Way | None:
        if self.kasten.find(SECRETS, secret, Named) is None:
            return None
        told = f"Secret {self.voice.namespace}/{secret}"
        return self._way(profile, {"secret": secret}, told)

    def _kept(self, profile: str) -> Way | Finding | None:
        """What the store keeps of this point; opened once now, for then it opens later."""
        name, point = self.settings.store, self.request.point
        if not name:
            return None
        store = self.open_store(name)
        artefact = find_kept(store, point.id)
        if artefact is None:
            return None
        try:
            store.read_bytes(artefact)
        except TransientBackendError:
            raise
        except SlackwaterError as error:
            return self.voice.error(
                "receive-unreadable",
                point.name,
                str(error),
                error.hint or f"see stores.{name}.decrypt_with in the fleet file",
            )
        source = {"store": name, "point": point.id.model_dump(mode="json")}
        return self._way(profile, source, f"what store {name} keeps of {point.name}")

    def _way(self, profile: str, source: Mapping[str, object], told: str) -> Way:
        """One policy for each string: two restores by the same one share it."""
        policy = f"sw-import-{digest([profile, source])[:12]}"
        return Way(profile=profile, policy=policy, source=source, told=told)

    def _unreceived(self, secret: str) -> Finding:
        return explain_receive(self.request.point, secret, self.settings.store, self.voice)
