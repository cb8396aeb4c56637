"""Moving elements from one namespace to another: what an edition, a year or a spelling differs in."""

from __future__ import annotations

from lxml import etree

from dermsbus_profiles import YEAR, payload_namespace, profiles, wrapper_namespace

__all__ = ["move_namespace", "namespaces_of_year"]


def move_namespace(root: etree._Element, given: str, meant: str) -> None:
    """Put every element of the namespace *given*, the root among them, in *meant*; all others stay as they are."""
    start, length = f"{{{meant}}}", len(given) + len("{}")
    for element in root.iter(f"{{{given}}}*"):
        element.tag = start + str(element.tag)[length:]


def namespaces_of_year(year: int) -> dict[str, str]:
    """The namespaces of *year* by the shipped ones in whose place they stand; empty for the shipped year."""
    names = {
        namespace(noun, YEAR): namespace(noun, year)
        for noun in profiles(YEAR)
        for namespace in (payload_namespace, wrapper_namespace)
    }
    return {shipped: used for shipped, used in names.items() if shipped != used}
