"""The documents of the repository, and what stands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "core" / "docs"
PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "core" / "README.md",
    *sorted(DOCS.rglob("*.md")),
    *sorted(ROOT.glob("plugins/*/README.md")),
)
BLOCK = re.compile(r"^ *```(?P<kind>[^\n`]*)\n(?P<text>.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`(slackwater [^`\n]+)`(?!`)")
LINK = re.compile(r"\[[^\]]*\]\((?!https?:)(?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_NOT_A_COMMAND = re.compile(r"^slackwater( here)?$|[…]|\[.*\]|^slackwater[ -](testbed|velero)")


def name_of(page: Path) -> str:
    """The page's path, for the names of tests."""
    return str(page.relative_to(ROOT))


def blocks(page: Path, kind: str) -> list[str]:
    """Fenced blocks whose first line says exactly this."""
    found = BLOCK.finditer(page.read_text())
    return [m["text"] for m in found if m["kind"].strip() == kind]


def commands(text: str) -> Iterator[list[str]]:
    """Every command line of ours in a page: after a prompt, or between backticks."""
    shown = re.findall(r"^ *\$ (?:[^\n]*/)?(slackwater [^\n#]+)", text, re.MULTILINE)
    fenceless = BLOCK.sub("", text)
    for line in (*shown, *INLINE.findall(fenceless)):
        if not _NOT_A_COMMAND.search(line):
            yield shlex.split(line)[1:]


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings give, as GitHub makes them."""
    headings = HEADING.findall(BLOCK.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}
