"""What a tolerant reader mends: deviations of real peers, each with a name.

Every repair works on the tree before it is validated, so that what comes after sees a message as it should have been.
Nothing here is ever applied to a message of our own.

Source: tolerance list of the project's reference tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from lxml import etree

from dermsbus.messages.envelope import Archetype, Noun, Repair, Verb
from dermsbus.messages.namespaces import move_namespace
from dermsbus.messages.roots import QUERY_OF, RootForm
from dermsbus_profiles import MESSAGE_NAMESPACE

__all__ = ["WWW_NAMESPACE", "mend", "mend_namespace"]

WWW_NAMESPACE: Final = MESSAGE_NAMESPACE.replace("http://iec.ch", "http://www.iec.ch")
"""The message namespace as peers frozen before May 2011 spell it."""

_M: Final = f"{{{MESSAGE_NAMESPACE}}}"
_VERBS: Final = frozenset(verb.value for verb in Verb)
_NOUN_ALIASES: Final = MappingProxyType(
    {"DEGroupForecasts": "DERGroupForecasts"}
    | {query: noun.value for noun, query in QUERY_OF.items() if noun is not Noun.DER_GROUP_DISPATCHES}
)


def mend_namespace(root: etree._Element) -> Repair:
    """Move everything from the ``www`` spelling of the message namespace to the right one."""
    move_namespace(root, WWW_NAMESPACE, MESSAGE_NAMESPACE)
    return Repair(name="www-namespace", details=f"read {WWW_NAMESPACE} as {MESSAGE_NAMESPACE}")


def mend(root: etree._Element, form: RootForm, archetype: Archetype, header: etree._Element) -> tuple[Repair, ...]:
    """Mend what is known to go wrong in the header, the reply and the operations; says each thing it did."""
    return (
        *_mend_verb(header, archetype),
        *_mend_noun(header, form, archetype),
        *_mend_errors(root),
        *_mend_operations(root),
    )


def _mend_verb(header: etree._Element, archetype: Archetype) -> Iterator[Repair]:
    verb = header.find(f"{_M}Verb")
    if verb is None or not verb.text:
        return
    plain = verb.text.strip().lower()
    if plain != verb.text and plain in _VERBS:
        yield Repair(name="verb-spelling", details=f"read Verb {verb.text!r} as {plain!r}")
        verb.text = plain
    if archetype is Archetype.RESPONSE and verb.text in _VERBS and verb.text != Verb.REPLY:
        yield Repair(name="reply-verb", details=f"read Verb {verb.text!r} of a response as 'reply'")
        verb.text = Verb.REPLY.value


def _mend_noun(header: etree._Element, form: RootForm, archetype: Archetype) -> Iterator[Repair]:
    noun = header.find(f"{_M}Noun")
    verb = header.find(f"{_M}Verb")
    if noun is None and verb is not None and archetype is Archetype.RESPONSE:
        noun = etree.Element(f"{_M}Noun")
        noun.text = form.noun.value if form.noun else "DERGroups"
        verb.addnext(noun)
        yield Repair(name="missing-reply-noun", details=f"took {noun.text!r} as the Noun of a response without one")
    elif noun is not None and noun.text:
        plain = noun.text.strip()
        meant = _NOUN_ALIASES.get(plain, plain)
        if meant != noun.text:
            yield Repair(name="noun-spelling", details=f"read Noun {noun.text[:64]!r} as {meant!r}")
            noun.text = meant


def _mend_errors(root: etree._Element) -> Iterator[Repair]:
    for error in root.iter(f"{_M}Error"):
        if error.find(f"{_M}code") is None:
            code = etree.Element(f"{_M}code")
            code.text = "5.3"
            error.insert(0, code)
            yield Repair(name="missing-error-code", details="took 5.3 as the code of an Error without one")


def _mend_operations(root: etree._Element) -> Iterator[Repair]:
    for operation in root.iter(f"{_M}Operation"):
        noun = operation.find(f"{_M}noun")
        verb = operation.find(f"{_M}verb")
        if noun is None or verb is None:
            continue
        if noun.text in _VERBS and verb.text not in _VERBS:
            noun.text, verb.text = verb.text, noun.text
            yield Repair(
                name="operation-noun-verb-swapped",
                details=f"read noun and verb of an operation as {noun.text!r} and {verb.text!r}",
            )
