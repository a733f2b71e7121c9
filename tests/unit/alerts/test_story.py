from datetime import timedelta

import pytest

from alerts.story import SAME_STORY, Told, is_same, story_of
from tests.unit.alerts.drafts import NOW

SAME = [
    ("Apple raises Q4 guidance above estimates", "UPDATE 1-Apple Raises Q4 Guidance Above Estimates"),
    ("Apple Raises Fourth-Quarter Guidance Above Estimates", "Apple raises Q4 guidance above estimates"),
    ("*DJ Nvidia Sees Q4 Revenue $58 Billion", "Nvidia expects Q4 revenue of $58bn"),
    ("Apple Inc. (AAPL) to buy back $100 billion in stock", "Apple to buy back $100B of shares"),
    ("AAPL: Apple unveils new iPhone with satellite link", "Apple announces new iPhone with satellite link"),
    ("Tesla shares jump 5% after record deliveries", "Tesla stock surges 5% after record deliveries"),
    ("Boeing wins $4.7 bln order from Air India - Reuters", "Boeing wins $4.7 billion order from Air India"),
    ("FDA approves Pfizer's RSV vaccine for older adults", "FDA Approves Pfizer RSV Vaccine For Older Adults"),
    (
        "Pfizer's RSV vaccine for older adults approved by FDA",
        "FDA approves Pfizer RSV vaccine for older adults",
    ),
    (
        "Microsoft to acquire Activision Blizzard for $68.7 billion in cash deal",
        "Microsoft to acquire Activision Blizzard for $68.7 billion",
    ),
    (
        "Fed leaves rates unchanged, signals two cuts in 2027",
        "Fed Leaves Rates Unchanged; Signals Two Cuts in 2027 -- WSJ",
    ),
    (
        "Amazon Web Services suffers outage in US-East region",
        "Amazon Web Services suffer outage in US-East region",
    ),
    ("Exxon Mobil, Chevron report record quarterly profit", "Exxon Mobil and Chevron report record quarterly profits"),
    (
        "Press Release: Moderna Announces Positive Phase 3 Data for Flu Vaccine",
        "Moderna announces positive phase 3 data for flu vaccine",
    ),
    ("CORRECTED-Tesla recals 120,000 vehicles over brake fault", "Tesla recalls 120,000 vehicles over brake fault"),
    ("REFILE-Intel names Lip-Bu Tan chief executive", "Intel names Lip-Bu Tan chief executive"),
    ("Ford (NYSE: F) recalls 456,000 trucks over power loss", "Ford recalls 456,000 trucks over power loss"),
    ("Disney+ adds 7.0 million subscribers in quarter", "Disney+ adds 7 mln subscribers in the quarter"),
    ("Meta lifts 2026 capex forecast to $72 billion", "Meta raises 2026 capex forecast to $72 bln"),
    ("Walmart raises full-year outlook after strong quarter", "Walmart Raises Full-Year Guidance After Strong Quarter"),
    ("BREAKING: Pfizer to buy Metsera for $4.9 billion", "Pfizer to acquire Metsera for $4.9 billion"),
    ("Nike names Elliott Hill CEO", "Nike names Elliott Hill CEO (Reuters)"),
    ("Target cuts 1,800 corporate jobs in restructuring", "Target cuts 1,800 corporate jobs"),
    ("Alphabet declares dividend of 21 cents a share", "Alphabet Inc declares dividend of 21 cents per share"),
    ("Oracle shares slide 6 percent after revenue miss", "Oracle stock drops 6% after revenue miss"),
    ("WRAPUP 3-Trading in GameStop shares halted", "Trading in GameStop shares halted"),
    ("Honeywell to split into three companies", "HONEYWELL TO SPLIT INTO THREE COMPANIES"),
    (
        "Eli Lilly's pill cuts weight by 12% in late-stage trial",
        "Eli Lilly pill cuts weight by 12% in late stage trial",
    ),
    ("Berkshire Hathaway buys stake in Chubb worth $6.7 bn", "Berkshire Hathaway buys $6.7 billion stake in Chubb"),
    ("Apple\u2019s Tim Cook to step down next year", "Apple's Tim Cook to step down next year"),
]
OTHERS = [
    ("Apple raises 2026 guidance above estimates", "Apple raises 2027 guidance above estimates"),
    ("Apple raises Q4 guidance above estimates", "Apple raises Q3 guidance above estimates"),
    ("Apple raises Q4 guidance above estimates", "Apple cuts Q4 guidance above estimates"),
    ("Wedbush raises Apple target to $200", "Jefferies raises Apple target to $200"),
    (
        "Wedbush raises Apple price target to $200 on strong iPhone demand in China",
        "Jefferies raises Apple price target to $200 on strong iPhone demand in China",
    ),
    ("Wedbush raises Apple target to $200", "Wedbush raises Apple target to $210"),
    (
        "FDA approves Pfizer's RSV vaccine for older adults",
        "FDA rejects Pfizer's RSV vaccine for older adults",
    ),
    ("Apple in talks to buy Disney", "Apple not in talks to buy Disney"),
    ("Apple denies it is in talks to buy Disney", "Apple is in talks to buy Disney"),
    ("Will Apple raise guidance this quarter?", "Apple raises guidance this quarter"),
    ("Apple beats estimates in fourth quarter", "Apple misses estimates in fourth quarter"),
    ("Apple beats estimates in fourth quarter", "Microsoft beats estimates in fourth quarter"),
    ("Nvidia shares rise 4%", "Nvidia shares fall 4%"),
    ("Nvidia shares rise 4%", "Nvidia shares rise 8%"),
    ("Trading in GameStop shares halted", "Trading in GameStop shares resumed"),
    ("Apple to buy Tesla", "Apple to buy Tesla unit"),
    (
        "Apple CEO Tim Cook sells $40 million of stock",
        "Apple CFO Kevan Parekh sells $40 million of stock",
    ),
    ("Tesla recalls 120,000 vehicles over brake fault", "Tesla recalls 130,000 vehicles over brake fault"),
    ("Judge dismisses suit against Meta over privacy", "Judge allows suit against Meta over privacy"),
    ("Apple upgraded to Buy at Citi", "Apple downgraded to Sell at Citi"),
    ("Boeing wins order from Air India for 50 jets", "Boeing loses order from Air India for 50 jets"),
    ("Ford to build battery plant in Michigan", "Ford to build battery plant in Kentucky"),
    ("Intel profit tops estimates", "Intel profit tops estimates, outlook disappoints, chief executive leaves at once"),
    ("Apple shares rise after earnings beat", "Apple shares rise after earnings beat, then fall on guidance cut"),
    ("Pfizer to buy Metsera for $4.9 billion", "Pfizer to buy Metsera for $10 billion"),
    ("Novo Nordisk raises dividend", "Novo Nordisk cuts dividend"),
    ("Delta resumes flights to Tel Aviv", "Delta suspends flights to Tel Aviv"),
    ("Goldman starts Coinbase at Buy", "Goldman starts Robinhood at Buy"),
    ("US sues Amazon over prices", "Amazon sues US over prices"),
    ("Netflix adds 5 million subscribers", "Netflix adds 9.3 million subscribers"),
    ("Merck's drug meets main goal in trial", "Merck's drug does not meet main goal in trial"),
    ("Lockheed wins $1.2 billion contract", "Lockheed wins $1.2 million contract"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_these_tell_the_same(one: str, other: str) -> None:
    assert is_same(story_of(one), story_of(other))
    assert is_same(story_of(other), story_of(one))


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_these_tell_something_else(one: str, other: str) -> None:
    assert not is_same(story_of(one), story_of(other))
    assert not is_same(story_of(other), story_of(one))


def test_what_is_told_is_known_for_a_day_and_no_longer() -> None:
    told = Told()
    told.add("DJNL:1", "DJNL", "Apple raises Q4 guidance above estimates", NOW)
    text = "UPDATE 1-Apple Raises Q4 Guidance Above Estimates"
    assert told.knows("BRFG:7", "BRFG", text, NOW + SAME_STORY)
    assert not told.knows("BRFG:7", "BRFG", text, NOW + SAME_STORY + timedelta(seconds=1))


def test_the_same_article_is_known_whatever_its_words_are_now() -> None:
    told = Told()
    told.add("DJNL:1", "DJNL", "Apple up", NOW)
    assert told.knows("DJNL:1", "DJNL", "Something else", NOW)


def test_the_same_words_of_the_same_provider_are_another_event_unless_marked_as_an_update() -> None:
    told = Told()
    told.add("DJNL:1", "DJNL", "Trading in GameStop halted", NOW)
    assert not told.knows("DJNL:2", "DJNL", "Trading in GameStop halted", NOW)
    assert told.knows("DJNL:3", "DJNL", "UPDATE 1-Trading in GameStop halted", NOW)


def test_a_look_compares_with_those_only_that_may_be_the_same() -> None:
    told = Told()
    for number in range(2000):
        words = f"Company{number} reports results for the quarter and names person{number} director of plant{number}"
        told.add(f"DJNL:{number}", "DJNL", words, NOW)
    before = told.compared
    assert told.knows(
        "FLY:1", "FLY", "Company77 reports results for the quarter and names person77 director of plant77", NOW
    )
    assert told.compared - before <= 3


def test_what_is_older_than_two_days_is_let_go_of() -> None:
    told = Told()
    for number in range(100):
        told.add(f"DJNL:{number}", "DJNL", f"Apple sells plane number {number}", NOW + timedelta(hours=number))
    assert not told.knows("DJNL:0", "DJNL", "Apple sells plane number 0", NOW)
    assert told.knows("DJNL:60", "DJNL", "Apple sells plane number 60", NOW)
