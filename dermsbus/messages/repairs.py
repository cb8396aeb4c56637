"""What a tolerant reader forgives: deviations of real peers as one table, each with a name.

A repair works on the tree before it is validated, so that what comes after sees a message as it should have been, and
is counted for each peer. What is passed over instead is not in the way of reading, and changes nothing. Neither is
ever applied to a message of our own.

Source: tolerance list, namespace variants and traps of the schema in the project's reference tables; by peer: house
choice, ADR 27.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from lxml import etree

from dermsbus.messages.content import profile_root
from dermsbus.messages.envelope import Archetype, Noun, Repair, Verb
from dermsbus.messages.namespaces import move_namespace
from dermsbus.messages.parts import child
from dermsbus.messages.roots import QUERY_OF, RootForm, noun_of
from dermsbus_profiles import MESSAGE_NAMESPACE

__all__ = ["DEVIATIONS", "WWW_NAMESPACE", "Deviation", "Tree", "mend", "mend_namespace"]

WWW_NAMESPACE: Final = MESSAGE_NAMESPACE.replace("http://iec.ch", "http://www.iec.ch")
"""The message namespace as peers frozen before May 2011 spell it."""

_M: Final = f"{{{MESSAGE_NAMESPACE}}}"
_VERBS: Final = frozenset(verb.value for verb in Verb)
_NOUN_OF_QUERY: Final = MappingProxyType(
    {query: noun.value for noun, query in QUERY_OF.items() if noun is not Noun.DER_GROUP_DISPATCHES}
)
_NOUN_ALIASES: Final = MappingProxyType({"DEGroupForecasts": "DERGroupForecasts"} | _NOUN_OF_QUERY)
_QNAME: Final = re.compile(r"(?:([^\W\d][\w.-]*):)?[^\W\d][\w.-]*")

_ALL: Final = frozenset(Archetype)
_REQUESTS: Final = frozenset({Archetype.REQUEST})
_REPLIES: Final = frozenset({Archetype.RESPONSE})
_COMMANDS: Final = frozenset({Archetype.REQUEST, Archetype.EVENT})
_ANSWERS: Final = frozenset({Archetype.RESPONSE, Archetype.FAULT})


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """A received message before it is validated.

    Attributes:
        root: its root, which repairs change.
        form: what the root says.
        archetype: what the message is for.
        header: its header; None in a fault.
    """

    root: etree._Element
    form: RootForm
    archetype: Archetype
    header: etree._Element | None = None

    def field(self, name: str) -> etree._Element | None:
        """The header's element of this name; None if there is none."""
        return None if self.header is None else self.header.find(f"{_M}{name}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Deviation:
    """One way in which peers deviate.

    Attributes:
        name: stable short name, the label of its counter.
        sent: what they send.
        taken_as: what a tolerant reader makes of it.
        kinds: the messages in which it is forgiven.
        refused_with: the code that a strict reader refuses it with; empty for what it reads, too.
        seen_at: who was seen to do it.
        mend: does it, with a sentence for each thing that it did; None for what is passed over, and not counted.
    """

    name: str
    sent: str
    taken_as: str
    kinds: frozenset[Archetype]
    refused_with: str
    seen_at: str
    mend: Callable[[Tree], Iterator[str]] | None = None


def mend_namespace(root: etree._Element) -> tuple[Repair, ...]:
    """Move everything from the ``www`` spelling of the message namespace to the right one, if there is anything."""
    return tuple(Repair(name="www-namespace", details=details) for details in _namespace(root))


def mend(tree: Tree) -> tuple[Repair, ...]:
    """Mend what is known to go wrong in messages of this kind; says each thing it did."""
    return tuple(
        Repair(name=row.name, details=details)
        for row in DEVIATIONS
        if row.mend is not None and tree.archetype in row.kinds
        for details in row.mend(tree)
    )


# -- namespace and header ----------------------------------------------------------------------------------------------


def _namespace(root: etree._Element) -> Iterator[str]:
    if next(root.iter(f"{{{WWW_NAMESPACE}}}*"), None) is not None:
        move_namespace(root, WWW_NAMESPACE, MESSAGE_NAMESPACE)
        yield f"read {WWW_NAMESPACE} as {MESSAGE_NAMESPACE}"


def _verb_spelling(tree: Tree) -> Iterator[str]:
    verb = tree.field("Verb")
    if verb is not None and verb.text:
        yield from _plain_verb(verb, "Verb")


def _plain_verb(element: etree._Element, called: str) -> Iterator[str]:
    written = element.text or ""
    plain = written.strip().lower()
    if plain != written and plain in _VERBS:
        element.text = plain
        yield f"read {called} {written[:64]!r} as {plain!r}"


def _reply_verb(tree: Tree) -> Iterator[str]:
    verb = tree.field("Verb")
    if verb is not None and verb.text in _VERBS and verb.text != Verb.REPLY:
        yield f"read Verb {verb.text!r} of a response as 'reply'"
        verb.text = Verb.REPLY.value


def _missing_reply_noun(tree: Tree) -> Iterator[str]:
    verb = tree.field("Verb")
    if verb is not None and tree.field("Noun") is None:
        noun = etree.Element(f"{_M}Noun")
        noun.text = tree.form.noun.value if tree.form.noun else "DERGroups"
        verb.addnext(noun)
        yield f"took {noun.text!r} as the Noun of a response without one"


def _noun_spelling(tree: Tree) -> Iterator[str]:
    noun = tree.field("Noun")
    if noun is None or not noun.text:
        return
    plain = noun.text.strip()
    meant = _NOUN_ALIASES.get(plain, plain)
    if meant != noun.text:
        yield f"read Noun {noun.text[:64]!r} as {meant!r}"
        noun.text = meant


def _free_text_noun(tree: Tree) -> Iterator[str]:
    """A single word claims to be a noun, and is one or refused; several are prose, and the content says what is meant.

    Where the content is compressed it says nothing.
    """
    noun = tree.field("Noun")
    if noun is None or len((noun.text or "").split()) < 2:
        return
    meant = _noun_of_content(tree.root)
    if meant is not None:
        yield f"read Noun {(noun.text or '')[:64]!r} as {meant!r}, which it holds"
        noun.text = meant


def _noun_of_content(root: etree._Element) -> str | None:
    """The noun of the one element that payload or request hold."""
    parts = (part for part in (child(root, "Payload"), child(root, "Request")) if part is not None)
    held = [each for part in parts for each in part]
    profiles = [profile for each in held if (profile := profile_root(each)) is not None]
    if any(etree.QName(each).localname == "OperationSet" for each in held):
        profiles.append(Noun.OPERATION_SET.value)
    if len(profiles) != 1:
        return None
    meant = _NOUN_OF_QUERY.get(profiles[0], profiles[0])
    return meant if noun_of(meant) else None


def _missing_message_id(tree: Tree) -> Iterator[str]:
    given = tree.field("MessageID")
    if given is not None and (given.text or "").strip():
        return
    if given is not None and tree.header is not None:
        tree.header.remove(given)
    yield "took a request without MessageID: if it comes twice, it is carried out twice"


# -- errors of a reply -------------------------------------------------------------------------------------------------


def _missing_error_code(tree: Tree) -> Iterator[str]:
    for error in tree.root.iter(f"{_M}Error"):
        if error.find(f"{_M}code") is None:
            code = etree.Element(f"{_M}code")
            code.text = "5.3"
            error.insert(0, code)
            yield "took 5.3 as the code of an Error without one"


def _error_xpath(tree: Tree) -> Iterator[str]:
    for xpath in list(tree.root.iter(f"{_M}xpath")):
        error, path = xpath.getparent(), (xpath.text or "").strip()
        if error is None or etree.QName(error).localname != "Error" or _is_name(path, xpath):
            continue
        details = error.find(f"{_M}details")
        if details is None:
            details = etree.Element(f"{_M}details")
            xpath.addprevious(details)
        details.text = " ".join(filter(None, (details.text, f"(at {path[:256]})")))
        error.remove(xpath)
        yield f"moved the path {path[:64]!r} of an Error to its details"


def _is_name(text: str, element: etree._Element) -> bool:
    """True for a QName whose prefix, if it has one, is declared: the schema takes nothing else."""
    name = _QNAME.fullmatch(text)
    return name is not None and (name[1] is None or name[1] in element.nsmap)


# -- operations --------------------------------------------------------------------------------------------------------


def _operation_verb_spelling(tree: Tree) -> Iterator[str]:
    for operation in tree.root.iter(f"{_M}Operation"):
        for name in ("noun", "verb"):  # they may stand in each other's place
            element = operation.find(f"{_M}{name}")
            if element is not None:
                yield from _plain_verb(element, f"{name} of an operation")


def _operation_noun_verb_swapped(tree: Tree) -> Iterator[str]:
    for operation in tree.root.iter(f"{_M}Operation"):
        noun, verb = operation.find(f"{_M}noun"), operation.find(f"{_M}verb")
        if noun is None or verb is None:
            continue
        if noun.text in _VERBS and verb.text not in _VERBS:
            noun.text, verb.text = verb.text, noun.text
            yield f"read noun and verb of an operation as {(noun.text or '')[:64]!r} and {verb.text!r}"


def _timeslice_operation(tree: Tree) -> Iterator[str]:
    for element in list(tree.root.iter(f"{_M}timesliceOperation")):
        parent = element.getparent()
        if parent is not None and etree.QName(parent).localname in {"OperationSet", "Operation"}:
            parent.remove(element)
            yield f"passed over timesliceOperation of an {etree.QName(parent).localname}"


DEVIATIONS: Final = (
    Deviation(
        name="www-namespace",
        sent=f"the message namespace with `www`: `{WWW_NAMESPACE}`, of the whole message or of some elements",
        taken_as="the right one; the reply is spelled as the request was",
        kinds=_ALL,
        refused_with="1.9, 1.8 below the root",
        seen_at="opendms, derms2",
        mend=lambda tree: _namespace(tree.root),
    ),
    Deviation(
        name="verb-spelling",
        sent="Verb in capitals, or with white space around it: `CREATE`, `Create`",
        taken_as="`create`",
        kinds=_ALL,
        refused_with="1.8",
        seen_at="gridappsd, samples of opendms and derms2",
        mend=_verb_spelling,
    ),
    Deviation(
        name="reply-verb",
        sent="a response with another Verb than `reply`: that of the request, or its past tense",
        taken_as="`reply`",
        kinds=_REPLIES,
        refused_with="2.9",
        seen_at="Connexo, GridCapa, ENTSO-E clients",
        mend=_reply_verb,
    ),
    Deviation(
        name="missing-reply-noun",
        sent="a response without Noun",
        taken_as="the noun of its root, else DERGroups: whose answer it is, its CorrelationID says",
        kinds=_REPLIES,
        refused_with="1.5",
        seen_at="SAP samples",
        mend=_missing_reply_noun,
    ),
    Deviation(
        name="noun-spelling",
        sent="Noun with white space around it, `DEGroupForecasts`, or the name of the query: `DERGroupQueries`",
        taken_as="the noun that is asked for",
        kinds=_ALL,
        refused_with="2.5",
        seen_at="messages of the EPRI script",
        mend=_noun_spelling,
    ),
    Deviation(
        name="free-text-noun",
        sent="several words as Noun: `DER Request`, `DER Get`",
        taken_as="the noun of what payload or request hold, if that is one thing and not compressed",
        kinds=_COMMANDS,
        refused_with="2.5",
        seen_at="opendms",
        mend=_free_text_noun,
    ),
    Deviation(
        name="missing-message-id",
        sent="a request without MessageID, or with a blank one",
        taken_as="a request that is not remembered: if it comes twice, it is carried out twice",
        kinds=_REQUESTS,
        refused_with="1.5",
        seen_at="clients of older derms2 servers",
        mend=_missing_message_id,
    ),
    Deviation(
        name="missing-error-code",
        sent="an Error without code",
        taken_as="5.3, with the level that it has",
        kinds=_ANSWERS,
        refused_with="1.8",
        seen_at="SAP samples",
        mend=_missing_error_code,
    ),
    Deviation(
        name="error-xpath",
        sent="a path in Error/xpath, which the schema declares as a name",
        taken_as="part of Error/details",
        kinds=_ANSWERS,
        refused_with="1.8",
        seen_at="whoever takes the element by its word",
        mend=_error_xpath,
    ),
    Deviation(
        name="operation-verb-spelling",
        sent="the verb of an operation in capitals, or with white space around it",
        taken_as="the verb",
        kinds=_COMMANDS,
        refused_with="2.9",
        seen_at="gridappsd",
        mend=_operation_verb_spelling,
    ),
    Deviation(
        name="operation-noun-verb-swapped",
        sent="noun and verb of an operation in each other's place",
        taken_as="the right way round",
        kinds=_COMMANDS,
        refused_with="2.9",
        seen_at="messages of the EPRI script",
        mend=_operation_noun_verb_swapped,
    ),
    Deviation(
        name="timeslice-operation",
        sent="`timesliceOperation` in an OperationSet or its operations, which the schema does not have",
        taken_as="nothing",
        kinds=_COMMANDS,
        refused_with="1.8",
        seen_at="SAP samples",
        mend=_timeslice_operation,
    ),
    Deviation(
        name="prose-context",
        sent="a Context that is none: a sentence, `Not Set`",
        taken_as="no Context",
        kinds=_COMMANDS,
        refused_with="7.7",
        seen_at="opendms, derms2",
    ),
    Deviation(
        name="reply-noun",
        sent="a response with the noun or the root of another, or a noun that nobody knows",
        taken_as="the answer to what its CorrelationID says",
        kinds=_REPLIES,
        refused_with="2.5",
        seen_at="messages of the EPRI script, ENTSO-E clients",
    ),
    Deviation(
        name="incomplete-report",
        sent="a response or `created` event whose objects lack what only a create has to state",
        taken_as="what it says",
        kinds=frozenset({Archetype.RESPONSE, Archetype.EVENT}),
        refused_with="1.8",
        seen_at="derms2",
    ),
    Deviation(
        name="www-wrapper",
        sent="wrappers of the EndDevice nouns in `http://www.iec.ch/TC57/2011/…`",
        taken_as="the right ones",
        kinds=_ALL,
        refused_with="1.9",
        seen_at="Connexo",
    ),
    Deviation(
        name="unused-reply-address",
        sent="a URL or a party's code as ReplyAddress, with AsyncReplyFlag false",
        taken_as="nothing: the reply goes where the transport says",
        kinds=_COMMANDS,
        refused_with="",
        seen_at="opendms, GridCapa",
    ),
    Deviation(
        name="empty-reply-payload",
        sent="an empty Payload in a response",
        taken_as="no payload",
        kinds=_REPLIES,
        refused_with="",
        seen_at="SAP samples",
    ),
    Deviation(
        name="error-of-success",
        sent="OK with an Error 0.0",
        taken_as="success: Result alone decides",
        kinds=_REPLIES,
        refused_with="",
        seen_at="gridappsd, SAP samples",
    ),
    Deviation(
        name="time-without-zone",
        sent="a time without zone",
        taken_as="one in the zone that `assumed_zone` names",
        kinds=_ALL,
        refused_with="",
        seen_at="gridappsd, messages of the EPRI script",
    ),
)
"""All that is forgiven, repairs in the order in which they are tried."""
