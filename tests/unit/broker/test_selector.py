from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermsbus.broker.selector import SelectorError, parse_selector

HEADERS = {
    "CIM_Noun": "DERGroups",
    "CIM_Verb": "create",
    "quote": "it's",
    "number": "5",
    "decimal": "-2.50",
    "flag": "true",
    "correlation-id": "c1",
    "type": "create.DERGroups",
    "percent": "50%",
}


@pytest.mark.parametrize(
    "selector",
    [
        "CIM_Noun = 'DERGroups'",
        "CIM_Noun<>'DERGroupStatuses'",
        "CIM_Noun = 'DERGroups' AND CIM_Verb = 'create'",
        "CIM_Noun = 'X' OR CIM_Verb = 'create' AND number = 5",
        "(CIM_Noun = 'X' OR CIM_Verb = 'create') AND number = 5",
        "NOT CIM_Noun = 'X'",
        "not not CIM_Verb in ('change', 'create')",
        "CIM_Verb NOT IN ('delete')",
        "CIM_Noun LIKE 'DER%'",
        "CIM_Noun LIKE 'DERGroup_'",
        "CIM_Noun NOT LIKE 'End%'",
        "percent LIKE '50\\%' ESCAPE '\\'",
        "quote = 'it''s'",
        "number = 5 AND number >= 5.0 AND number < 1e1 AND decimal = -2.5 AND decimal <> 2",
        "number BETWEEN 5 AND 6",
        "number NOT BETWEEN 6 AND 7",
        "number = '5'",
        "flag = TRUE AND flag <> FALSE",
        "missing IS NULL AND number IS NOT NULL",
        "JMSCorrelationID = 'c1' AND JMSType LIKE '%.DERGroups'",
    ],
)
def test_a_message_that_fits_is_let_through(selector: str) -> None:
    assert parse_selector(selector).matches(HEADERS)


@pytest.mark.parametrize(
    "selector",
    [
        "CIM_Noun = 'dergroups'",
        "CIM_Noun LIKE 'DER'",
        "percent LIKE '50\\_' ESCAPE '\\'",
        "missing = 'x'",
        "missing <> 'x'",
        "NOT missing = 'x'",
        "missing NOT IN ('x')",
        "missing NOT LIKE 'x'",
        "missing = 'x' OR number = 6",
        "missing = 'x' AND number = 5",
        "CIM_Noun > 5",
        "NOT CIM_Noun > 5",
        "number BETWEEN 6 AND 7",
        "flag = FALSE",
    ],
)
def test_what_is_false_or_unknown_is_not_let_through(selector: str) -> None:
    assert not parse_selector(selector).matches(HEADERS)


@pytest.mark.parametrize(
    ("selector", "complaint"),
    [
        ("correlation-id = 'x'", "character 12"),
        ("", "the name of a header"),
        ("a", "a comparison"),
        ("a = ", "a value"),
        ("a = b", "a value"),
        ("a > 'x'", "numbers only"),
        ("a = 'x", "cannot be read"),
        ("(a = 1", r"expected \)"),
        ("a = 1)", "AND, OR or the end"),
        ("a IN ()", "a value"),
        ("a IN (1)", "a value"),
        ("a LIKE 'x' ESCAPE 'yy'", "one character"),
        ("a = 1 AND", "the name of a header"),
        ("(" * 40 + "a = 1" + ")" * 40, "parentheses"),
        ("a = '" + "x" * 5000 + "'", "longer than"),
    ],
)
def test_a_selector_that_cannot_be_read_is_refused_with_the_place(selector: str, complaint: str) -> None:
    with pytest.raises(SelectorError, match=complaint):
        parse_selector(selector)


@settings(deadline=None)
@given(pattern=st.text("ab%_", max_size=8), text=st.text("ab", max_size=8))
def test_like_is_as_the_regular_expression_of_the_same_meaning(pattern: str, text: str) -> None:
    same = re.fullmatch(pattern.replace("%", ".*").replace("_", "."), text)

    assert parse_selector(f"a LIKE '{pattern}'").matches({"a": text}) is (same is not None)


def test_a_hostile_like_pattern_is_decided_in_no_time() -> None:
    selector = parse_selector(f"a LIKE '{'%a' * 200}b'")
    began = time.perf_counter()

    assert not selector.matches({"a": "a" * 2000})
    assert time.perf_counter() - began < 2.0


@settings(deadline=None)
@given(st.text(st.sampled_from("ab='()<>,% ANDORNOTINLIKE0123."), max_size=40))
def test_whatever_is_written_gives_a_selector_or_a_selector_error(text: str) -> None:
    try:
        selector = parse_selector(text)
    except SelectorError:
        return
    assert selector.matches({}) in {True, False}
