from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slackwater.model.selector import Operator, Selector, SelectorError, Term

WEB = {"app": "web", "tier": "gold", "example.org/owner": "", "in": "notin"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "app=web",
        "app==web",
        " app = web , tier != silver ",
        "app!=shop",
        "missing!=web",
        "app in (web,shop)",
        "app in(shop , web)",
        "missing notin (a,b)",
        "tier notin (silver)",
        "app",
        "!missing",
        "! missing",
        "example.org/owner",
        "example.org/owner=",
        "example.org/owner in (,a)",
        "missing!=",
        "app=web,tier in (gold,silver),!missing",
        "in",
        "in=notin",
        "in in (in,notin)",
    ],
)
def test_selects(text: str) -> None:
    assert Selector.parse(text).matches(WEB)


@pytest.mark.parametrize(
    "text",
    [
        "app=shop",
        "app!=web",
        "missing=web",
        "missing=",
        "app in (shop)",
        "missing in (a)",
        "app notin (web,shop)",
        "missing",
        "!app",
        "app=web,missing",
        "App=web",
    ],
)
def test_does_not_select(text: str) -> None:
    assert not Selector.parse(text).matches(WEB)


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        (",", 0, 'expected a label key, found ","'),
        ("a,", 2, "expected a label key, found the end"),
        ("a,,b", 2, 'found ","'),
        ("a=b c=d", 4, 'expected ",", found "c"'),
        ("a b", 2, "expected one of =, ==, !=, in, notin"),
        ("a>5", 1, 'found ">"'),
        ("a in b", 5, 'expected "(", found "b"'),
        ("a in ()", 6, "at least one value"),
        ("a in (b", 7, 'expected ")", found the end'),
        ("a in (b c)", 8, 'expected ")", found "c"'),
        ("a=b,!", 5, "found the end"),
        ("!a=b", 2, 'expected ","'),
        ("=b", 0, "expected a label key"),
        ("a==-b", 3, '"-b" is no label value'),
        ("ok,-a", 3, '"-a" is no label key'),
        ("Ex/a", 0, '"Ex" is no prefix'),
        ("x.org/", 0, "is no label key"),
        ("a=" + "v" * 64, 2, "is no label value"),
        ("a=ä", 2, "is no label value"),
    ],
)
def test_points_at_what_cannot_be_read(text: str, position: int, said: str) -> None:
    with pytest.raises(SelectorError) as error:
        Selector.parse(text)
    assert error.value.position == position
    assert said in str(error.value)
    assert str(error.value).endswith(f"(at character {position + 1})")


NAMES = st.from_regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,8}[A-Za-z0-9])?", fullmatch=True)
KEYS = NAMES | st.builds("{}/{}".format, st.just("example.org"), NAMES)
VALUES = NAMES | st.just("")


def _with_values(operator: Operator) -> st.SearchStrategy[Term]:
    values = st.sets(VALUES, min_size=1, max_size=4).map(lambda found: tuple(sorted(found)))
    return st.builds(Term, KEYS, st.just(operator), values)


REQUIREMENTS = (
    _with_values(Operator.IN)
    | _with_values(Operator.NOT_IN)
    | st.builds(Term, KEYS, st.sampled_from([Operator.EXISTS, Operator.ABSENT]))
)
SELECTORS = st.lists(REQUIREMENTS, max_size=5).map(lambda found: Selector(tuple(found)))


@given(SELECTORS)
def test_what_is_written_reads_back_the_same(selector: Selector) -> None:
    assert Selector.parse(str(selector)) == selector


@given(SELECTORS, st.dictionaries(KEYS, VALUES, max_size=4))
def test_a_comma_means_and(selector: Selector, labels: dict[str, str]) -> None:
    parts = [Selector((term,)).matches(labels) for term in selector.terms]
    assert selector.matches(labels) == all(parts)


@given(KEYS, st.sets(VALUES, min_size=1), st.dictionaries(KEYS, VALUES))
def test_in_and_notin_are_opposites(key: str, values: set[str], labels: dict[str, str]) -> None:
    chosen = tuple(sorted(values))
    within = Term(key, Operator.IN, chosen)
    without = Term(key, Operator.NOT_IN, chosen)
    assert within.matches(labels) != without.matches(labels)


@given(st.text(alphabet="ab-/.(),!= <in", max_size=20))
def test_any_text_is_read_or_refused_with_a_position_inside_it(text: str) -> None:
    try:
        selector = Selector.parse(text)
    except SelectorError as error:
        assert 0 <= error.position <= len(text)  # noqa: PT017  both outcomes are right
    else:
        assert Selector.parse(str(selector)) == selector
