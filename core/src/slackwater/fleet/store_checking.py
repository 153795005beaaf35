"""What endangers the artefacts of a store, as far as its entry and its keys tell."""

from __future__ import annotations

from collections.abc import Iterator

from slackwater.errors import ConfigurationError, SecretError
from slackwater.fleet.age_keys import AgeKeys
from slackwater.model.finding import Finding, Severity


def review_store(keys: AgeKeys, *, identities: bool) -> Iterator[Finding]:
    """Return findings about the way to a store and its keys. Contacts nothing.

    ``identities`` says whether ``decrypt_with`` may be followed, to see whether it opens what is
    encrypted now.
    """
    subject = f"stores.{keys.store}"
    if (keys.entry.endpoint or "").startswith("http://"):
        yield Finding(
            severity=Severity.WARNING,
            code="store-plain-http",
            subject=f"{subject}.endpoint",
            message="http: whoever is in between can read the manifests and change what is sent",
            way_out="use https, with ca where the certificate is your own",
        )
    try:
        keys.recipients()
        fit = keys.fit() if identities else True
    except (ConfigurationError, SecretError) as error:
        yield Finding(
            severity=Severity.ERROR,
            code="store-key-unusable",
            subject=subject,
            message=str(error),
            way_out="age-keygen makes a pair: its age1… line belongs in encrypt_to",
        )
        return
    if not fit:
        yield Finding(
            severity=Severity.ERROR,
            code="recipient-unmatched",
            subject=f"{subject}.encrypt_to",
            message=f"none of them belongs to {keys.entry.decrypt_with}: what is stored from now "
            "on could not be read back here",
            way_out="add the age1… line of that identity to encrypt_to, or name the right identity",
        )
