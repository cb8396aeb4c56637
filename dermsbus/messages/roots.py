"""Every root element a message may have, as one table, and what each says about its message.

Generic roots (``RequestMessage`` …) leave verb and noun to the header; typed roots (``CreateDERGroups`` …) state them.

Source: wrapper tables and the table "which wrapper root for which verb" of the project's reference tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from dermsbus.messages.envelope import Archetype, Noun, Style, Verb

__all__ = ["BASE_NOUNS", "GENERIC_ROOTS", "QUERY_OF", "TYPED_ROOTS", "RootForm", "answer_root", "noun_of", "typed_root"]

BASE_NOUNS: Final = (
    Noun.DER_GROUPS,
    Noun.DER_GROUP_STATUSES,
    Noun.DER_GROUP_FORECASTS,
    Noun.DER_GROUP_DISPATCHES,
    Noun.END_DEVICE_CONTROLS,
    Noun.END_DEVICE_EVENTS,
)
"""The nouns that have a payload profile and a wrapper."""

QUERY_OF: Final = MappingProxyType(
    {
        Noun.DER_GROUPS: "DERGroupQueries",
        Noun.DER_GROUP_STATUSES: "DERGroupStatusQueries",
        Noun.DER_GROUP_FORECASTS: "DERGroupForecastQueries",
        Noun.DER_GROUP_DISPATCHES: "DERGroupQueries",
    }
)
"""The query profile that a get of each noun carries; dispatches are asked for with the query of groups."""

_OPERATION_SET: Final = "DERGroupsOperationSet"
_OPERATION_SETS: Final = frozenset(f"{noun}{Noun.OPERATION_SET}" for noun in BASE_NOUNS)


@dataclass(frozen=True, kw_only=True, slots=True)
class RootForm:
    """What a root element says.

    Attributes:
        local: its local name.
        style: generic or typed.
        archetype: None for the generic ``Message``, whose content decides.
        wrapper: the noun or query that names its wrapper schema (``DERGroups``, ``DERGroupQueries``,
            ``DERGroupsOperationSet``); empty for a generic root.
        verb: the verb its header must have; None where the root leaves it open.
        noun: the noun its header must have; None where the root leaves it open.
    """

    local: str
    style: Style
    archetype: Archetype | None
    wrapper: str = ""
    verb: Verb | None = None
    noun: Noun | None = None


GENERIC_ROOTS: Final = MappingProxyType(
    {
        form.local: form
        for form in (
            RootForm(local="Message", style=Style.GENERIC, archetype=None),
            RootForm(local="RequestMessage", style=Style.GENERIC, archetype=Archetype.REQUEST),
            RootForm(local="ResponseMessage", style=Style.GENERIC, archetype=Archetype.RESPONSE),
            RootForm(local="EventMessage", style=Style.GENERIC, archetype=Archetype.EVENT),
            RootForm(local="FaultMessage", style=Style.GENERIC, archetype=Archetype.FAULT),
        )
    }
)
"""Generic roots by local name."""

_REQUEST_VERBS: Final = (Verb.CREATE, Verb.CHANGE, Verb.CANCEL, Verb.CLOSE, Verb.DELETE)


def _typed(
    local: str, archetype: Archetype, wrapper: str, verb: Verb | None = None, noun: Noun | None = None
) -> RootForm:
    return RootForm(local=local, style=Style.TYPED, archetype=archetype, wrapper=wrapper, verb=verb, noun=noun)


def _capitalised(verb: Verb) -> str:
    return verb.value.capitalize()


def _base_forms(noun: Noun) -> list[RootForm]:
    requests = [_typed(f"{_capitalised(verb)}{noun}", Archetype.REQUEST, noun, verb, noun) for verb in _REQUEST_VERBS]
    events = [
        _typed(f"{_capitalised(verb.past)}{noun}", Archetype.EVENT, noun, verb.past, noun) for verb in _REQUEST_VERBS
    ]
    return [*requests, *events, *_answers(noun, noun)]


def _answers(wrapper: str, noun: Noun) -> list[RootForm]:
    return [
        _typed(f"{wrapper}ResponseMessage", Archetype.RESPONSE, wrapper, Verb.REPLY, noun),
        _typed(f"{wrapper}FaultMessage", Archetype.FAULT, wrapper),
    ]


def _query_forms(noun: Noun, query: str) -> list[RootForm]:
    # DERGroupQueries serves two nouns, so its request leaves the noun to the header.
    open_noun = None if query == "DERGroupQueries" else noun
    return [_typed(f"{query}RequestMessage", Archetype.REQUEST, query, Verb.GET, open_noun), *_answers(query, noun)]


def _operation_set_forms() -> list[RootForm]:
    noun = Noun.OPERATION_SET
    return [
        _typed(f"Execute{_OPERATION_SET}", Archetype.REQUEST, _OPERATION_SET, Verb.EXECUTE, noun),
        _typed(f"Executed{_OPERATION_SET}", Archetype.EVENT, _OPERATION_SET, Verb.EXECUTED, noun),
        *_answers(_OPERATION_SET, noun),
    ]


def _all_typed() -> dict[str, RootForm]:
    forms = [form for noun in BASE_NOUNS for form in _base_forms(noun)]
    # The query of groups also asks for dispatches; its own response can carry groups only.
    for noun, query in QUERY_OF.items():
        if noun is not Noun.DER_GROUP_DISPATCHES:
            forms += _query_forms(noun, query)
    forms += _operation_set_forms()
    return {form.local: form for form in forms}


TYPED_ROOTS: Final = MappingProxyType(_all_typed())
"""Typed roots by local name; no two wrappers share a name."""


def noun_of(text: str) -> Noun | None:
    """The noun of a header's wire text; None if there is no such noun.

    An operation set may be called by the name that a wrapper of it has, or would have: ``DERGroupsOperationSet``.
    """
    if text in _OPERATION_SETS:
        return Noun.OPERATION_SET
    try:
        return Noun(text)
    except ValueError:
        return None


def typed_root(archetype: Archetype, verb: Verb | None, noun: Noun) -> str:
    """Local name of the typed root for a message made here.

    Raises:
        KeyError: the wrappers have no root for it (there is no typed get of dispatches' response in the query wrapper).
    """
    if archetype is Archetype.REQUEST and verb is Verb.GET:
        return TYPED_ROOTS[f"{QUERY_OF[noun]}RequestMessage"].local
    wrapper = _OPERATION_SET if noun is Noun.OPERATION_SET else noun.value
    if archetype in {Archetype.RESPONSE, Archetype.FAULT}:
        suffix = "ResponseMessage" if archetype is Archetype.RESPONSE else "FaultMessage"
        return TYPED_ROOTS[f"{wrapper}{suffix}"].local
    assert verb is not None
    return TYPED_ROOTS[f"{_capitalised(verb)}{wrapper}"].local


def answer_root(request_root: str, noun: Noun | None, archetype: Archetype) -> str:
    """Local name of the typed root that answers a message with root *request_root*.

    A query is answered in its own wrapper, but for dispatches, which that wrapper cannot carry.
    """
    suffix = "ResponseMessage" if archetype is Archetype.RESPONSE else "FaultMessage"
    form = TYPED_ROOTS[request_root]
    if form.verb is Verb.GET and noun is Noun.DER_GROUP_DISPATCHES:
        return f"{noun}{suffix}"
    return f"{form.wrapper}{suffix}"
