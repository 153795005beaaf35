"""Links lead somewhere, generated pages are up to date, and what there is stands in a document."""

from __future__ import annotations

import re
from enum import StrEnum

import pytest

from slackwater.backend import hookspecs, roles
from slackwater.backend.contract import Backend
from slackwater.backend.plugin_loading import load_plugins
from slackwater.backend.roles import Role
from slackwater.cli import reference
from slackwater.model.act import ActKind
from slackwater.model.capability import Capability
from slackwater.model.recovery_point import Requirement
from slackwater.model.run import RunState
from slackwater.model.secret import ReferenceKind
from slackwater.model.step import OwnAct
from slackwater.runs.events import EventKind
from slackwater.testing.conformance import Trouble
from slackwater_velero.rights import IN_CLUSTER, IN_NAMESPACE
from slackwater_velero.server import DEVELOPED_ON
from slackwater_velero.settings import VeleroSettings, Volumes

from .pages import DOCS, LINK, PAGES, ROOT, anchors, blocks, name_of

BACKENDS = (DOCS / "writing-a-backend.md").read_text()
VELERO = (ROOT / "plugins" / "velero" / "README.md").read_text()


def named(enum: type[StrEnum], text: str) -> set[str]:
    """Members that the text does not name between backticks."""
    return {item.value for item in enum if f"`{item.value}`" not in text}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_of_a_page_leads_somewhere(page):
    for target in LINK.findall(page.read_text()):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{target}: no such file"
        if anchor:
            assert anchor in anchors(there), f"{target}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_page_is_reached_from_the_readme(page):
    seen, todo = set(), [ROOT / "README.md"]
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        links = (at.parent / t.partition("#")[0] for t in LINK.findall(at.read_text()))
        for there in (link.resolve() for link in links):
            todo += [there] if there.suffix == ".md" else []
            todo += there.glob("*.md") if there.is_dir() else []
    assert page in seen or page == ROOT / "core" / "README.md"


@pytest.mark.parametrize("name", list(reference.pages()))
def test_a_generated_page_is_up_to_date(name):
    assert (DOCS / name).read_text() == reference.pages()[name], "run make docs"


def test_the_generated_page_of_the_fleet_file_has_every_setting_of_every_tool():
    page = (DOCS / "reference" / "fleet-file.md").read_text()
    for name, kind in load_plugins().types.items():
        assert f"clusters.NAME.backends.{name}" in page
        assert all(f"| `{field}` |" in page for field in kind.settings.model_fields)


def test_every_form_of_a_reference_to_a_secret_is_described():
    page = (DOCS / "reference" / "fleet-file.md").read_text()
    assert all(f"`{kind}:" in page for kind in ReferenceKind)


@pytest.mark.parametrize("enum", [Capability, OwnAct, ActKind, Requirement, Trouble])
def test_what_an_author_of_a_backend_meets_is_described(enum):
    assert named(enum, BACKENDS) == set()


def test_every_hook_role_and_call_is_described():
    hooks = {name for name in vars(hookspecs) if name.startswith("slackwater_")}
    offered = {
        name
        for name, thing in vars(roles).items()
        if isinstance(thing, type) and Role in thing.__bases__
    }
    calls = Backend.__abstractmethods__
    assert {name for name in hooks | offered | calls if f"`{name}" not in BACKENDS} == set()


def test_every_kind_of_event_is_described():
    assert named(EventKind, (DOCS / "reference" / "python.md").read_text()) == set()


def test_every_state_of_a_run_is_explained():
    page = (DOCS / "how-to" / "failed-run.md").read_text()
    assert {state.value for state in RunState if state.value not in page} - {"pending"} == set()


def test_the_velero_page_has_every_setting_with_its_default():
    for name, field in VeleroSettings.model_fields.items():
        row = next(line for line in VELERO.splitlines() if line.startswith(f"| `{name}` |"))
        default = field.default
        assert not default or f"`{default}` |" in row or name == "location"
    assert named(Volumes, VELERO) == set()


def test_the_velero_page_has_every_right_and_no_other():
    rows = [
        f"| `{need.kind}` | {', '.join(need.verbs)} | {need.purpose}"
        f"{' (optional)' if need.optional else ''} |"
        for need in (*IN_NAMESPACE, *IN_CLUSTER)
    ]
    right = re.compile(r"\| `[a-z0-9.]+` \| [a-z, ]+ \|")
    shown = [line for line in VELERO.splitlines() if right.match(line)]
    rights = [line for line in shown if line.count("|") == 4 and not line.endswith("` |")]
    assert rights == rows, "the rows of the README should be:\n" + "\n".join(rows)


def test_the_velero_page_names_the_version_that_is_tested():
    assert f"**{DEVELOPED_ON.removeprefix('v')}**" in VELERO


def test_the_findings_that_the_velero_page_names_exist():
    source = "\n".join(p.read_text() for p in ROOT.glob("plugins/velero/src/**/*.py"))
    traps = VELERO.partition("## Traps")[2].partition("\n## ")[0]
    codes = {code for code in re.findall(r"`([a-z]+(?:-[a-z]+)*)`", traps) if code != "doctor"}
    assert {code for code in codes - {"keep"} if f'"{code}"' not in source} == set()


def test_every_behaviour_names_test_files_that_exist():
    page = (DOCS / "behaviours.md").read_text()
    files = re.findall(r"`((?:tests|plugins)/[^`]+\.py)`", page)
    assert len(files) > 30
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_behaviours_are_numbered_without_gaps():
    page = (DOCS / "behaviours.md").read_text()
    numbers = [int(n) for n in re.findall(r"^\| B(\d+) \|", page, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_fleet_files_in_the_documents_are_valid(tmp_path):
    from slackwater.fleet import load_fleet

    kinds = {name: kind.settings for name, kind in load_plugins().types.items()}
    whole = [
        text
        for page in PAGES
        for text in blocks(page, "yaml")
        if re.search(r"^version: 1$", text, re.MULTILINE)
    ]
    for number, text in enumerate(whole):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text)
        assert load_fleet(path, kinds).clusters
