"""Label selectors in Kubernetes' syntax: ``a=b,c in (d,e),!f``.

Both forms of https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ are read:
equality (``a=b``, ``a==b``, ``a!=b``) and sets (``a in (b,c)``, ``a notin (b,c)``, ``a``, ``!a``).
A comma means *and*. As in the API server, ``!=`` and ``notin`` match objects without the key too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

_TOKENS = re.compile(r"\s*(?P<text>==|!=|[=!(),<>]|[^\s=!(),<>]+)")
_SIGNS = frozenset(("=", "==", "!=", "!", "(", ")", ",", "<", ">"))
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


class SelectorError(ValueError):
    """A text that is no selector. ``position`` counts characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"{message} (at character {position + 1})")
        self.position = position


class Operator(Enum):
    """How a term looks at its key. ``a=b`` is ``IN`` with one value."""

    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    ABSENT = "absent"


@dataclass(frozen=True)
class Term:
    """One condition on one label. ``values`` are sorted; none for ``EXISTS`` and ``ABSENT``."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels fulfils the condition."""
        match self.operator:
            case Operator.IN:
                return self.key in labels and labels[self.key] in self.values
            case Operator.NOT_IN:
                return self.key not in labels or labels[self.key] not in self.values
            case Operator.EXISTS:
                return self.key in labels
            case Operator.ABSENT:
                return self.key not in labels

    def __str__(self) -> str:
        if self.operator is Operator.EXISTS:
            return self.key
        if self.operator is Operator.ABSENT:
            return f"!{self.key}"
        if len(self.values) == 1:
            return f"{self.key}{'=' if self.operator is Operator.IN else '!='}{self.values[0]}"
        return f"{self.key} {self.operator.value} ({','.join(self.values)})"


@dataclass(frozen=True)
class Selector:
    """Terms that must all hold. Without any, everything is selected."""

    terms: tuple[Term, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Selector:
        """Read a selector; an empty text selects everything.

        Raises ``SelectorError`` with the position of what could not be read.
        """
        return cls(tuple(_Reader(text).terms()))

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is selected."""
        return all(term.matches(labels) for term in self.terms)

    def __str__(self) -> str:
        return ",".join(str(term) for term in self.terms)


class _Token(NamedTuple):
    """A sign or a word; the empty text stands for the end."""

    text: str
    position: int

    @property
    def is_word(self) -> bool:
        return bool(self.text) and self.text not in _SIGNS

    @property
    def shown(self) -> str:
        return f'"{self.text}"' if self.text else "the end"


class _Reader:
    """Reads one text from left to right, one token ahead."""

    def __init__(self, text: str) -> None:
        self._tokens = [_Token(m["text"], m.start("text")) for m in _TOKENS.finditer(text)]
        self._tokens.append(_Token("", len(text)))
        self._at = 0

    def terms(self) -> Iterator[Term]:
        if not self._next.text:
            return
        yield self._term()
        while self._next.text:
            self._expect(",")
            yield self._term()

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _expect(self, sign: str) -> None:
        token = self._take()
        if token.text != sign:
            raise SelectorError(f'expected "{sign}", found {token.shown}', token.position)

    def _term(self) -> Term:
        if self._next.text == "!":
            self._take()
            return Term(self._key(), Operator.ABSENT)
        key = self._key()
        if self._next.text in ("", ","):
            return Term(key, Operator.EXISTS)
        return self._comparison(key, self._take())

    def _comparison(self, key: str, operator: _Token) -> Term:
        match operator.text:
            case "=" | "==":
                return Term(key, Operator.IN, (self._value(),))
            case "!=":
                return Term(key, Operator.NOT_IN, (self._value(),))
            case "in":
                return Term(key, Operator.IN, self._values())
            case "notin":
                return Term(key, Operator.NOT_IN, self._values())
        expected = 'expected one of =, ==, !=, in, notin or ","'
        raise SelectorError(f"{expected}, found {operator.shown}", operator.position)

    def _key(self) -> str:
        token = self._take()
        if not token.is_word:
            raise SelectorError(f"expected a label key, found {token.shown}", token.position)
        domain, slash, name = token.text.rpartition("/")
        if slash and not (len(domain) <= 253 and _DOMAIN.fullmatch(domain)):
            raise SelectorError(f'"{domain}" is no prefix for a label key', token.position)
        if not _NAME.fullmatch(name):
            raise SelectorError(f'"{token.text}" is no label key', token.position)
        return token.text

    def _value(self) -> str:
        """A label value; the empty one is allowed and has no token."""
        if not self._next.is_word:
            return ""
        token = self._take()
        if not _NAME.fullmatch(token.text):
            raise SelectorError(f'"{token.text}" is no label value', token.position)
        return token.text

    def _values(self) -> tuple[str, ...]:
        self._expect("(")
        if self._next.text == ")":
            raise SelectorError("a set needs at least one value", self._next.position)
        values = {self._value()}
        while self._next.text == ",":
            self._take()
            values.add(self._value())
        self._expect(")")
        return tuple(sorted(values))
