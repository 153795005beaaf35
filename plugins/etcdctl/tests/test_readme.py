"""The page of the plugin says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import slackwater.stores
from slackwater_etcdctl.describing import TESTED
from slackwater_etcdctl.settings import EtcdctlSettings

ROOT = Path(__file__).parent.parent
STORES = Path(slackwater.stores.__file__).parent
PAGE = (ROOT / "README.md").read_text()


def section(title):
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_the_page_has_every_setting_and_no_other():
    rows = [line for line in section("Settings").splitlines() if line.startswith("| `")]
    named = {key for row in rows for key in re.findall(r"`(\w+)`", row.split("|")[1])}

    assert named == set(EtcdctlSettings.model_fields)


def test_the_defaults_on_the_page_are_those_of_the_settings():
    shown = EtcdctlSettings().model_dump(mode="json")
    for name in ("answer_within", "save_timeout", "max_lag", "without_quorum", "compare_members"):
        (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")]
        assert row.endswith(f"| `{str(shown[name]).lower()}` |")


def test_the_findings_that_the_page_names_exist():
    folders = (ROOT / "src", STORES)
    source = "\n".join(path.read_text() for folder in folders for path in folder.rglob("*.py"))
    codes = re.findall(r"`([a-z]+(?:-[a-z]+)*)`", section("Traps that it keeps you out of"))

    assert len(codes) > 6
    assert [code for code in codes if f'"{code}"' not in source] == []


def test_the_page_names_the_versions_that_are_tested():
    assert all(f"**{minor}**" in PAGE for minor in TESTED)
