"""The 35 cases of the EPRI test script on one DERMS, in their order: each builds on the state the ones before left.

A subclass gives the fixture ``line``: a peer on some bus with a DERMS behind it. `ANSWERS` is what each case is answered
by each behaviour profile; the table in ``docs/epri.md`` says the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final
from uuid import UUID, uuid4

import pytest

from tests import builders as xml
from tests.clock import stamp
from tests.flow.peer import ErrorSeen, Message, Peer
from tests.flow.plant import battery
from tests.flow.seen import (
    ForecastSeen,
    StatusSeen,
    SwitchSeen,
    forecasts_seen,
    orders_seen,
    statuses_seen,
    switches_seen,
)

ALL: Final = list(xml.FUNCTIONS)
CATALOGUE: Final = "".join(battery(f"D{number}") for number in range(1, 25))
"""D1 to D24: batteries of 10 kW and 7.5 kVAr at 230 V that are never empty or full."""


def catalogue_in(folder: Path) -> str:
    """The path of a new file in *folder* that holds the `CATALOGUE`."""
    path = folder / "fleet.toml"
    path.write_text(CATALOGUE, encoding="utf-8")
    return str(path)


def serve_options(folder: Path, profile: str) -> tuple[str, ...]:
    """Options of `dermsbus serve` for a DERMS with these devices, which it asks often, that no case has to wait long."""
    settings = folder / "serve.toml"
    settings.write_text("[devices]\npoll_period_s = 0.2\n", encoding="utf-8")
    return "--profile", profile, "--fleet", catalogue_in(folder), "--config", str(settings)


DG1: Final = "11111111-0000-4000-8000-000000000001"
PLAIN: Final = ("connectDisconnect", "realPowerDispatch")

_QUERIES: Final = MappingProxyType(
    {
        "DERGroups": "DERGroupQueries",
        "DERGroupStatuses": "DERGroupStatusQueries",
        "DERGroupForecasts": "DERGroupForecastQueries",
        "DERGroupDispatches": "DERGroupQueries",
    }
)
_SET: Final = "DERGroupsOperationSet"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a case is answered: Result and the codes of its Errors; *default* where that profile answers otherwise."""

    epri: str = "OK 0.0"
    default: str = ""

    def by(self, profile: str) -> str:
        """What *profile* answers."""
        return self.default if self.default and profile == "default" else self.epri


_ACKNOWLEDGED: Final = Answer(epri="OK 0.3")
_UNKNOWN: Final = Answer(epri="FAILED 99.1")
_HALF_UNKNOWN: Final = Answer(epri="FAILED 99.1", default="PARTIAL 99.1 0.2")

ANSWERS: Final[Mapping[str, Answer]] = MappingProxyType(
    {
        "DERG-1A": Answer(),
        "DERG-1B": Answer(epri="FAILED 6.1"),
        "DERG-1C": Answer(),
        "DERG-1D": Answer(epri="FAILED 6.1", default="OK 0.0"),
        "DERG-1E": Answer(),
        "DERG-2A": Answer(),
        "DERG-2B": Answer(),
        "DERG-3": Answer(),
        "DERG-4": Answer(),
        "DERG-5A": Answer(),
        "DERG-5B": Answer(),
        "DERG-5C": _UNKNOWN,
        "DERG-6": _ACKNOWLEDGED,
        "DERG-7": _ACKNOWLEDGED,
        "DERG-8": _ACKNOWLEDGED,
        "DERG-9": _ACKNOWLEDGED,
        "DERGS-1A": Answer(),
        "DERGS-1B": _UNKNOWN,
        "DERGS-1C": Answer(),
        "DERGS-1D": _HALF_UNKNOWN,
        "DERGS-2": _ACKNOWLEDGED,
        "DERGF-1A": Answer(),
        "DERGF-1B": _UNKNOWN,
        "DERGF-1C": Answer(),
        "DERGF-1D": _HALF_UNKNOWN,
        "DERGF-2": _ACKNOWLEDGED,
        "DERGD-1A": Answer(),
        "DERGD-1B": _UNKNOWN,
        "DERGD-1C": Answer(),
        "DERGD-1D": _HALF_UNKNOWN,
        "DERGD-1E": Answer(),
        "DERGCD-1A": Answer(),
        "DERGCD-1B": _UNKNOWN,
        "DERGCD-1C": Answer(),
        "DERGCD-1D": Answer(default="PARTIAL 6.1 0.2"),
    }
)
"""Every case of the script."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A DMS with a DERMS at the other end, which serves the devices of `CATALOGUE`.

    Attributes:
        dms: the peer.
        profile: behaviour profile of the DERMS.
        is_typed: messages have typed roots; else generic ones.
    """

    dms: Peer
    profile: str
    is_typed: bool = False

    # -- asking ----------------------------------------------------------------------------------------------------

    def request(self, verb: str, *groups: str) -> Message:
        """A request about groups."""
        return self.command(verb, "DERGroups", xml.der_groups(*groups))

    def command(self, verb: str, noun: str, payload: str) -> Message:
        """A request with a payload."""
        return self._asked(verb, noun, "RequestMessage", f"{verb.capitalize()}{noun}", noun, payload=payload)

    def execute(self, *operations: str) -> Message:
        """An operation set."""
        return self._operations("execute", "RequestMessage", *operations)

    def notice(self, verb: str, noun: str, payload: str) -> Message:
        """An event of another system, sent to the DERMS with the wish to have it acknowledged."""
        return self._asked(
            verb,
            noun,
            "EventMessage",
            f"{verb.capitalize()}{noun}",
            noun,
            payload=payload,
            source="derms2",
            ack_required=True,
        )

    def executed(self, *operations: str) -> Message:
        """The operations that another system has carried out, as `notice`."""
        return self._operations("executed", "EventMessage", *operations, source="derms2", ack_required=True)

    def get(self, *names: str, noun: str = "DERGroups", parts: str = "") -> Message:
        """A query of groups by name; *parts* come before them."""
        query = _QUERIES[noun]
        request = xml.payload(query, parts, *(xml.group(name=name) for name in names))
        return self._asked("get", noun, "RequestMessage", f"{query}RequestMessage", query, request=request)

    def _operations(self, verb: str, root: str, *operations: str, **fields: object) -> Message:
        namespace = xml.wrapper_namespace(_SET) if self.is_typed else xml.MESSAGE
        payload = xml.operation_set(*operations, namespace=namespace)
        return self._asked(verb, "OperationSet", root, f"{verb.capitalize()}{_SET}", _SET, payload=payload, **fields)

    def _asked(self, verb: str, noun: str, root: str, typed: str, wrapper: str, **parts: object) -> Message:
        """The reply, which is one to this message, and in its style."""
        message_id = str(uuid4())
        ids = {"message_id": message_id, "correlation_id": f"c-{message_id}"}
        if self.is_typed:
            body = xml.typed(typed, wrapper, verb, noun, **ids, **parts)  # type: ignore[arg-type]
        else:
            body = xml.generic(verb, noun, root=root, **ids, **parts)  # type: ignore[arg-type]
        reply = self.dms.ask(body, timeout_s=30)
        assert reply.text("Header", "Verb") == "reply"
        assert reply.text("Header", "Noun") == noun
        assert reply.text("Header", "CorrelationID") == f"c-{message_id}"
        assert reply.kind == (self._response(wrapper, noun) if self.is_typed else "ResponseMessage")
        return reply

    @staticmethod
    def _response(wrapper: str, noun: str) -> str:
        return f"{noun if noun == 'DERGroupDispatches' else wrapper}ResponseMessage"

    # -- looking ---------------------------------------------------------------------------------------------------

    def assert_answered(self, case: str, reply: Message) -> None:
        """The reply has the Result and the codes of its case."""
        assert f"{reply.result} {' '.join(reply.codes)}" == ANSWERS[case].by(self.profile), reply.errors

    def assert_unknown(self, case: str, reply: Message, name: str) -> None:
        """The reply says that the group called *name* does not exist, as the script's DERMS says it."""
        self.assert_answered(case, reply)
        level = "WARNING" if reply.result == "PARTIAL" else "FATAL"  # the rest was done
        (error,) = (each for each in reply.errors if each.code != "0.2")
        assert error == ErrorSeen(
            code="99.1",
            level=level,
            reason=error.reason,
            details="DERGroup does not exist",
            id=name,
            kind="name",
            object_type="DERGroup",
        )

    def event(self, verb: str, noun: str) -> Message:
        """The next event about *noun*, which has this verb."""
        event = self.dms.next_event(noun, timeout_s=30)
        assert event.text("Header", "Verb") == verb
        return event

    def status(self, name: str) -> StatusSeen:
        """What the DERMS says a group does."""
        (status,) = statuses_seen(self.get(name, noun="DERGroupStatuses"))
        return status

    def wait_for_status(self, name: str, holds: Callable[[StatusSeen], bool]) -> StatusSeen:
        """The first status of the group that *holds*; what devices do is known some time after they were told."""
        deadline_s = time.monotonic() + 30
        while not holds(status := self.status(name)):
            assert time.monotonic() < deadline_s, status
            time.sleep(0.05)  # nobody is told of what moves less than the dead-band: so it is asked for
        return status

    def switched(self, count: int) -> list[SwitchSeen]:
        """The next events of devices, by device: a message for each."""
        events = [self.event("created", "EndDeviceEvents") for _ in range(count)]
        return sorted((each for event in events for each in switches_seen(event)), key=lambda each: each.device or "")


def now() -> str:
    """The time by which orders and forecasts begin: a whole second that is not in the future."""
    return stamp(datetime.now(UTC).replace(microsecond=0))


def assert_switched(events: list[SwitchSeen], ref: str, reply: Message, *devices: str) -> None:
    """There is one event for each of *devices*, with the code *ref* and the CorrelationID of the control."""
    correlation_id = reply.text("Header", "CorrelationID")
    assert [(each.device, each.ref, each.correlation_id, each.reason) for each in events] == [
        (device, ref, correlation_id, None) for device in devices
    ]
    assert len({each.mrid for each in events}) == len(devices)


class EpriCases:
    """DERG-1A to DERGCD-1D."""

    # -- groups ----------------------------------------------------------------------------------------------------

    def test_derg_1a_a_group_with_mrid_is_created(self, line: Line) -> None:
        reply = line.request(
            "create",
            xml.group(
                mrid=DG1,
                name="DG1",
                description="first",
                functions=PLAIN,
                members=["D1", "D2", "D3"],
                version="1.0.0",
            ),
        )

        line.assert_answered("DERG-1A", reply)
        assert reply.text("Payload") is None
        event = line.event("created", "DERGroups")
        (group,) = event.groups
        assert (group.mrid, group.name, group.description, group.version) == (DG1, "DG1", "first", "1.0.0")
        assert group.members == ["D1", "D2", "D3"]
        assert group.functions == set(PLAIN)
        assert event.text("Header", "CorrelationID") is None

    def test_derg_1b_a_group_with_known_mrid_and_name_is_refused(self, line: Line) -> None:
        reply = line.request(
            "create",
            xml.group(mrid=DG1, name="DG1", functions=["realPowerDispatch"], members=["D4"], version="1.0.0"),
        )

        line.assert_answered("DERG-1B", reply)
        (error,) = reply.errors
        assert (error.level, error.reason) == ("FATAL", "Request cancelled per business rule")
        assert (error.id, error.kind, error.object_type) == (DG1, "uuid", "DERGroup")
        assert reply.text("Payload") is None
        assert line.get("DG1").groups[0].members == ["D1", "D2", "D3"]

    def test_derg_1c_two_groups_are_created_in_one_message(self, line: Line) -> None:
        reply = line.request(
            "create",
            xml.group(mrid="G2", name="DG2", functions=PLAIN, members=["D4", "D5"], version="1.0.0"),
            xml.group(
                mrid="G3",
                name="DG3",
                functions=[*PLAIN, "reactivePowerDispatch"],
                members=["D6", "D7", "D8", "D9"],
                version="1.0.0",
            ),
        )

        line.assert_answered("DERG-1C", reply)
        assert reply.text("Payload") is None
        assert line.event("created", "DERGroups").group_names == ["DG2", "DG3"]

    def test_derg_1d_of_two_groups_the_one_without_version_is_refused(self, line: Line) -> None:
        functions = [*PLAIN, "voltageRegulation"]

        reply = line.request(
            "create",
            xml.group(name="DG4", functions=functions, members=["D10", "D11"], version="1.0.0"),
            xml.group(name="DG5", functions=functions, members=["D12"]),
        )

        line.assert_answered("DERG-1D", reply)
        if line.profile == "epri":
            (error,) = reply.errors
            assert (error.level, error.reason) == ("FATAL", "Request cancelled per business rule")
            assert (error.id, error.kind, error.object_type) == ("DG5", "name", "DERGroup")
            assert reply.text("Payload") is None
            assert line.get("DG5").codes == ["99.1"]
            assert line.event("created", "DERGroups").group_names == ["DG4"]
        else:
            assert reply.group_names == ["DG4", "DG5"]  # mRIDs were assigned to both
            assert line.event("created", "DERGroups").group_names == ["DG4", "DG5"]
        assert line.get("DG4").groups[0].members == ["D10", "D11"]

    def test_derg_1e_a_group_without_mrid_comes_back_with_the_one_it_was_given(self, line: Line) -> None:
        reply = line.request(
            "create",
            xml.group(
                name="DG6", functions=["reactivePowerDispatch", "realPowerDispatch"], members=["D13"], version="1.0.0"
            ),
        )

        line.assert_answered("DERG-1E", reply)
        (group,) = reply.groups
        assert UUID(group.mrid or "").version == 4
        assert (group.name, group.members, group.version) == ("DG6", ["D13"], "1.0.0")
        assert group.functions == {"reactivePowerDispatch", "realPowerDispatch"}
        assert line.event("created", "DERGroups").groups == [group]

    def test_derg_2a_functions_are_changed_by_name_and_members_stay(self, line: Line) -> None:
        line.assert_answered("DERG-2A", line.request("change", xml.group(name="DG1", functions=ALL)))

        (group,) = line.get("DG1").groups
        assert group.functions == set(ALL)
        assert group.members == ["D1", "D2", "D3"]
        assert (group.version, group.description) == ("1.0.0", "first")
        (told,) = line.event("changed", "DERGroups").groups
        assert (told.mrid, told.functions, told.members) == (DG1, set(ALL), [])

    def test_derg_2b_a_listed_member_is_added_and_the_version_is_the_senders(self, line: Line) -> None:
        reply = line.request("change", xml.group(mrid="G2", members=["D14"], version="1.1.0"))

        line.assert_answered("DERG-2B", reply)
        (group,) = line.get("DG2").groups
        assert group.members == ["D4", "D5", "D14"]
        assert (group.version, group.functions) == ("1.1.0", set(PLAIN))
        assert line.event("changed", "DERGroups").groups[0].members == ["D14"]

    def test_derg_3_a_member_is_removed_by_an_operation_on_elements(self, line: Line) -> None:
        reply = line.execute(xml.operation(1, xml.der_groups(xml.group(name="DG3", members=["D7"]))))

        line.assert_answered("DERG-3", reply)
        assert reply.text("Reply", "operationId") == "1"
        assert line.get("DG3").groups[0].members == ["D6", "D8", "D9"]
        event = line.event("executed", "OperationSet")
        assert event.text("Payload", "OperationSet", "Operation", "operationId") == "1"
        assert event.text("Payload", "OperationSet", "Operation", "verb") == "deleted"
        assert event.text("Payload", "OperationSet", "Operation", "noun") == "DERGroups"
        assert event.text("Payload", "OperationSet", "Operation", "elementOperation") == "true"
        assert (event.groups[0].mrid, event.groups[0].members) == ("G3", ["D7"])

    def test_derg_4_a_group_is_deleted_by_name(self, line: Line) -> None:
        line.assert_answered("DERG-4", line.request("delete", xml.group(name="DG1")))

        (gone,) = line.event("deleted", "DERGroups").groups
        assert (gone.mrid, gone.name) == (DG1, "DG1")

    def test_derg_5a_a_group_is_fetched(self, line: Line) -> None:
        reply = line.get("DG2")

        line.assert_answered("DERG-5A", reply)
        (group,) = reply.groups
        assert (group.mrid, group.name, group.members) == ("G2", "DG2", ["D4", "D5", "D14"])

    def test_derg_5b_two_groups_are_fetched_whole(self, line: Line) -> None:
        reply = line.get("DG2", "DG4")

        line.assert_answered("DERG-5B", reply)
        assert [(group.name, group.members, group.version, group.functions) for group in reply.groups] == [
            ("DG2", ["D4", "D5", "D14"], "1.1.0", set(PLAIN)),
            ("DG4", ["D10", "D11"], "1.0.0", {*PLAIN, "voltageRegulation"}),
        ]

    def test_derg_5c_a_group_that_is_not_there_is_refused(self, line: Line) -> None:
        reply = line.get("DG1")

        line.assert_unknown("DERG-5C", reply, "DG1")
        assert reply.text("Payload") is None

    def test_derg_5c_of_two_groups_the_one_that_is_there_is_returned_with_the_error(self, line: Line) -> None:
        reply = line.get("DG2", "DG1")

        line.assert_unknown("DERGS-1D", reply, "DG1")  # as with statuses
        assert reply.group_names == ["DG2"]

    def test_derg_6_groups_that_another_system_created_are_adopted(self, line: Line) -> None:
        reply = line.notice(
            "created",
            "DERGroups",
            xml.der_groups(
                xml.group(mrid="G7", name="DG7", functions=["realPowerDispatch"], members=["D20", "D21", "D22"]),
                xml.group(mrid="G8", name="DG8", functions=["realPowerDispatch"], members=["D23", "D24"]),
            ),
        )

        line.assert_answered("DERG-6", reply)
        assert [(group.mrid, group.members) for group in line.get("DG7", "DG8").groups] == [
            ("G7", ["D20", "D21", "D22"]),
            ("G8", ["D23", "D24"]),
        ]

    def test_derg_7_a_change_that_another_system_made_is_taken_over(self, line: Line) -> None:
        functions = ["rampRateControl", "realPowerDispatch"]

        reply = line.notice("changed", "DERGroups", xml.der_groups(xml.group(name="DG7", functions=functions)))

        line.assert_answered("DERG-7", reply)
        (group,) = line.get("DG7").groups
        assert (group.functions, group.members) == (set(functions), ["D20", "D21", "D22"])

    def test_derg_8_a_member_that_another_system_removed_is_gone(self, line: Line) -> None:
        content = xml.der_groups(xml.group(name="DG8", members=["D23"], version="1.1.0"))
        swapped = line.profile == "epri"  # as the script's own message has it
        operation = (
            xml.operation(1, content, verb="DERGroups", noun="deleted")
            if swapped
            else xml.operation(1, content, verb="deleted")
        )

        line.assert_answered("DERG-8", line.executed(operation))

        (group,) = line.get("DG8").groups
        assert (group.members, group.version) == (["D24"], "1.1.0")

    def test_derg_9_a_group_that_another_system_deleted_is_gone(self, line: Line) -> None:
        line.assert_answered("DERG-9", line.notice("deleted", "DERGroups", xml.der_groups(xml.group(name="DG7"))))

        assert line.get("DG7").codes == ["99.1"]

    # -- statuses --------------------------------------------------------------------------------------------------

    def test_dergs_1a_a_status_has_the_active_power_of_the_group(self, line: Line) -> None:
        line.wait_for_status("DG2", lambda status: status.value == "Online")

        reply = line.get("DG2", noun="DERGroupStatuses")

        line.assert_answered("DERGS-1A", reply)
        (status,) = statuses_seen(reply)
        assert (status.name, status.value, list(status.parameters)) == ("DG2", "Online", ["activePower"])
        power = status.parameters["activePower"]
        assert (power.scale, power.now, power.installed) == ("k W", 0.0, (-30.0, 30.0))

    def test_dergs_1b_the_status_of_an_unknown_group_is_refused_without_payload(self, line: Line) -> None:
        reply = line.get("DG1", noun="DERGroupStatuses")

        line.assert_unknown("DERGS-1B", reply, "DG1")
        assert reply.text("Payload") is None

    def test_dergs_1c_the_parameters_follow_the_functions_of_each_group(self, line: Line) -> None:
        reply = line.get("DG3", "DG4", noun="DERGroupStatuses")

        line.assert_answered("DERGS-1C", reply)
        third, fourth = statuses_seen(reply)
        assert (third.name, set(third.parameters)) == ("DG3", {"activePower", "reactivePower"})
        assert (fourth.name, set(fourth.parameters)) == ("DG4", {"activePower", "voltage"})
        voltage = fourth.parameters["voltage"]
        assert voltage.scale == "none V"
        assert voltage.now == pytest.approx(230, rel=0.05)

    def test_dergs_1d_what_is_known_is_told_beside_the_group_that_is_not(self, line: Line) -> None:
        reply = line.get("DG6", "DG7", noun="DERGroupStatuses")

        line.assert_unknown("DERGS-1D", reply, "DG7")
        (status,) = statuses_seen(reply)
        assert (status.name, set(status.parameters)) == ("DG6", {"activePower", "reactivePower"})
        assert {each.scale for each in status.parameters.values()} == {"k W", "k VAr"}

    def test_dergs_2_the_status_of_another_system_is_acknowledged(self, line: Line) -> None:
        data = xml.element("DERCurveData", nominalYValue=1.5, timeStamp="2024-05-01T08:00:00Z")
        group = xml.element(
            "EndDeviceGroup",
            xml.parameter(data, multiplier="M"),
            xml.parameter(data, kind="reactivePower", multiplier="M", unit="VAr"),
            xml.names("DG8"),
            xml.element("status", dateTime="2024-05-01T08:00:00Z", value="Online"),
        )

        reply = line.notice("changed", "DERGroupStatuses", xml.payload("DERGroupStatuses", group))

        line.assert_answered("DERGS-2", reply)
        assert line.status("DG8").parameters["activePower"].now == 0.0, "what is told of it is not what devices say"

    # -- forecasts -------------------------------------------------------------------------------------------------

    def test_dergf_1a_a_line_of_four_intervals_has_five_points(self, line: Line) -> None:
        starts = now()

        reply = _forecast(line, "DG2", start=starts)

        line.assert_answered("DERGF-1A", reply)
        (forecast,) = forecasts_seen(reply)
        assert (forecast.group_name, list(forecast.curves)) == ("DG2", ["activePower"])
        assert forecast.mrid
        assert forecast.created
        (curve,) = forecast.curves["activePower"]
        assert (curve.style, curve.start, curve.interval) == ("straightLineYValues", starts, "15 m")
        assert curve.numbers == [1, 2, 3, 4, 5]
        _assert_bands(forecast)

    def test_dergf_1b_the_forecast_of_an_unknown_group_is_refused_without_payload(self, line: Line) -> None:
        reply = _forecast(line, "DG1")

        line.assert_unknown("DERGF-1B", reply, "DG1")
        assert reply.text("Payload") is None

    def test_dergf_1c_a_parameter_that_a_group_has_not_is_left_out(self, line: Line) -> None:
        reply = _forecast(line, "DG3", "DG4", kinds=("activePower", "voltage"), duration=1, unit="h")

        line.assert_answered("DERGF-1C", reply)
        third, fourth = forecasts_seen(reply)
        assert (third.group_name, set(third.curves)) == ("DG3", {"activePower"})
        assert (fourth.group_name, set(fourth.curves)) == ("DG4", {"activePower", "voltage"})
        assert fourth.scales["voltage"] == "none V"
        assert fourth.curves["voltage"][0].values == pytest.approx([230] * 5, rel=0.05)
        for forecast in (third, fourth):
            for curves in forecast.curves.values():
                assert [(curve.interval, curve.numbers) for curve in curves] == [("1 h", [1, 2, 3, 4, 5])]
            _assert_bands(forecast)

    def test_dergf_1d_what_is_known_is_forecast_beside_the_group_that_is_not(self, line: Line) -> None:
        reply = _forecast(
            line, "DG6", "DG7", kinds=("reactivePower",), style="constantYValue", count=2, duration=1, unit="h"
        )

        line.assert_unknown("DERGF-1D", reply, "DG7")
        (forecast,) = forecasts_seen(reply)
        assert (forecast.group_name, list(forecast.curves)) == ("DG6", ["reactivePower"])
        (curve,) = forecast.curves["reactivePower"]
        assert (curve.style, curve.interval, curve.numbers) == ("constantYValue", "1 h", [1, 2])
        assert forecast.scales["reactivePower"].endswith(" VAr")
        _assert_bands(forecast)

    def test_dergf_2_the_forecast_of_another_system_is_acknowledged(self, line: Line) -> None:
        curve = xml.element(
            "DispatchSchedule",
            xml.element("DERCurveData", intervalNumber=1, maxYValue=3, minYValue=1, nominalYValue=2),
            curveStyleKind="constantYValue",
            startTime="2024-05-01T09:00:00Z",
            timeIntervalDuration=1,
            timeIntervalUnit="h",
        )
        group = xml.element(
            "EndDeviceGroup",
            xml.parameter(curve, multiplier="M"),
            xml.parameter(curve, kind="reactivePower", multiplier="M", unit="VAr"),
            xml.parameter(curve, kind="voltage", unit="V"),
            xml.names("DG8"),
        )
        forecast = xml.element("DERGroupForecast", group, mRID="F-8", predictionCreationDate="2024-05-01T08:00:00Z")

        reply = line.notice("created", "DERGroupForecasts", xml.payload("DERGroupForecasts", forecast))

        line.assert_answered("DERGF-2", reply)

    # -- dispatches ------------------------------------------------------------------------------------------------

    def test_dergd_1a_a_line_of_active_power_is_ordered_and_followed(self, line: Line) -> None:
        starts = now()
        schedule = xml.schedule(9, 9, 21, 12, 9, style="straightLineYValues", start=starts, duration=15)

        reply = _order(line, xml.dispatch(xml.parameter(schedule), mrid="O-2", group_name="DG2"))

        line.assert_answered("DERGD-1A", reply)
        assert reply.errors[0].details is None, "nothing is done otherwise than asked"
        assert reply.text("Payload") is None
        event = line.event("created", "DERGroupDispatches")
        assert event.text("Header", "CorrelationID") is None
        (order,) = orders_seen(event)
        assert (order.mrid, order.group_mrid, order.group_name) == ("O-2", "G2", "DG2")
        assert (order.parameter, order.scale, order.values) == ("activePower", "k W", [9, 9, 21, 12, 9])
        (curve,) = order.curves
        assert (curve.style, curve.start, curve.interval) == ("straightLineYValues", starts, "15 m")
        line.wait_for_status("DG2", lambda status: status.parameters["activePower"].now == 9.0)

    def test_dergd_1b_an_order_of_an_unknown_group_is_refused(self, line: Line) -> None:
        schedule = xml.schedule(9, start=now())

        reply = _order(line, xml.dispatch(xml.parameter(schedule), mrid="O-1", group_name="DG1"))

        line.assert_unknown("DERGD-1B", reply, "DG1")
        assert reply.text("Payload") is None

    def test_dergd_1c_reactive_power_and_voltage_are_ordered_in_one_message(self, line: Line) -> None:
        reactive = xml.schedule(6, 6, style="straightLineYValues", start=now(), duration=1, unit="h")
        voltage = xml.schedule(0.235, 0.231, start=now(), duration=1, unit="h", numbers=[2, 2])

        reply = _order(
            line,
            xml.dispatch(xml.parameter(reactive, kind="reactivePower", unit="VAr"), mrid="O-3", group_name="DG3"),
            xml.dispatch(xml.parameter(voltage, kind="voltage", unit="V"), mrid="O-4", group_name="DG4"),
        )

        line.assert_answered("DERGD-1C", reply)
        assert reply.errors[0].details is None
        third, fourth = orders_seen(line.event("created", "DERGroupDispatches"))
        assert (third.mrid, third.parameter, third.scale, third.values) == ("O-3", "reactivePower", "k VAr", [6, 6])
        assert (fourth.mrid, fourth.parameter, fourth.scale, fourth.values) == ("O-4", "voltage", "none V", [235, 231])
        assert fourth.curves[0].numbers == [1, 2], "both were numbered 2, and stand in the order of the document"
        line.wait_for_status("DG3", lambda status: status.parameters["reactivePower"].now == 6.0)
        line.wait_for_status("DG4", lambda status: (status.parameters["voltage"].now or 0) > 232)

    def test_dergd_1d_of_two_orders_the_one_of_the_known_group_is_carried_out(self, line: Line) -> None:
        schedule = xml.schedule(3, start=now())

        reply = _order(
            line,
            xml.dispatch(xml.parameter(schedule), mrid="O-6", group_name="DG6"),
            xml.dispatch(xml.parameter(schedule), mrid="O-7", group_name="DG7"),
        )

        line.assert_unknown("DERGD-1D", reply, "DG7")
        assert reply.text("Payload") is None
        (order,) = orders_seen(line.event("created", "DERGroupDispatches"))
        assert (order.mrid, order.group_name) == ("O-6", "DG6")
        line.wait_for_status("DG6", lambda status: status.parameters["activePower"].now == 3.0)

    def test_dergd_1e_an_order_without_mrid_comes_back_with_the_one_it_was_given(self, line: Line) -> None:
        schedule = xml.schedule(4, start=now())

        reply = _order(line, xml.dispatch(xml.parameter(schedule), name="order for DG8", group_name="DG8"))

        line.assert_answered("DERGD-1E", reply)
        assert reply.errors[0].details is None
        (order,) = orders_seen(reply)
        assert UUID(order.mrid or "").version == 4
        assert (order.name, order.group_name, order.values) == ("order for DG8", "DG8", [4])
        assert orders_seen(line.event("created", "DERGroupDispatches")) == [order]
        line.wait_for_status("DG8", lambda status: status.parameters["activePower"].now == 4.0)

    # -- connect and disconnect ------------------------------------------------------------------------------------

    def test_dergcd_1a_each_member_of_a_group_tells_that_it_is_connected(self, line: Line) -> None:
        reply = _control(line, "2.31.0.18", "DG2")

        line.assert_answered("DERGCD-1A", reply)
        assert reply.text("Payload") is None
        assert_switched(line.switched(3), "2.31.0.42", reply, "D14", "D4", "D5")

    def test_dergcd_1b_the_control_of_an_unknown_group_is_refused_and_no_device_tells_of_it(self, line: Line) -> None:
        reply = _control(line, "2.31.0.18", "DG1")

        line.assert_unknown("DERGCD-1B", reply, "DG1")  # the next case would see an event of this one
        assert reply.text("Payload") is None

    def test_dergcd_1c_another_group_is_connected(self, line: Line) -> None:
        reply = _control(line, "2.31.0.18", "DG4")

        line.assert_answered("DERGCD-1C", reply)
        assert_switched(line.switched(2), "2.31.0.42", reply, "D10", "D11")

    def test_dergcd_1d_two_groups_are_disconnected_by_one_control(self, line: Line) -> None:
        reply = _control(line, "2.31.0.23", "DG6", "DG2")

        line.assert_answered("DERGCD-1D", reply)
        if line.profile == "epri":
            assert_switched(line.switched(4), "2.31.0.68", reply, "D13", "D14", "D4", "D5")
        else:
            assert_switched(line.switched(3), "2.31.0.68", reply, "D14", "D4", "D5")
            error = reply.errors[0]
            assert (error.id, error.kind, error.object_type) == ("DG6", "name", "DERGroup")
            assert "connectDisconnect" in (error.details or "")
        line.wait_for_status("DG2", lambda status: status.parameters["activePower"].now == 0.0)


def _order(line: Line, *dispatches: str) -> Message:
    return line.command("create", "DERGroupDispatches", xml.payload("DERGroupDispatches", *dispatches))


def _control(line: Line, ref: str, *groups: str) -> Message:
    named = (xml.element("EndDeviceGroups", xml.names(name)) for name in groups)
    return line.command("create", "EndDeviceControls", xml.payload("EndDeviceControls", xml.control(ref, *named)))


def _forecast(
    line: Line,
    *names: str,
    kinds: tuple[str, ...] = ("activePower",),
    style: str = "straightLineYValues",
    count: int = 4,
    duration: int = 15,
    unit: str = "m",
    start: str = "",
) -> Message:
    asked = "".join(xml.element("DERMonitorableParameter", DERParameter=kind) for kind in kinds)
    schedule = xml.element(
        "DispatchSchedule",
        curveStyleKind=style,
        numberOfIntervals=count,
        startTime=start or now(),
        timeIntervalDuration=duration,
        timeIntervalUnit=unit,
    )
    return line.get(*names, noun="DERGroupForecasts", parts=f"{asked}{schedule}")


def _assert_bands(forecast: ForecastSeen) -> None:
    """Every point has a value; one of active power lies between a minimum and a maximum."""
    for kind, curves in forecast.curves.items():
        for curve in curves:
            for (low, high), nominal in zip(curve.bands, curve.values, strict=True):
                assert nominal is not None
                assert (low is None) is (high is None) is (kind != "activePower")
                assert low is None or high is None or low <= nominal <= high
