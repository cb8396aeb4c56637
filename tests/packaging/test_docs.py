"""What the documents say is what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dermsbus.handlers import ROUTES
from dermsbus.reply_codes import CATALOGUE
from tests.flow.serving import HOST, ServeProcess, free_port

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table under *heading*, header row first."""
    after = text[text.index(heading) :]
    lines = [line for line in after.splitlines() if line.startswith("|")]
    end = next((index for index, line in enumerate(after.splitlines()) if index and line.startswith("## ")), None)
    lines = [line for line in after.splitlines()[: end or None] if line.startswith("|")]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in table if not set("".join(row)) <= set("-: ")]


def test_the_readme_says_yes_to_exactly_what_is_served() -> None:
    header, *body = rows((ROOT / "README.md").read_text(), "## What is served")

    told = {
        (verb, noun)
        for row in body
        for verb in row[0].split(", ")
        for noun, cell in zip(header[1:], row[1:], strict=True)
        if cell in {"yes", "sent and adopted", "sent and taken in"}
    }

    assert told == {(verb.value, noun.value) for verb, noun in ROUTES}


def test_the_example_of_the_readme_runs(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    bus = f"embedded://{HOST}:{free_port()}"

    with ServeProcess(bus, tmp_path):
        ended = subprocess.run(
            [sys.executable, "-c", example.replace("embedded://127.0.0.1:61613", bus)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert ended.returncode == 0, ended.stderr
    assigned = ended.stdout.split()[0]
    assert f"['{assigned}']" in ended.stdout


def test_the_page_of_reply_codes_is_the_catalogue() -> None:
    _, *body = rows((ROOT / "docs" / "reply-codes.md").read_text(), "# Reply codes")

    assert body == [[row.code, row.level.value, row.reason, row.use] for row in CATALOGUE.values()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_adr_that_the_code_cites_is_there() -> None:
    there = {int(path.name[:4]) for path in (ROOT / "docs" / "adr").glob("*.md")}
    cited = {
        int(number)
        for path in (ROOT / "dermsbus").rglob("*.py")
        for number in re.findall(r"ADR (\d+)", path.read_text())
    }

    assert cited <= there
