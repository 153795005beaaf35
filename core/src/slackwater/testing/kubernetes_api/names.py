"""The rules for names and labels, and the sentences in which the server refuses others."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping

from slackwater.testing.kubernetes_api.kinds import Resource
from slackwater.testing.kubernetes_api.status import Object, cause

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # the alphabet of generated names: no vowels, no words

_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    f"for validation is '{_LABEL}')"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    f"for validation is '{_SUBDOMAIN}')"
)
_KEY_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    f"validation is '{_QUALIFIED}')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    f"or '12345', regex used for validation is '{_VALUE}')"
)

LABEL_NAMED = frozenset({"namespaces", "services"})
PATH_NAMED_GROUP = "rbac.authorization.k8s.io"
ANNOTATIONS_LIMIT = 256 * 1024


def generated(prefix: str) -> str:
    """Return a name from `generateName`: the prefix, cut to 58 characters, and five random ones."""
    return prefix[:58] + "".join(secrets.choice(_LETTERS) for _ in range(5))


def metadata_faults(resource: Resource, metadata: Object) -> list[Object]:
    """Return every fault of an object's name, labels and annotations."""
    return [
        *_name_faults(resource, metadata.get("name", "")),
        *_label_faults(metadata.get("labels") or {}),
        *_annotation_faults(metadata.get("annotations") or {}),
    ]


def _invalid(field: str, value: str, why: str) -> Object:
    return cause(field, "FieldValueInvalid", f'Invalid value: "{value}": {why}')


def _name_faults(resource: Resource, name: str) -> Iterator[Object]:
    field = "metadata.name"
    if not name:
        why = "Required value: name or generateName is required"
        yield cause(field, "FieldValueRequired", why)
    elif resource.group == PATH_NAMED_GROUP:
        for letter in "/%":
            if letter in name:
                yield _invalid(field, name, f"may not contain '{letter}'")
    elif resource.table in LABEL_NAMED and "." in name:
        yield _invalid(field, name, "must not contain dots")
    elif resource.table in LABEL_NAMED:
        yield from _shape_faults(field, name, _LABEL, _LABEL_RULE, limit=63)
    else:
        yield from _shape_faults(field, name, _SUBDOMAIN, _SUBDOMAIN_RULE, limit=253)


def _shape_faults(
    field: str, value: str, pattern: str, rule: str, *, limit: int
) -> Iterator[Object]:
    if len(value) > limit:
        yield _invalid(field, value, f"must be no more than {limit} bytes")
    if not re.fullmatch(pattern, value):
        yield _invalid(field, value, rule)


def _label_faults(labels: Mapping[str, str]) -> Iterator[Object]:
    for key, value in labels.items():
        prefix, slash, name = key.rpartition("/")
        yield from _shape_faults("metadata.labels", name, _QUALIFIED, _KEY_RULE, limit=63)
        if slash:
            yield from _shape_faults(
                "metadata.labels", prefix, _SUBDOMAIN, f"prefix part {_SUBDOMAIN_RULE}", limit=253
            )
        yield from _shape_faults("metadata.labels", value, _VALUE, _VALUE_RULE, limit=63)


def _annotation_faults(annotations: Mapping[str, str]) -> Iterator[Object]:
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > ANNOTATIONS_LIMIT:
        why = f"Too long: may not be more than {ANNOTATIONS_LIMIT} bytes"
        yield cause("metadata.annotations", "FieldValueTooLong", why)
