"""The checks of the profile, each by its name, at a DERMS or a DMS that a peer of flesh and blood would talk to.

More of most of them is tested nearer to the code:

| check | what | where else |
| --- | --- | --- |
| X1 | what we send is valid | `tests/flow/peer.py` validates all that any test of this folder receives; `tests/unit/messages/test_writing.py`, `test_translators.py` |
| X2 | messages of the EPRI script are read | `tests/flow/epri_cases.py` |
| X3 | order and namespaces are kept | `tests/unit/profiles/test_generated.py`, `tests/unit/messages/test_translators.py` |
| X4 | how real peers spell | `tests/unit/messages/test_reading.py` |
| X5 | variants of the profiles | `tests/unit/profiles/test_samples.py`, `tests/unit/messages/test_reading.py` |
| H1 | CorrelationID | `tests/flow/test_requests.py`, `tests/unit/client/test_client.py` |
| H2, H3, H4 | replies as a DMS takes them | `tests/unit/client/test_client.py` |
| H5 | loose headers | `tests/unit/messages/test_reading.py`, `tests/flow/test_bad_messages.py` |
| G1, G3, G8 | orders as they are written | `tests/unit/messages/test_translators.py`, `test_curves.py`, `test_units.py` |
| G2, G4, G5 | groups | `tests/flow/epri_cases.py` (DERG-8, DERG-2B), `tests/flow/test_requests.py` |
| G6 | points of a forecast | `tests/flow/epri_cases.py` (DERGF-1A, DERGF-1D) |
| G7 | controls | `tests/flow/test_controls.py` |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from lxml import etree

from dermsbus.client import DMSClient
from dermsbus.domain.behaviour import BEHAVIOURS, Tolerance
from dermsbus.domain.model import GroupReference
from dermsbus.domain.quantities import CurveStyle, IntervalUnit, ParameterKind, ScheduleRequest
from dermsbus.errors import GroupNotFound
from dermsbus.messages.answers import entry
from dermsbus.messages.codec import Codec, ReaderSettings
from dermsbus.messages.envelope import Envelope, Refusal, Reply, Result
from dermsbus.transports.memory import MemoryBus, MemoryTransport
from tests import builders as xml
from tests.flow.peer import Message
from tests.flow.plant import Plant, battery
from tests.flow.seen import forecasts_seen, orders_seen
from tests.scripted_derms import OK, Derms, carrying

MakePlant = Callable[..., Plant]
SAMPLES: Final = Path(__file__).parents[1] / "unit" / "profiles" / "samples"
FUNCTIONS: Final = ("connectDisconnect", "reactivePowerDispatch", "realPowerDispatch", "voltageRegulation")
STRICT, TOLERANT = Codec(), Codec(ReaderSettings(tolerance=Tolerance.TOLERANT))


@pytest.fixture
def plant(make_plant: MakePlant) -> Plant:
    """Two batteries of 10 kW, D1 and D2, that are the group GA."""
    plant = make_plant(battery("D1"), battery("D2"))
    plant.group("GA", "D1", "D2", functions=FUNCTIONS)
    return plant


@pytest.fixture
def tolerant(make_plant: MakePlant) -> Plant:
    """The same, and the DERMS is tolerant as the peers of the EPRI script are."""
    plant = make_plant(battery("D1"), battery("D2"), behaviour=BEHAVIOURS["epri"])
    plant.group("GA", "D1", "D2", functions=FUNCTIONS)
    return plant


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A DMS and, at the other end, a DERMS by hand."""

    client: DMSClient
    derms: Derms
    pool: ThreadPoolExecutor


@pytest.fixture
def desk() -> Iterator[Desk]:
    bus = MemoryBus()
    derms = Derms(MemoryTransport(bus))
    client = DMSClient(MemoryTransport(bus), TOLERANT, responder="derms1", timeout_s=5.0)
    derms.start()
    client.start(5)
    with ThreadPoolExecutor(4) as pool:
        yield Desk(client=client, derms=derms, pool=pool)
    client.stop()
    derms.transport.stop()


def query(name: str, *groups: str, before: str = "") -> str:
    return xml.payload(name, before, *groups)


def forecast_query(*groups: str, style: str = "straightLineYValues", count: int = 4, start: str) -> str:
    schedule = xml.element(
        "DispatchSchedule",
        curveStyleKind=style,
        numberOfIntervals=count,
        startTime=start,
        timeIntervalDuration=15,
        timeIntervalUnit="m",
    )
    asked = xml.element("DERMonitorableParameter", DERParameter="activePower")
    return query("DERGroupForecastQueries", *groups, before=f"{asked}{schedule}")


# -- X: the wire -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["generic", "typed"])
def test_x1_every_message_we_send_is_valid_in_the_variant_of_its_verb(make_plant: MakePlant, style: str) -> None:
    """Each is validated by the peer when it arrives, so that it is enough to have all of them sent."""
    plant = make_plant(battery("D1"), battery("D2"), style=style, push={"status_period_s": 1})
    replies: list[Message] = []

    def ask(verb: str, noun: str, *, payload: str | None = None, request: str | None = None) -> None:
        root, wrapper = f"{verb.capitalize()}{noun}", noun
        if verb == "get":
            wrapper = {"DERGroupDispatches": "DERGroupQueries"}.get(noun, QUERIES[noun])
            root = f"{wrapper}RequestMessage"
        make = xml.generic if style == "generic" else lambda *a, **k: xml.typed(root, wrapper, *a, **k)
        replies.append(plant.dms.ask(make(verb, noun, payload=payload, request=request, message_id=str(uuid4()))))

    group = xml.group(name="GA", functions=FUNCTIONS, members=["D1", "D2"], version="1.0.0")
    named = xml.group(name="GA")
    ask("create", "DERGroups", payload=xml.der_groups(group))
    ask("change", "DERGroups", payload=xml.der_groups(xml.group(name="GA", version="1.1.0")))
    ask("get", "DERGroups", request=query("DERGroupQueries", named, xml.group(name="NOPE")))
    ask("get", "DERGroupStatuses", request=query("DERGroupStatusQueries", named))
    ask("get", "DERGroupForecasts", request=forecast_query(named, start=plant.clock.in_s(0)))
    order = plant.dispatch("GA", 4, mrid="O-1")
    ask("create", "DERGroupDispatches", payload=xml.payload("DERGroupDispatches", order, plant.dispatch("GA", 1e6)))
    ask("get", "DERGroupDispatches", request=query("DERGroupQueries", named))
    for verb in ("change", "cancel", "close", "delete"):
        content = order if verb == "change" else xml.dispatch(mrid="O-1")
        ask(verb, "DERGroupDispatches", payload=xml.payload("DERGroupDispatches", content))
    control = xml.control("2.31.0.23", xml.element("EndDeviceGroups", xml.names("GA")))
    ask("create", "EndDeviceControls", payload=xml.payload("EndDeviceControls", control))
    ask("delete", "DERGroups", payload=xml.der_groups(named))

    assert [reply.result for reply in replies].count("FAILED") == 0
    assert {reply.kind for reply in replies} == (
        {"ResponseMessage"}
        if style == "generic"
        else {
            f"{each}ResponseMessage"
            for each in (*QUERIES.values(), "DERGroups", "DERGroupDispatches", "EndDeviceControls")
        }
    )
    told = [("created", "DERGroups"), ("changed", "DERGroups"), ("created", "DERGroupDispatches")]
    told += [(verb, "DERGroupDispatches") for verb in ("changed", "canceled", "closed", "deleted")]
    for verb, noun in (*told, ("deleted", "DERGroups"), ("created", "EndDeviceEvents")):
        event = plant.dms.event(verb, noun=noun)
        assert event.kind == ("EventMessage" if style == "generic" else f"{verb.capitalize()}{noun}")


QUERIES: Final = {
    "DERGroups": "DERGroupQueries",
    "DERGroupStatuses": "DERGroupStatusQueries",
    "DERGroupForecasts": "DERGroupForecastQueries",
    "DERGroupDispatches": "DERGroupQueries",
}

PREFIXED: Final = b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:a a.xsd"'


def by_hand(body: bytes) -> bytes:
    """A message as tools write it: hints for validators, comments, times to a tenth of a microsecond."""
    written = body.replace(b"<w:Header>", b"<!-- made by hand --><w:Header>")
    written = written.replace(b"08:00:00Z</Timestamp>", b"08:00:00.1234567Z</Timestamp>")
    written = written.replace(
        b"<MessageID>m1</MessageID>", b"<MessageID>m1</MessageID><CorrelationID>m1</CorrelationID>"
    )
    return written.replace(b" xmlns:w=", b" " + PREFIXED + b" xmlns:w=", 1)


def typed(root: str, wrapper: str, verb: str, noun: str, **parts: Any) -> bytes:
    return by_hand(xml.typed(root, wrapper, verb, noun, **parts))


def dispatches(*orders: str) -> str:
    return xml.payload("DERGroupDispatches", *orders)


FOREIGN: Final = '<note xmlns="urn:tool">left by a tool</note>'
BARE: Final = xml.group(mrid="_not-a-uuid", name="DG9", functions=[], version="1.0.0", description="")
ORDER: Final = xml.schedule(0.9)
REAL: Final = {
    "group without members, mRID that is no UUID, empty description": (
        typed("CreateDERGroups", "DERGroups", "create", "DERGroups", payload=xml.der_groups(BARE)),
        (),
    ),
    "version without zone": (
        typed("CreateDERGroups", "DERGroups", "create", "DERGroups", payload=xml.der_groups(BARE)).replace(
            b"08:00:00Z</date>", b"08:00:00</date>"
        ),
        (),
    ),
    "change by name with all functions": (
        typed(
            "ChangeDERGroups",
            "DERGroups",
            "change",
            "DERGroups",
            payload=xml.der_groups(xml.group(name="DG1", functions=xml.FUNCTIONS)),
        ),
        (),
    ),
    "query with a foreign element": (
        typed(
            "DERGroupQueriesRequestMessage",
            "DERGroupQueries",
            "get",
            "DERGroups",
            request=f"{xml.der_group_queries(xml.group(name='DG2'))}{FOREIGN}",
        ),
        (),
    ),
    "forecast with the noun misspelt": (
        typed(
            "DERGroupForecastQueriesRequestMessage",
            "DERGroupForecastQueries",
            "get",
            "DEGroupForecasts",
            request=forecast_query(xml.group(name="DG2"), start="2024-05-01T09:00:00Z"),
        ),
        ("noun-spelling",),
    ),
    "operation with noun and verb swapped": (
        typed(
            "ExecutedDERGroupsOperationSet",
            "DERGroupsOperationSet",
            "executed",
            "OperationSet",
            payload=xml.operation_set(
                xml.operation(
                    1, xml.der_groups(xml.group(name="DG8", members=["D1"])), verb="DERGroups", noun="deleted"
                ),
                namespace=xml.wrapper_namespace("DERGroupsOperationSet"),
            ),
        ),
        ("operation-noun-verb-swapped",),
    ),
    "dispatch whose group is named at the dispatch": (
        typed(
            "CreateDERGroupDispatches",
            "DERGroupDispatches",
            "create",
            "DERGroupDispatches",
            payload=dispatches(xml.dispatch(xml.parameter(ORDER), name="DG1")),
        ),
        (),
    ),
    "dispatch with two intervals of one number": (
        typed(
            "CreateDERGroupDispatches",
            "DERGroupDispatches",
            "create",
            "DERGroupDispatches",
            payload=dispatches(
                xml.dispatch(
                    xml.parameter(xml.schedule(12.4, 12.5, numbers=[2, 2]), kind="voltage", unit="V"), group_name="DG4"
                )
            ),
        ),
        (),
    ),
    "control by name": (
        typed(
            "CreateEndDeviceControls",
            "EndDeviceControls",
            "create",
            "EndDeviceControls",
            payload=xml.payload(
                "EndDeviceControls", xml.control("2.31.0.18", xml.element("EndDeviceGroups", xml.names("DG2")))
            ),
        ),
        (),
    ),
    "control in the wrapper of 2011": (
        typed(
            "CreateEndDeviceControls",
            "EndDeviceControls",
            "create",
            "EndDeviceControls",
            payload=xml.payload(
                "EndDeviceControls", xml.control("2.31.0.18", xml.element("EndDeviceGroups", xml.names("DG2")))
            ),
        ).replace(b"/2017/EndDeviceControlsMessage", b"/2011/EndDeviceControlsMessage"),
        (),
    ),
}
"""Messages made after what is known of those of the EPRI script, and what a tolerant reader mends of them."""


def status_event(multiplier: str) -> str:
    data = xml.element("DERCurveData", nominalYValue=1.5)
    parameter = xml.parameter(data, multiplier=multiplier)
    return xml.payload("DERGroupStatuses", xml.element("EndDeviceGroup", parameter, xml.names("DG8")))


def events(*parts: str) -> str:
    return xml.payload(
        "EndDeviceEvents",
        xml.element("EndDeviceEvent", xml.element("Assets", mRID="D1"), *parts, createdDateTime="2024-05-01T09:00:00Z"),
    )


KNOWN_BAD: Final = {
    "multiplier of a status": typed(
        "ChangedDERGroupStatuses", "DERGroupStatuses", "changed", "DERGroupStatuses", payload=status_event("1.1")
    ),
    "multiplier of an order": typed(
        "CreateDERGroupDispatches",
        "DERGroupDispatches",
        "create",
        "DERGroupDispatches",
        payload=dispatches(xml.dispatch(xml.parameter(ORDER, multiplier="1.1"), group_name="DG2")),
    ),
    "multiplier of an order of reactive power": typed(
        "CreateDERGroupDispatches",
        "DERGroupDispatches",
        "create",
        "DERGroupDispatches",
        payload=dispatches(
            xml.dispatch(xml.parameter(ORDER, kind="reactivePower", unit="VAr", multiplier="1.1"), group_name="DG3")
        ),
    ),
    "verb in capitals": typed(
        "ChangeDERGroups", "DERGroups", "Change", "DERGroups", payload=xml.der_groups(xml.group(name="DG1"))
    ),
    "event of nothing": typed(
        "CreatedEndDeviceEvents", "EndDeviceEvents", "created", "EndDeviceEvents", payload=events()
    ),
}


@pytest.mark.parametrize(("body", "repairs"), REAL.values(), ids=REAL.keys())
def test_x2_messages_like_those_of_the_epri_script_are_read(body: bytes, repairs: tuple[str, ...]) -> None:
    assert PREFIXED in body
    message = TOLERANT.decode(body)

    assert isinstance(message, Envelope), message
    assert tuple(each.name for each in message.repairs) == repairs
    assert message.header is not None
    assert message.header.message_id == message.header.correlation_id == "m1"


@pytest.mark.parametrize("body", KNOWN_BAD.values(), ids=KNOWN_BAD.keys())
def test_x2_its_five_bad_messages_are_refused_with_the_line_and_what_was_expected(body: bytes) -> None:
    refusal = STRICT.decode(body)

    assert isinstance(refusal, Refusal)
    assert refusal.error.code == "1.8"
    assert refusal.error.line
    assert len(str(refusal.error)) > 20
    if b"<Verb>Change</Verb>" in body:
        assert isinstance(TOLERANT.decode(body), Envelope), "a tolerant reader knows what is meant"
    else:
        assert isinstance(TOLERANT.decode(body), Refusal)


def shape(element: etree._Element) -> list[Any]:
    """The elements below, in their order, with their namespaces; a flowDirection becomes the sign of the numbers."""
    children = element.iterchildren(tag=etree.Element)
    return [(child.tag, shape(child)) for child in children if etree.QName(child).localname != "flowDirection"]


READ: Final = sorted(
    path
    for path in SAMPLES.glob("*constrained/*.xml")
    if f"{path.parent.name}/{path.name}"
    not in {
        # valid by the looser variant alone: what is not whole is taken for no query, status or forecast
        "unconstrained/DERGroupQueriesRequestMessage.xml",
        "unconstrained/DERGroupStatusQueriesRequestMessage.xml",
        "unconstrained/ChangedDERGroupStatuses.xml",
        "unconstrained/DeleteDERGroupForecasts.xml",
    }
)


@pytest.mark.parametrize("sample", READ, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_x3_a_message_that_is_read_and_written_keeps_its_elements_in_order(sample: Path) -> None:
    message = TOLERANT.decode(sample.read_bytes())
    assert isinstance(message, Envelope), message

    written = TOLERANT.encode(message)

    assert shape(etree.fromstring(written)) == shape(etree.parse(sample).getroot())


def test_x4_a_group_is_created_however_its_peer_spells_it(plant: Plant) -> None:
    group = xml.group(mrid="_4711", name="GB", functions=[], version="1.0.0", description="")
    body = typed("CreateDERGroups", "DERGroups", "create", "DERGroups", payload=xml.der_groups(group))
    body = body.replace(b"08:00:00Z</date>", b"08:00:00.7654321</date>")
    body = body.replace(f'<DERGroups xmlns="{xml.payload_namespace("DERGroups")}"'.encode(), b"<p:DERGroups", 1)
    for name in (b"DERGroups>", b"EndDeviceGroup>", b"mRID>", b"description>", b"DERFunction>", b"Names>", b"name>"):
        body = body.replace(b"<" + name, b"<p:" + name).replace(b"</" + name, b"</p:" + name)
    for name in (
        b"version>",
        b"date>",
        b"major>",
        b"minor>",
        b"revision>",
        *(f"{each}>".encode() for each in xml.FUNCTIONS),
    ):
        body = body.replace(b"<" + name, b"<p:" + name).replace(b"</" + name, b"</p:" + name)
    body = body.replace(b"<w:Payload>", f'<w:Payload xmlns:p="{xml.payload_namespace("DERGroups")}">'.encode())

    assert plant.dms.ask(body).result == "OK"

    (found,) = plant.dms.ask(
        xml.generic("get", "DERGroups", request=xml.der_group_queries(xml.group(name="GB")))
    ).groups
    assert (found.mrid, found.members, found.version) == ("_4711", [], "1.0.0")


def test_x5_a_delete_needs_a_name_only_and_a_create_needs_functions(plant: Plant) -> None:
    lacking = plant.ask("create", "DERGroups", xml.der_groups(xml.group(name="GB", version="1.0.0")))
    deleted = plant.ask("delete", "DERGroups", xml.der_groups(xml.group(name="GA")))

    assert (lacking.result, set(lacking.codes)) == ("FAILED", {"1.8"})
    assert "DERFunction" in (lacking.errors[0].details or "")
    assert deleted.result == "OK"


# -- H: headers and replies ------------------------------------------------------------------------------------------


def test_h1_a_reply_carries_the_correlation_id_of_its_request_else_its_message_id(plant: Plant, desk: Desk) -> None:
    request = {"verb": "get", "noun": "DERGroups", "request": xml.der_group_queries(xml.group())}

    with_both = plant.dms.ask(xml.generic(**request, message_id="m-1", correlation_id="k-1"))
    with_one = plant.dms.ask(xml.generic(**request, message_id="m-2"))

    assert with_both.text("Header", "CorrelationID") == "k-1"
    assert with_one.text("Header", "CorrelationID") == "m-2"
    for has_one in (True, False):  # a DMS takes either
        asked = desk.pool.submit(desk.client.get_groups)
        delivery, envelope = desk.derms.next()
        outline = envelope.outline if has_one else replace(envelope.outline, correlation_id=None)
        desk.derms.reply(delivery, desk.derms.author.reply(outline, OK))
        assert asked.result(5).ok


def test_h2_replies_that_repeat_a_message_id_are_all_delivered(desk: Desk) -> None:
    desk.derms.author = replace(desk.derms.author, new_message_id=lambda: "always-the-same")

    for mrid in ("G-A", "G-B", "G-C"):
        asked = desk.pool.submit(desk.client.get_groups)
        desk.derms.answer(OK, carrying(mrid))
        assert [group.mrid for group in asked.result(5).groups] == [mrid]


@pytest.mark.parametrize("code", ["0.0", "0.1"])
def test_h3_ok_with_an_error_that_is_none_is_success(desk: Desk, code: str) -> None:
    asked = desk.pool.submit(desk.client.get_groups)

    desk.derms.answer(Reply(result=Result.OK, errors=(entry(code),)))

    assert asked.result(5).raise_for_result().failures == ()


def test_h4_failed_with_payload_gives_the_caller_both(desk: Desk) -> None:
    asked = desk.pool.submit(desk.client.get_groups)

    desk.derms.answer(Reply(result=Result.FAILED, errors=(entry("99.1", "no such group"),)), carrying("G-A"))

    answer = asked.result(5)
    assert [group.mrid for group in answer.groups] == ["G-A"]
    assert [error.code for error in answer.errors] == ["99.1"]
    with pytest.raises(GroupNotFound):
        answer.raise_for_result()


NOTHING: Final = xml.der_group_queries(xml.group(name="GA"))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (xml.generic("GET", "DERGroups", request=NOTHING), "1.8"),
        (
            xml.generic(
                "get",
                "DEGroupForecasts",
                request=forecast_query(xml.group(name="GA"), start="2024-05-01T10:00:00Z"),
            ),
            "2.5",
        ),
        (xml.generic("get", "DERGroupQueries", request=NOTHING), "2.5"),
    ],
    ids=["verb in capitals", "noun misspelt", "noun of the query"],
)
def test_h5_a_loose_header_is_mended_by_a_tolerant_derms_and_refused_by_a_strict_one(
    plant: Plant, tolerant: Plant, body: bytes, code: str
) -> None:
    assert (tolerant.dms.ask(body).result, plant.dms.ask(body).codes) == ("OK", [code])


def test_h5_a_dms_takes_a_reply_with_the_verb_of_the_request_and_anothers_root(desk: Desk) -> None:
    loose = (
        f'<w:DERGroupsResponseMessage xmlns:w="{xml.wrapper_namespace("DERGroups")}" xmlns="{xml.MESSAGE}"><w:Header>'
        "<Verb>create</Verb><Noun>DERGroupStatuses</Noun><CorrelationID>{}</CorrelationID></w:Header>"
        "<w:Reply><Result>OK</Result></w:Reply></w:DERGroupsResponseMessage>"
    )
    asked = desk.pool.submit(desk.client.get_statuses)

    delivery, envelope = desk.derms.next()
    desk.derms.reply(delivery, loose.format(envelope.outline.correlation_id).encode())

    assert asked.result(5).ok


# -- G: what is done -------------------------------------------------------------------------------------------------


def test_g1_an_order_whose_group_is_named_at_the_dispatch_only_is_carried_out(plant: Plant) -> None:
    schedule = xml.schedule(4, start=plant.clock.in_s(0))

    reply = plant.order("create", xml.dispatch(xml.parameter(schedule), name="GA"))

    assert reply.result == "OK"
    (order,) = orders_seen(reply)
    assert (order.group_name, order.name) == ("GA", None), "what names the group does not name the order"
    plant.wait_until_held(D1=2000, D2=2000)


def test_g2_noun_and_verb_of_an_operation_may_be_swapped_for_a_tolerant_derms(plant: Plant, tolerant: Plant) -> None:
    content = xml.der_groups(xml.group(name="GA", members=["D1"]))
    payload = xml.operation_set(xml.operation(1, content, verb="DERGroups", noun="delete"))

    assert tolerant.ask("execute", "OperationSet", payload).result == "OK"
    strict = plant.ask("execute", "OperationSet", payload)

    assert (strict.result, [(each.code, each.operation_id) for each in strict.errors]) == ("FAILED", [("2.9", "1")])
    event = tolerant.dms.event("executed")
    assert event.text("Payload", "OperationSet", "Operation", "noun") == "DERGroups"
    assert event.text("Payload", "OperationSet", "Operation", "verb") == "deleted"


def test_g3_intervals_of_the_same_number_keep_the_order_of_the_document(plant: Plant) -> None:
    plant.order("create", plant.dispatch("GA", 8, 2, 6, numbers=[2, 2, 1], duration=10))

    for value in (4000, 1000, 3000):
        plant.wait_until_held(D1=value, D2=value)
        plant.clock.advance(600)


def test_g4_a_query_without_ids_means_all_groups_or_is_refused_where_the_deployment_says_so(
    make_plant: MakePlant, plant: Plant
) -> None:
    body = xml.generic("get", "DERGroups", request=xml.der_group_queries(xml.group()))
    choosy = make_plant(battery("D1"), behaviour={"empty_query_means_all": False})

    assert plant.dms.ask(body).group_names == ["GA"]
    refused = choosy.dms.ask(body)

    assert (refused.result, refused.codes) == ("FAILED", ["1.6"])


def test_g5_a_change_adds_members_and_replaces_them_for_gridappsd_only(make_plant: MakePlant, plant: Plant) -> None:
    replacing = make_plant(battery("D1"), battery("D2"), behaviour=BEHAVIOURS["gridappsd"])
    replacing.group("GA", "D1", "D2", functions=FUNCTIONS)

    def members_after_a_change(of: Plant) -> list[str]:
        of.ask("change", "DERGroups", xml.der_groups(xml.group(name="GA", members=["D3"])))
        request = xml.der_group_queries(xml.group(name="GA"))
        return of.dms.ask(xml.generic("get", "DERGroups", request=request)).groups[0].members

    assert members_after_a_change(plant) == ["D1", "D2", "D3"]
    assert members_after_a_change(replacing) == ["D3"]


@pytest.mark.parametrize(("style", "points"), [("straightLineYValues", 5), ("constantYValue", 4)])
def test_g6_a_forecast_of_four_intervals_has_five_points_on_a_line_and_four_steps(
    plant: Plant, style: str, points: int
) -> None:
    request = forecast_query(xml.group(name="GA"), style=style, start=plant.clock.in_s(0))

    reply = plant.dms.ask(xml.generic("get", "DERGroupForecasts", request=request))

    (forecast,) = forecasts_seen(reply)
    (curve,) = forecast.curves["activePower"]
    assert curve.numbers == list(range(1, points + 1))


@pytest.mark.parametrize("points", [4, 5])
def test_g6_a_dms_takes_a_line_of_four_intervals_with_four_points_or_five(desk: Desk, points: int) -> None:
    at = datetime(2024, 5, 1, 9, tzinfo=UTC)
    schedule = ScheduleRequest(
        style=CurveStyle.STRAIGHT_LINE_Y_VALUES,
        intervals=4,
        starts_at=at,
        interval=15,
        interval_unit=IntervalUnit.MINUTE,
    )
    reference = GroupReference(mrid="G-A")
    asked = desk.pool.submit(
        desk.client.get_forecasts, reference, parameters=[ParameterKind.ACTIVE_POWER], schedules=[schedule]
    )
    told = xml.schedule(*range(points), style="straightLineYValues", duration=15)
    group = xml.element("EndDeviceGroup", xml.element_text("mRID", "G-A"), xml.parameter(told))
    forecast = xml.element("DERGroupForecast", group, predictionCreationDate="2024-05-01T08:00:00Z")

    delivery, envelope = desk.derms.next()
    head = xml.header("reply", "DERGroupForecasts", correlation_id=envelope.outline.correlation_id)
    payload = xml.payload("DERGroupForecasts", forecast)
    body = (
        f'<ResponseMessage xmlns="{xml.MESSAGE}"><Header>{head}</Header><Reply><Result>OK</Result></Reply>'
        f"<Payload>{payload}</Payload></ResponseMessage>"
    )
    desk.derms.reply(delivery, body.encode(), correlation_id=delivery.correlation_id)

    (seen,) = asked.result(5).forecasts
    (curve,) = seen.parameters[0].curves
    assert [point.nominal for point in curve.points] == [1000.0 * number for number in range(points)]


def test_g7_a_control_of_an_unknown_group_tells_of_no_device_and_of_a_known_one_of_each(plant: Plant) -> None:
    def control(name: str, correlation_id: str) -> Message:
        named = xml.element("EndDeviceGroups", xml.names(name))
        return plant.control(xml.control("2.31.0.18", named), correlation_id=correlation_id)

    unknown, known = control("NOPE", "k-1"), control("GA", "k-2")

    assert (unknown.result, unknown.codes, known.result) == ("FAILED", ["99.1"], "OK")
    assert [(each.device, each.ref, each.correlation_id) for each in plant.switched(2)] == [
        ("D1", "2.31.0.42", "k-2"),
        ("D2", "2.31.0.42", "k-2"),
    ]


@pytest.mark.parametrize(
    ("value", "options", "function", "held"),
    [
        (0.9, {}, "active_power_w", 450),
        (2.52, {"multiplier": "M"}, "active_power_w", 1_260_000),
        (231, {"kind": "voltage", "of": "V", "multiplier": "none"}, "voltage_v", 231),
        (0.233, {"kind": "voltage", "of": "V"}, "voltage_v", 233),
    ],
    ids=["0.9 k W", "2.52 M W", "231 none V", "0.233 k V"],
)
def test_g8_multiplier_and_unit_come_to_the_same_watts_and_volts(
    make_plant: MakePlant, value: float, options: dict[str, str], function: str, held: int
) -> None:
    plant = make_plant(battery("D1", 2e6), battery("D2", 2e6))
    plant.group("GA", "D1", "D2", functions=FUNCTIONS)

    assert plant.order("create", plant.dispatch("GA", value, **options)).result == "OK"

    plant.wait_until_held(function, D1=held, D2=held)
