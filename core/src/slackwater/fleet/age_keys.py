"""The age keys of a store: whom artefacts are encrypted to, and what opens them again.

pyrage is imported when a key is used: a fleet file is read without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from slackwater.errors import ConfigurationError, Problem
from slackwater.fleet.entries import StoreEntry

if TYPE_CHECKING:
    from pyrage.x25519 import Identity, Recipient

KeyT = TypeVar("KeyT")


@dataclass(frozen=True)
class AgeKeys:
    """The keys of one store; the identity is asked for only when something is to be opened.

    Every method raises ``ConfigurationError`` where a key cannot be used, and ``SecretError``
    where the reference leads nowhere. No message holds an identity.
    """

    store: str
    entry: StoreEntry
    secret: Callable[[str], str]

    def recipients(self) -> list[Recipient]:
        """Return whom to encrypt to."""
        from pyrage.x25519 import Recipient

        return [
            self._parsed(Recipient.from_str, text, f"encrypt_to[{index}]")
            for index, text in enumerate(self.entry.encrypt_to)
        ]

    def identities(self) -> list[Identity]:
        """Return what opens artefacts: one or several, in the form of age's own key files."""
        from pyrage.x25519 import Identity

        if self.entry.decrypt_with is None:
            raise self._problem(
                "decrypt_with", "is missing: nothing in this store can be read without an identity"
            )
        found = [
            self._parsed(Identity.from_str, line, "decrypt_with")
            for line in _lines(self.secret(self.entry.decrypt_with))
        ]
        if not found:
            raise self._problem("decrypt_with", "there is no age identity in it")
        return found

    def fit(self) -> bool:
        """Whether one of the identities opens what is encrypted from now on."""
        ours = {str(identity.to_public()) for identity in self.identities()}
        return not ours.isdisjoint(str(recipient) for recipient in self.recipients())

    def _parsed(self, parse: Callable[[str], KeyT], text: str, field: str) -> KeyT:
        # Raised after the except: nothing of what was read hangs on the error.
        try:
            return parse(text)
        except Exception:  # noqa: BLE001, S110  pyrage has an error for each kind of key
            pass
        raise self._problem(field, "is no age key that can be used here (X25519)")

    def _problem(self, field: str, message: str) -> ConfigurationError:
        return ConfigurationError(Problem(message, field=f"stores.{self.store}.{field}"))


def _lines(text: str) -> Iterator[str]:
    return (line for raw in text.splitlines() if (line := raw.strip()) and line[0] != "#")
