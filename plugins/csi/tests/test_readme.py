"""The page of the plugin says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from slackwater_csi.resources import GROUPS_VERSIONS
from slackwater_csi.rights import needs
from slackwater_csi.settings import CsiSettings

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "README.md").read_text()


def section(title):
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def rows(title):
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section(title).splitlines()
        if line.startswith("| ") and not line.startswith(("| Key", "| Kind"))
    ]


def test_the_page_has_every_setting_with_its_default():
    shown = {row[0].strip("`"): row[2].strip("`") for row in rows("Settings")}

    assert set(shown) == set(CsiSettings.model_fields)
    assert (shown["objects"], shown["groups"], shown["hooks"]) == ("false", "true", "false")
    assert CsiSettings().held_within.total_seconds() == 60 * int(shown["held_within"].rstrip("m"))
    assert CsiSettings().ready_within.total_seconds() == 60 * int(shown["ready_within"].rstrip("m"))
    assert CsiSettings().more_for_each.total_seconds() == int(shown["more_for_each"].rstrip("s"))


def test_the_page_has_every_right():
    shown = [(row[0].strip("`"), row[1], row[2].partition(" (")[0]) for row in rows("Rights")]
    wanted = needs(objects=True, groups=True, hooks=True)

    assert sorted(shown) == sorted((str(n), ", ".join(n.verbs), n.purpose) for n in wanted)


def test_the_findings_that_the_page_names_exist():
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    told = section("Not here") + section("Traps that it keeps you out of") + section("Hooks")
    codes = re.findall(r"`([a-z]+(?:-[a-z]+)+)`", told)

    assert len(codes) > 8
    assert [code for code in codes if f'"{code}"' not in source] == []


def test_the_page_names_the_versions_that_are_spoken():
    assert all(f"`{version}`" in PAGE for version in GROUPS_VERSIONS)
