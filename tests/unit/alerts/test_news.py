from datetime import timedelta

import pytest

from alerts.engine import Engine
from alerts.rule import Firing, NewsCause, Rule, RuleState
from market.news import Headline
from tests.unit.alerts.drafts import AAPL, MSFT, NOW, rule


def headline(
    text: str, article: str = "1", provider: str = "DJNL", *, con_id: int = AAPL.con_id, minutes: float = 1
) -> Headline:
    return Headline(provider, article, text, NOW + timedelta(minutes=minutes), con_id)


def fired(engine: Engine, *headlines: Headline) -> list[Firing]:
    return [firing for each in headlines for firing in engine.on_headline(each)]


def engine_with(*rules: Rule) -> Engine:
    engine = Engine()
    engine.load(rules)
    return engine


@pytest.mark.parametrize(
    ("phrase", "text", "is_meant"),
    [
        ("guidance", "Apple raises Guidance for 2027", True),
        ("guidance", "GUIDANCE: up", True),
        ("guide", "Apple raises guidance", False),
        ("FDA approval", "Pill gets FDA  approval at last", True),
        ("FDA approval", "FDA denies approval", False),
        ("$5bn", "a $5bn deal", True),
        ("C++", "C++ is old", True),
        ("don't", "they don\u2019t know", True),
        ("überschuss", "Apple meldet ÜBERSCHUSS", True),
    ],
)
def test_phrases_match_whole_words_regardless_of_case(phrase: str, text: str, *, is_meant: bool) -> None:
    engine = engine_with(rule(f'news AAPL "{phrase}"'))
    assert bool(fired(engine, headline(text))) is is_meant


def test_any_of_the_phrases_is_enough_and_none_means_all() -> None:
    assert fired(engine_with(rule('news AAPL "guidance" or "outlook"')), headline("Outlook cut"))
    assert fired(engine_with(rule("news AAPL")), headline("anything"))


def test_a_news_rule_hears_of_its_own_instrument_and_a_star_of_all() -> None:
    engine = engine_with(rule("news AAPL", 1), rule("news MSFT", 2), rule("news *", 3))
    assert [f.rule.id for f in fired(engine, headline("a", "1"))] == [1, 3]
    assert [f.rule.id for f in fired(engine, headline("b", "2", con_id=MSFT.con_id))] == [2, 3]
    (broad,) = fired(engine, headline("c", "3", con_id=0))
    assert broad.rule.id == 3


def test_a_story_is_told_once() -> None:
    engine = engine_with(rule("news AAPL"))
    again = headline("Apple up again", "1", minutes=3)
    assert len(fired(engine, headline("Apple up"), headline("Apple up", minutes=2), again)) == 1


def test_the_same_headline_of_another_provider_is_the_same_story_for_a_day() -> None:
    engine = engine_with(rule("news AAPL"))
    first, copy = headline("Apple up!"), headline("APPLE UP", "9", "BRFG", minutes=60)
    next_day = headline("Apple up", "10", "FLY", minutes=25 * 60)
    assert [f.cause for f in fired(engine, first, copy, next_day)] == [
        NewsCause(first, AAPL),
        NewsCause(next_day, AAPL),
    ]


def test_the_same_provider_may_say_the_same_words_of_another_event() -> None:
    engine = engine_with(rule("news AAPL"))
    assert len(fired(engine, headline("Trading halted", "1"), headline("Trading halted", "2"))) == 2


def test_a_story_stays_told_over_a_restart_and_over_re_arming() -> None:
    engine = engine_with(rule("news AAPL"))
    (first,) = fired(engine, headline("Apple up"))
    assert fired(engine_with(first.rule), headline("Apple up")) == []
    assert fired(engine_with(first.rule.rearmed(NOW)), headline("Apple up")) == []


def test_old_headlines_that_a_subscription_brings_again_are_not_news() -> None:
    engine = engine_with(rule("news AAPL"))
    assert fired(engine, headline("of yesterday", minutes=-600)) == []
    assert len(fired(engine, headline("clocks differ a little", "2", minutes=-0.5))) == 1


def test_news_fire_every_time_unless_once_was_said() -> None:
    engine = engine_with(rule("news AAPL", 1), rule("news AAPL once", 2), rule("news AAPL cooldown 10m", 3))
    firings = fired(engine, headline("a", "1"), headline("b", "2", minutes=5), headline("c", "3", minutes=11))
    assert [f.rule.id for f in firings] == [1, 2, 3, 1, 1, 3]
    spent = engine.rule(2)
    assert spent is not None
    assert spent.state is RuleState.FIRED


def test_what_is_remembered_of_stories_is_bounded() -> None:
    engine = engine_with(rule("news AAPL"))
    firings = fired(engine, *(headline(f"story {n}", str(n)) for n in range(200)))
    assert len(firings) == 200
    seen = firings[-1].rule.memory["seen"]
    assert isinstance(seen, list)
    assert len(seen) == 64
