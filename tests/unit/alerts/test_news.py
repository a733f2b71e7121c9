from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.codec import rule_from_json, rule_to_json
from alerts.engine import Engine
from alerts.mute import Mutes
from alerts.rule import Firing, NewsCause, Rule, RuleState
from market.news import BULLETINS, Headline
from tests.unit.alerts.drafts import AAPL, MSFT, NOW, rule, tick


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
    engine = engine_with(rule("news AAPL", 1), rule("news MSFT", 2), rule("news *", 3, owner_id=222, chat_id=222))
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
    others = (rule("news AAPL once", 2, chat_id=2), rule("news AAPL cooldown 10m", 3, chat_id=3))
    engine = engine_with(rule("news AAPL", 1), *others)
    firings = fired(engine, headline("a", "1"), headline("b", "2", minutes=5), headline("c", "3", minutes=11))
    assert [f.rule.id for f in firings] == [2, 3, 1, 1, 3, 1]
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


def owners(*lines: str) -> Engine:
    return engine_with(*(rule(line, number) for number, line in enumerate(lines, 1)))


@pytest.mark.parametrize(
    ("lines", "teller"),
    [
        (("news *", "news AAPL"), 2),
        (("news *", "news portfolio", "news AAPL"), 3),
        (("news AAPL", 'news * "guidance"'), 2),
        (("news AAPL silent", "news AAPL"), 2),
        (("news AAPL", "news AAPL critical"), 2),
        (("news AAPL", "news AAPL then buy 10 limit 199.5"), 2),
        (("news AAPL", "news AAPL"), 1),
        (("news AAPL from BRFG", "news AAPL"), 2),
    ],
)
def test_of_a_persons_rules_the_most_to_the_point_tells_a_story_alone(lines: tuple[str, ...], teller: int) -> None:
    assert [f.rule.id for f in fired(owners(*lines), headline("Apple raises guidance"))] == [teller]


def test_a_rule_that_is_quiet_leaves_the_telling_to_another() -> None:
    engine = owners('news AAPL "guidance" cooldown 1h', "news AAPL")
    first, second = headline("Apple raises guidance"), headline("Apple keeps guidance of the year", "2", minutes=3)
    assert [f.rule.id for f in fired(engine, first, second)] == [1, 2]


def test_another_chat_is_told_by_its_own_rule() -> None:
    engine = engine_with(rule("news AAPL", 1), rule("news AAPL to @desk", 2, chat_id=-5))
    assert sorted(f.rule.chat_id for f in fired(engine, headline("Apple up"))) == [-5, 111]


def test_what_one_rule_told_no_other_tells_later_not_after_a_restart_either() -> None:
    engine = owners("news AAPL", "news *")
    fired(engine, headline("Apple raises guidance"))
    copy = headline("UPDATE 1-Apple raises guidance", "8", "BRFG", con_id=0, minutes=9)
    assert fired(engine, copy) == []
    restarted = Engine()
    restarted.load([rule_from_json(rule_to_json(one)) for one in (engine.rule(1), engine.rule(2)) if one])
    assert fired(restarted, copy) == []


def test_only_the_named_providers_and_languages_count_and_an_unknown_language_does() -> None:
    engine = owners("news AAPL from DJNL, FLY in en, de")
    told = [
        headline("one", "1", "DJNL"),
        headline("two", "2", "BRFG"),
        replace(headline("drei", "3", "FLY"), language="de"),
        replace(headline("quatre", "4", "FLY"), language="fr"),
        replace(headline("five", "5", "DJNL"), language="en-GB"),
    ]
    assert [f.cause.headline.text for f in fired(engine, *told) if isinstance(f.cause, NewsCause)] == [
        "one",
        "drei",
        "five",
    ]


def test_bulletins_are_heard_by_those_who_asked_for_them_alone() -> None:
    engine = owners("news *", "news bulletins", 'news bulletins "halt"')
    bulletin = Headline("IBKR", "bulletin:1", "ISLAND is down", NOW + timedelta(minutes=1), BULLETINS)
    assert [f.rule.id for f in fired(engine, bulletin)] == [2]
    assert engine.needs().bulletins


def test_what_was_muted_when_it_came_is_not_told_when_it_comes_again_and_what_comes_later_is() -> None:
    engine = owners("news AAPL critical")
    engine.keep_mutes(111, Mutes(instruments=frozenset({AAPL.con_id})))
    assert fired(engine, headline("Apple raises guidance")) == []
    engine.keep_mutes(111, Mutes(providers=frozenset({"BRFG"})))
    assert fired(engine, headline("Apple raises guidance")) == []
    assert fired(engine, headline("Apple hires a chef", "8", "BRFG", minutes=3)) == []
    assert len(fired(engine, headline("Apple sells a plane", "9", "FLY", minutes=4))) == 1


def test_a_mute_takes_nothing_else_away() -> None:
    engine = owners("news AAPL", "news MSFT")
    engine.keep_mutes(111, Mutes(instruments=frozenset({AAPL.con_id}), providers=frozenset({"BRFG"})))
    both = headline("Apple and Microsoft make peace", "5"), headline("Apple and Microsoft make peace", "5", con_id=2)
    assert fired(engine, replace(both[0])) == []
    assert len(fired(engine, replace(both[1], con_id=MSFT.con_id))) == 1
    assert fired(engine, headline("Microsoft buys a mine", "6", "BRFG", con_id=MSFT.con_id)) == []
    assert len(fired(engine, headline("Microsoft buys a mine", "7", "DJNL", con_id=MSFT.con_id))) == 1


def test_a_persons_mute_is_not_that_of_the_chat_they_tell() -> None:
    engine = engine_with(rule("news AAPL to @desk", 1, chat_id=-5))
    engine.keep_mutes(111, Mutes(providers=frozenset({"DJNL"})))
    assert len(fired(engine, headline("Apple up"))) == 1


@pytest.mark.parametrize(
    ("line", "again"), [("news AAPL critical", 1), ("news AAPL then buy 10 limit 199.5", 1), ("news AAPL", 0)]
)
def test_what_was_told_softly_is_told_again_by_the_alert_that_is_to_be_heard(line: str, again: int) -> None:
    engine = owners("news * silent", line)
    assert [f.rule.id for f in fired(engine, headline("Apple raises guidance", con_id=0))] == [1]
    assert len(fired(engine, headline("Apple raises guidance"))) == again
    assert (
        fired(engine, headline("Apple raises guidance"), headline("UPDATE 1-Apple raises guidance", "4", "FLY")) == []
    )


def test_a_headline_that_waits_for_its_price_waits_on_over_a_restart_and_another_note() -> None:
    engine = owners("news AAPL if moves 1% in 5m")
    engine.on_ticks([tick(100.0)])
    assert fired(engine, headline("Apple up", minutes=0)) == []
    (waiting,) = engine.take_changed()
    later = Engine()
    later.load([rule_from_json(rule_to_json(waiting.revised(NOW)))])
    later.on_ticks([tick(100.0, after_s=10), tick(102.0, after_s=30)])
    assert len(later.on_time(NOW + timedelta(seconds=31))) == 1


def test_what_came_while_it_was_blind_or_before_its_note_is_still_its_news() -> None:
    engine = owners("news AAPL")
    blind = engine.remove(1)
    assert blind is not None
    again = blind.blinded(NOW + timedelta(minutes=2), "no line").calmed(NOW + timedelta(minutes=12))
    engine.add(again)
    assert len(fired(engine, headline("Apple up", minutes=7))) == 1


def test_the_mutes_of_one_person_are_not_anothers() -> None:
    engine = engine_with(rule("news AAPL", 1), rule("news AAPL", 2, owner_id=222, chat_id=222))
    engine.keep_mutes(111, Mutes(providers=frozenset({"DJNL"})))
    assert [f.rule.owner_id for f in fired(engine, headline("Apple up"))] == [222]


def test_what_was_told_without_waiting_is_not_told_when_the_price_moves_with_it() -> None:
    engine = owners("news AAPL if moves 1% in 5m", "news AAPL")
    engine.on_ticks([tick(100.0)])
    assert [f.rule.id for f in fired(engine, headline("Apple up"))] == [2]
    engine.on_ticks([tick(105.0, after_s=70)])
    assert engine.on_time(NOW + timedelta(seconds=71)) == []


def test_a_price_gate_over_a_watchlist_looks_at_the_price_of_the_one_it_is_about() -> None:
    engine = owners("news watchlist if moves 1% in 5m")
    engine.set_watchlist(111, [AAPL, MSFT])
    engine.on_ticks([tick(100.0), tick(300.0, instrument=MSFT)])
    assert (
        fired(engine, headline("Apple up", minutes=0), headline("Microsoft up", "2", con_id=MSFT.con_id, minutes=0))
        == []
    )
    engine.on_ticks([tick(300.1, instrument=MSFT, after_s=30), tick(102.0, after_s=30)])
    (told,) = engine.on_time(NOW + timedelta(seconds=31))
    assert isinstance(told.cause, NewsCause)
    assert told.cause.headline.text == "Apple up"
