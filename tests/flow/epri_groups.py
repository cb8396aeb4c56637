"""The DERG cases of the EPRI test script on one DERMS, in their order: each builds on the state the ones before left.

A subclass gives the fixture ``line``: a peer on some bus with a DERMS behind it, and the DERMS's behaviour profile.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from tests import builders as xml
from tests.flow.peer import Message, Peer

ALL = list(xml.FUNCTIONS)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A DMS with a DERMS at the other end."""

    dms: Peer
    profile: str

    def request(self, verb: str, *groups: str) -> Message:
        return self.dms.ask(self.generic(verb, xml.der_groups(*groups)))

    def generic(self, verb: str, payload: str, noun: str = "DERGroups", root: str = "RequestMessage") -> bytes:
        message_id = str(uuid4())
        return xml.generic(
            verb, noun, payload=payload, root=root, message_id=message_id, correlation_id=f"c-{message_id}"
        )

    def notice(self, verb: str, payload: str, noun: str = "DERGroups") -> Message:
        """An event of another system, sent to the DERMS with the wish to have it acknowledged."""
        body = xml.generic(
            verb,
            noun,
            payload=payload,
            root="EventMessage",
            message_id=str(uuid4()),
            source="derms2",
            ack_required=True,
        )
        return self.dms.ask(body)

    def get(self, *names: str) -> Message:
        query = xml.der_group_queries(*(xml.group(name=name) for name in names))
        return self.dms.ask(xml.generic("get", "DERGroups", request=query, message_id=str(uuid4())))


def assert_ok(reply: Message) -> None:
    assert (reply.result, reply.codes) == ("OK", ["0.0"]), reply.delivery.body
    assert reply.text("Header", "Verb") == "reply"


class EpriGroupCases:
    """DERG-1A to DERG-9."""

    def test_derg_1a_a_group_with_mrid_is_created(self, line: Line) -> None:
        reply = line.request(
            "create",
            xml.group(
                mrid="11111111-0000-4000-8000-000000000001",
                name="DG1",
                description="first",
                functions=["connectDisconnect", "realPowerDispatch"],
                members=["D1", "D2", "D3"],
                version="1.0.0",
            ),
        )

        assert_ok(reply)
        assert not reply.groups
        event = line.dms.event("created")
        assert event.groups[0].members == ["D1", "D2", "D3"]
        assert event.groups[0].functions == {"connectDisconnect", "realPowerDispatch"}
        assert event.text("Header", "CorrelationID") is None

    def test_derg_1b_a_group_with_known_mrid_and_name_is_refused(self, line: Line) -> None:
        reply = line.request(
            "create",
            xml.group(
                mrid="11111111-0000-4000-8000-000000000001",
                name="DG1",
                functions=["realPowerDispatch"],
                members=["X1"],
                version="1.0.0",
            ),
        )

        (error,) = reply.errors
        assert reply.result == "FAILED"
        assert (error.code, error.level) == ("6.1", "FATAL")
        assert error.reason == "Request cancelled per business rule"
        assert (error.id, error.kind, error.object_type) == (
            "11111111-0000-4000-8000-000000000001",
            "uuid",
            "DERGroup",
        )
        assert not reply.groups
        assert line.get("DG1").groups[0].members == ["D1", "D2", "D3"]

    def test_derg_1c_two_groups_are_created_in_one_message(self, line: Line) -> None:
        assert_ok(
            line.request(
                "create",
                xml.group(
                    mrid="G2", name="DG2", functions=["realPowerDispatch"], members=["D4", "D5"], version="1.0.0"
                ),
                xml.group(
                    mrid="G3",
                    name="DG3",
                    functions=["realPowerDispatch", "reactivePowerDispatch"],
                    members=["D6", "D7", "D8", "D9"],
                    version="1.0.0",
                ),
            )
        )
        assert line.dms.event("created").group_names == ["DG2", "DG3"]

    def test_derg_1d_of_two_groups_the_one_against_the_rules_is_refused(self, line: Line) -> None:
        reply = line.request(
            "create",
            xml.group(name="DG4", functions=["voltageRegulation"], members=["D10", "D11"], version="1.0.0"),
            xml.group(name="DG5", functions=["voltageRegulation"], members=["D12"]),
        )

        if line.profile == "epri":
            (error,) = reply.errors
            assert reply.result == "FAILED"
            assert (error.code, error.id, error.kind, error.object_type) == ("6.1", "DG5", "name", "DERGroup")
            assert not reply.groups
            assert line.get("DG5").codes == ["99.1"]
        else:
            assert_ok(reply)
            assert reply.group_names == ["DG4", "DG5"]
        assert line.get("DG4").groups[0].members == ["D10", "D11"]

    def test_derg_1e_a_group_without_mrid_comes_back_with_the_one_it_was_given(self, line: Line) -> None:
        reply = line.request(
            "create",
            xml.group(
                name="DG6", functions=["realPowerDispatch", "reactivePowerDispatch"], members=["D13"], version="1.0.0"
            ),
        )

        assert_ok(reply)
        (group,) = reply.groups
        assert UUID(group.mrid or "").version == 4
        assert (group.name, group.members, group.version) == ("DG6", ["D13"], "1.0.0")

    def test_derg_2a_functions_are_changed_by_name_and_members_stay(self, line: Line) -> None:
        assert_ok(line.request("change", xml.group(name="DG1", functions=ALL)))

        (group,) = line.get("DG1").groups
        assert group.functions == set(ALL)
        assert group.members == ["D1", "D2", "D3"]
        assert (group.version, group.description) == ("1.0.0", "first")
        assert line.dms.event("changed").groups[0].mrid == group.mrid

    def test_derg_2b_a_listed_member_is_added_and_the_version_is_the_senders(self, line: Line) -> None:
        assert_ok(line.request("change", xml.group(mrid="G2", members=["D14"], version="1.1.0")))

        (group,) = line.get("DG2").groups
        assert group.members == ["D4", "D5", "D14"]
        assert group.version == "1.1.0"

    def test_derg_3_a_member_is_removed_by_an_operation_on_elements(self, line: Line) -> None:
        payload = xml.operation_set(xml.operation(1, xml.der_groups(xml.group(name="DG3", members=["D7"]))))

        reply = line.dms.ask(line.generic("execute", payload, noun="OperationSet"))

        assert_ok(reply)
        assert reply.text("Header", "Noun") == "OperationSet"
        assert reply.text("Reply", "operationId") == "1"
        assert line.get("DG3").groups[0].members == ["D6", "D8", "D9"]
        event = line.dms.event("executed")
        assert event.text("Payload", "OperationSet", "Operation", "verb") == "deleted"
        assert event.text("Payload", "OperationSet", "Operation", "noun") == "DERGroups"
        assert event.groups[0].members == ["D7"]

    def test_derg_4_a_group_is_deleted_by_name(self, line: Line) -> None:
        assert_ok(line.request("delete", xml.group(name="DG1")))

        assert line.dms.event("deleted").group_names == ["DG1"]

    def test_derg_5a_a_group_is_fetched(self, line: Line) -> None:
        reply = line.get("DG2")

        assert_ok(reply)
        assert reply.group_names == ["DG2"]

    def test_derg_5b_two_groups_are_fetched_whole(self, line: Line) -> None:
        reply = line.get("DG2", "DG4")

        assert_ok(reply)
        assert [(group.name, len(group.members), group.version) for group in reply.groups] == [
            ("DG2", 3, "1.1.0"),
            ("DG4", 2, "1.0.0"),
        ]
        assert all(group.functions for group in reply.groups)

    def test_derg_5c_a_group_that_is_not_there_is_refused(self, line: Line) -> None:
        reply = line.get("DG1")

        (error,) = reply.errors
        assert reply.result == "FAILED"
        assert (error.code, error.level, error.details) == ("99.1", "FATAL", "DERGroup does not exist")
        assert (error.id, error.kind, error.object_type) == ("DG1", "name", "DERGroup")
        assert not reply.groups

    def test_derg_5c_of_two_groups_the_one_that_is_there_is_returned_with_the_error(self, line: Line) -> None:
        reply = line.get("DG2", "DG1")

        if line.profile == "epri":
            assert (reply.result, reply.codes) == ("FAILED", ["99.1"])
        else:
            assert (reply.result, reply.codes) == ("PARTIAL", ["99.1", "0.2"])
        assert reply.group_names == ["DG2"]

    def test_derg_6_groups_that_another_system_created_are_adopted(self, line: Line) -> None:
        reply = line.notice(
            "created",
            xml.der_groups(
                xml.group(mrid="G7", name="DG7", functions=["realPowerDispatch"], members=["D20", "D21", "D22"]),
                xml.group(mrid="G8", name="DG8", functions=["realPowerDispatch"], members=["D23", "D24"]),
            ),
        )

        assert (reply.result, reply.codes) == ("OK", ["0.3"])
        assert [len(group.members) for group in line.get("DG7", "DG8").groups] == [3, 2]

    def test_derg_7_a_change_that_another_system_made_is_taken_over(self, line: Line) -> None:
        reply = line.notice("changed", xml.der_groups(xml.group(name="DG7", functions=["rampRateControl"])))

        assert reply.result == "OK"
        assert line.get("DG7").groups[0].functions == {"rampRateControl"}

    def test_derg_8_a_member_that_another_system_removed_is_gone(self, line: Line) -> None:
        content = xml.der_groups(xml.group(name="DG8", members=["D23"], version="1.1.0"))
        swapped = line.profile == "epri"  # as the script's own message has it
        operation = (
            xml.operation(1, content, verb="DERGroups", noun="deleted")
            if swapped
            else xml.operation(1, content, verb="deleted")
        )

        reply = line.notice("executed", xml.operation_set(operation), noun="OperationSet")

        assert reply.result == "OK"
        (group,) = line.get("DG8").groups
        assert (group.members, group.version) == (["D24"], "1.1.0")

    def test_derg_9_a_group_that_another_system_deleted_is_gone(self, line: Line) -> None:
        assert line.notice("deleted", xml.der_groups(xml.group(name="DG7"))).result == "OK"

        assert line.get("DG7").codes == ["99.1"]
