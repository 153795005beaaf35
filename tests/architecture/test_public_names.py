"""``slackwater`` offers exactly the names that it lists."""

from __future__ import annotations

from types import ModuleType

import slackwater


def absent(package: ModuleType) -> set[str]:
    return {name for name in package.__all__ if not hasattr(package, name)}


def unlisted(package: ModuleType) -> set[str]:
    """Public names that are bound but not listed; parts of the package itself do not count."""
    bound = {name for name, value in vars(package).items() if not isinstance(value, ModuleType)}
    return {name for name in bound if not name.startswith("_")} - {*package.__all__, "annotations"}


def test_every_listed_name_is_there():
    assert absent(slackwater) == set()


def test_every_name_that_is_there_is_listed():
    assert unlisted(slackwater) == set()


def test_a_name_on_one_side_only_is_seen():
    tiny = ModuleType("tiny")
    tiny.__all__ = ["promised"]
    tiny.given = 1
    assert (absent(tiny), unlisted(tiny)) == ({"promised"}, {"given"})
