"""``dermsbus groups``: DER groups as a DMS handles them."""

from __future__ import annotations

import re
from typing import Annotated, Final

import typer

from dermsbus.cli.output import help_if_alone, is_terminal, on_terminal, write_line
from dermsbus.cli.references import Group, Groups, group_label, group_reference, named_device, unrefused
from dermsbus.cli.session import LimitOption, Session, dms_command
from dermsbus.cli.views import FUNCTION_FIELDS, group_lines, groups_table, groups_text
from dermsbus.client import Answer
from dermsbus.domain.model import DERFunction, EndDevice, EndDeviceGroup, Name, Version
from dermsbus.errors import SettingsError

__all__ = ["groups_app"]

_VERSION: Final = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,9})(?:\.([0-9]{1,9}))?)?", re.ASCII)
_ALL: Final = "all"

Devices = Annotated[
    list[str], typer.Argument(metavar="DEVICE...", help="mRIDs of devices; name:TEXT for one that is told by its name.")
]
Description = Annotated[str | None, typer.Option("--description", metavar="TEXT", help="What the group is.")]
Functions = Annotated[
    list[str] | None,
    typer.Option(
        "--function",
        "-f",
        metavar="FUNCTION",
        help=f"What the group can do, repeated: {', '.join(FUNCTION_FIELDS)}; or all.",
    ),
]
VersionText = Annotated[str | None, typer.Option("--version", metavar="M.N.R", help="Version, such as 1.0.0.")]


def groups_app() -> typer.Typer:
    """The command group."""
    app = typer.Typer(help="Create, show, change and delete DER groups of a DERMS.", invoke_without_command=True)
    app.callback()(help_if_alone)
    app.command("create")(create)
    app.command("list")(list_groups)
    app.command("show")(show)
    app.command("change")(change)
    app.command("add-member")(add_member)
    app.command("remove-member")(remove_member)
    app.command("delete")(delete)
    return app


@dms_command
def create(
    session: Session,
    /,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new group.")],
    mrid: Annotated[str | None, typer.Option("--mrid", help="Its mRID; left out, the DERMS assigns one.")] = None,
    description: Description = None,
    member: Annotated[
        list[str] | None, typer.Option("--member", "-m", metavar="DEVICE", help="Member, repeated.")
    ] = None,
    function: Functions = None,
    version: VersionText = None,
) -> int:
    """Create a group."""
    if not name.strip():
        raise SettingsError("NAME", "is empty: a group is found by its name")
    group = EndDeviceGroup(
        mrid=mrid,
        names=(Name(name=name),),
        description=description,
        der_function=_functions(function or []),
        end_devices=_devices(member or []),
        version=_version(version),
    )
    with session.client() as client:
        return session.report(client.create_groups(group), lambda answer: _say_created(answer, group))


@dms_command
def list_groups(session: Session, /, *, limit: LimitOption = None) -> int:
    """List all groups."""
    with session.client() as client:
        return session.report(client.get_groups(limit=limit), _show_table)


@dms_command
def show(session: Session, /, *, groups: Groups) -> int:
    """Show groups with their members."""
    with session.client() as client:
        return session.report(client.get_groups(*map(group_reference, groups)), _show_details)


@dms_command
def change(
    session: Session,
    /,
    *,
    group: Group,
    name: Annotated[str | None, typer.Option("--name", help="A further name.")] = None,
    description: Description = None,
    function: Functions = None,
    version: VersionText = None,
) -> int:
    """Change a group; the functions that are given replace all that it has."""
    if name is None and description is None and function is None and version is None:
        raise SettingsError("change", "nothing to change: give --name, --description, --function or --version")
    reference = group_reference(group)
    changed = EndDeviceGroup(
        mrid=reference.mrid,
        names=(*reference.names, *([Name(name=name)] if name else [])),
        description=description,
        der_function=None if function is None else _functions(function),
        version=_version(version),
    )
    with session.client() as client:
        return session.report(client.change_groups(changed), lambda answer: _say("changed", answer, group))


@dms_command
def add_member(session: Session, /, *, group: Group, devices: Devices) -> int:
    """Add devices to a group."""
    with session.client() as client:
        answer = client.add_members(group_reference(group), *_devices(devices))
        return session.report(answer, lambda answer: _say("changed", answer, group))


@dms_command
def remove_member(session: Session, /, *, group: Group, devices: Devices) -> int:
    """Remove devices from a group."""
    with session.client() as client:
        answer = client.remove_members(group_reference(group), *_devices(devices))
        return session.report(answer, lambda answer: _say("changed", answer, group))


@dms_command
def delete(session: Session, /, *, groups: Groups) -> int:
    """Delete whole groups."""
    with session.client() as client:
        answer = client.delete_groups(*map(group_reference, groups))
        return session.report(answer, lambda answer: _say_deleted(answer, groups))


def _say_created(answer: Answer, group: EndDeviceGroup) -> None:
    if answer.ok:
        (created,) = answer.groups or (group,)
        write_line(f"created {group_label(created)}{f' {created.mrid}' if created.mrid else ''}")


def _say(done: str, answer: Answer, group: str) -> None:
    if answer.ok:
        write_line(f"{done} {group}")


def _say_deleted(answer: Answer, groups: list[str]) -> None:
    """Say what is gone, after a half-done delete too."""
    for group in unrefused(answer, groups):
        write_line(f"deleted {group}")


def _show_table(answer: Answer) -> None:
    if is_terminal():
        on_terminal().print(groups_table(answer.groups) if answer.groups else "no groups")
        return
    for line in groups_text(answer.groups):
        write_line(line)


def _show_details(answer: Answer) -> None:
    for number, group in enumerate(answer.groups):
        if number:
            write_line()
        for line in group_lines(group):
            write_line(line)


def _devices(texts: list[str]) -> tuple[EndDevice, ...]:
    return tuple(map(named_device, texts))


def _functions(names: list[str]) -> DERFunction:
    unknown = [name for name in names if name not in FUNCTION_FIELDS and name != _ALL]
    if unknown:
        raise SettingsError("--function", f"{unknown[0]!r} is none of {', '.join(FUNCTION_FIELDS)} and all")
    return DERFunction(**{field: wire in names or _ALL in names for wire, field in FUNCTION_FIELDS.items()})


def _version(text: str | None) -> Version | None:
    if text is None:
        return None
    found = _VERSION.fullmatch(text)
    if not found:
        raise SettingsError("--version", f"{text!r} is not of the form 1, 1.0 or 1.0.0")
    major, minor, revision = (None if number is None else int(number) for number in found.groups())
    return Version(major=major, minor=minor, revision=revision)
