"""What the documents say is what the code does."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from dermsbus.adapters.registry import available_adapters
from dermsbus.cli import _app
from dermsbus.domain.behaviour import BEHAVIOURS
from dermsbus.domain.fleet import load_fleet
from dermsbus.handlers import ROUTES
from dermsbus.messages.deadlines import MAX_EXECUTION_TIME
from dermsbus.messages.envelope import Verb
from dermsbus.messages.intake import Limits
from dermsbus.messages.name_plates import ASKING_OPTION
from dermsbus.messages.options import CURSOR, LIMIT
from dermsbus.messages.repairs import DEVIATIONS
from dermsbus.reply_codes import CATALOGUE
from dermsbus.settings import Settings
from docs import tables, use_cases
from tests.flow.serving import HOST, ServeProcess, free_port

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
SOME_OF_A_NOUN = re.compile(r"((?:[a-z]+, )*[a-z]+) ([A-Z]\w+)")  # cancel, close DERGroupDispatches
SERVED = {(verb.value, noun.value) for verb, noun in ROUTES}


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table under *heading*, header row first."""
    lines = text[text.index(heading) :].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    table: list[list[str]] = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return [row for row in table if not set("".join(row)) <= set("-: ")]


# -- what is served ----------------------------------------------------------------------------------------------------


def test_the_readme_says_yes_to_exactly_what_is_served() -> None:
    header, *body = rows((ROOT / "README.md").read_text(), "## What is served")

    told = {
        (verb, noun)
        for row in body
        for verb in row[0].split(", ")
        for noun, cell in zip(header[1:], row[1:], strict=True)
        if cell in {"yes", "kept"} or cell.startswith("sent and ")
    }

    assert told == SERVED


def test_the_readme_names_a_test_for_everything_that_is_served() -> None:
    _, *body = rows((ROOT / "README.md").read_text(), "The test of each")

    named_for = [
        (verb, noun) for row in body for verbs, noun in SOME_OF_A_NOUN.findall(row[0]) for verb in verbs.split(", ")
    ]
    assert sorted(named_for) == sorted(SERVED)
    for served, test in body:
        (found,) = re.findall(r"\[`(test_\w+)`\]\(([\w/.]+)\)", test)
        assert re.search(rf"^ *def {found[0]}\(", (ROOT / found[1]).read_text(), re.MULTILINE), served


@pytest.mark.parametrize("page", use_cases.PAGES, ids=lambda page: page.name)
def test_the_messages_of_a_use_case_are_those_that_its_python_makes(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert use_cases.written(text, page.name) == text, "run `make docs` and commit the result"


def test_every_request_that_is_served_is_shown_with_its_messages() -> None:
    shown = {
        pair
        for page in use_cases.PAGES
        for pair in re.findall(r"<(?:m:)?Verb>(\w+)</(?:m:)?Verb>\s*<(?:m:)?Noun>(\w+)<", page.read_text())
    }

    assert {(verb.value, noun.value) for verb, noun in ROUTES if not verb.is_event} <= shown
    assert Verb.REPLY in {verb for verb, _ in shown}


def test_every_use_case_has_its_row_and_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "use-cases" / "README.md"
    _, *body = rows(index.read_text(), "# Use cases")

    assert [row[0] for row in body] == [str(number) for number in range(1, 18)]
    linked = {target for row in body for target in re.findall(r"\]\(([\w-]+\.md)", row[3])}
    assert linked == {page.name for page in use_cases.PAGES if page != index}


# -- what can be done --------------------------------------------------------------------------------------------------


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


def commands(text: str) -> Iterator[list[str]]:
    """Each ``dermsbus`` command of the shell blocks in *text*, without the program's name."""
    for block in re.findall(r"^```(?:console|sh|shell)?\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            if line.removeprefix("$ ").startswith("dermsbus "):
                yield shlex.split(line.removeprefix("$ "), comments=True)[1:]


@cache
def program() -> typer.core.TyperGroup:
    group = typer.main.get_command(_app())
    assert isinstance(group, typer.core.TyperGroup)
    return group


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_in_the_documents_is_one_that_dermsbus_has(page: Path) -> None:
    for words in commands(page.read_text()):
        command, name = program(), "dermsbus"
        while isinstance(command, typer.core.TyperGroup):
            name = words.pop(0)
            assert name in command.commands
            command = command.commands[name]
        command.make_context(name, words)  # raises where an option or an argument is none of it


def test_the_readme_lists_every_command() -> None:
    told = {words[0] for words in commands((ROOT / "README.md").read_text())}
    told |= set(re.findall(r"`(?:dermsbus )?([a-z-]+)[ `]", (ROOT / "README.md").read_text()))

    assert set(program().commands) <= told


# -- what can be set ---------------------------------------------------------------------------------------------------


def test_the_embedded_example_has_every_setting_with_its_default() -> None:
    text = (ROOT / "config" / "embedded.toml").read_text(encoding="utf-8")
    uncommented = re.sub(r"^# (?=\[?[a-z_.]+(\]$| = ))", "", text, flags=re.MULTILINE)
    shown = tomllib.loads(uncommented)
    default = Settings()

    assert shown.keys() == Settings.model_fields.keys()
    assert shown["behaviour"] == asdict(BEHAVIOURS["default"])
    assert shown["limits"] == asdict(Limits())
    assert sorted(shown["adapters"]) == list(available_adapters())
    usual = asdict(Settings.model_validate({"peers": shown["peers"]}).known_peers.of("another"))
    assert shown["peers"] == {"epri": usual | {"tolerance": "tolerant"}}
    for name in ("devices", "dispatch", "push", "dms"):
        table: BaseModel = getattr(default, name)
        told = table.model_dump() | ({"to": "derms1"} if name == "dms" else {})
        assert shown[name] == told, name
    examples = {"fleet": "config/fleet.toml", "bus": f"{default.bus}?store=dermsbus-broker.db"}
    plain = {key: value for key, value in shown.items() if not isinstance(value, Mapping) and key not in examples}
    assert Settings.model_validate(plain) == default
    assert {key: shown[key] for key in examples} == examples


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_configuration_in_the_documents_can_be_loaded(page: Path) -> None:
    for block in re.findall(r"^```toml\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE):
        table = tomllib.loads(block)
        if "device" in table:
            assert load_fleet(block, named(page))
        elif "project" not in table:
            Settings.model_validate(table)


def test_the_page_of_long_answers_names_every_option_that_means_something() -> None:
    _, *body = rows((ROOT / "docs" / "long-answers.md").read_text(), "## Options")

    assert {row[0].strip("`") for row in body} == {LIMIT, CURSOR, MAX_EXECUTION_TIME, ASKING_OPTION.name}


def test_the_page_of_devices_names_every_setting_of_its_tables() -> None:
    text = (ROOT / "docs" / "devices.md").read_text(encoding="utf-8")
    default = Settings()

    wanted = {*default.devices.model_fields_set, *type(default.devices).model_fields}
    wanted |= {*type(default.dispatch).model_fields}
    wanted |= {key for key in asdict(BEHAVIOURS["default"]) if re.search("dispatch|beyond|connect", key)}
    assert {key for key in wanted if f"`{key}`" not in text} == set()


# -- the rest ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", tables.PAGES, ids=lambda page: page.name)
def test_the_tables_of_a_page_are_those_of_the_code(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert tables.written(text) == text, "run `make docs` and commit the result"


def test_the_page_of_reply_codes_is_the_catalogue() -> None:
    _, *body = rows((ROOT / "docs" / "reply-codes.md").read_text(), "# Reply codes")

    assert body == [[row.code, row.level.value, row.reason, row.use] for row in CATALOGUE.values()]


def test_the_page_of_tolerance_names_every_deviation_once() -> None:
    text = (ROOT / "docs" / "tolerance.md").read_text(encoding="utf-8")

    headings = ("## What is mended", "## What is passed over", "## What everybody may send")
    told = [row for heading in headings for row in rows(text, heading)[1:]]
    assert len(told) == len(DEVIATIONS)
    assert [row[0].strip("`") for row in told if row[0].startswith("`")] == [row.name for row in DEVIATIONS if row.mend]


def test_a_use_case_names_no_code_that_is_not_in_the_catalogue() -> None:
    told = {
        code
        for page in use_cases.PAGES
        for row in re.findall(r"^\| ([0-9., ]+) [|w]", page.read_text(), re.MULTILINE)
        for code in re.findall(r"\d+\.\d+", row)
    }

    assert told
    assert told <= CATALOGUE.keys()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text()):
        there = page.parent / target if target else page
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", there.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}, anchor


def test_every_adr_that_the_code_cites_is_there() -> None:
    there = {int(path.name[:4]) for path in (ROOT / "docs" / "adr").glob("*.md")}
    cited = {
        int(number)
        for path in (ROOT / "dermsbus").rglob("*.py")
        for number in re.findall(r"ADR (\d+)", path.read_text())
    }

    assert cited <= there
