import sys
from collections import Counter
from datetime import timedelta

import pytest

from alerts.story import SAME_STORY, Told, story_of
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
        "Fed leaves rates unchanged, signals two cuts in 2027",
        "Fed Leaves Rates Unchanged; Signals Two Cuts in 2027 -- WSJ",
    ),
    ("Amazon Web Services suffers outage in US-East region", "Amazon Web Services suffer outage in US-East region"),
    ("Exxon Mobil, Chevron report record quarterly profit", "Exxon Mobil and Chevron report record quarterly profits"),
    (
        "Press Release: Moderna Announces Positive Phase 3 Data for Flu Vaccine",
        "Moderna announces positive phase 3 data for flu vaccine",
    ),
    ("REFILE-Intel names Lip-Bu Tan chief executive", "Intel names Lip-Bu Tan chief executive"),
    ("Ford (NYSE: F) recalls 456,000 trucks over power loss", "Ford recalls 456,000 trucks over power loss"),
    ("Disney+ adds 7.0 million subscribers in quarter", "Disney+ adds 7 mln subscribers in the quarter"),
    ("Meta lifts 2026 capex forecast to $72 billion", "Meta raises 2026 capex forecast to $72 bln"),
    ("Walmart raises full-year outlook after strong quarter", "Walmart Raises Full-Year Guidance After Strong Quarter"),
    ("BREAKING: Pfizer to buy Metsera for $4.9 billion", "Pfizer to acquire Metsera for $4.9 billion"),
    ("Nike names Elliott Hill CEO", "Nike names Elliott Hill CEO (Reuters)"),
    ("Oracle shares slide 6 percent after revenue miss", "Oracle stock drops 6% after revenue miss"),
    ("WRAPUP 3-Trading in GameStop shares halted", "Trading in GameStop shares halted"),
    ("Honeywell to split into three companies", "HONEYWELL TO SPLIT INTO THREE COMPANIES"),
    (
        "Eli Lilly's pill cuts weight by 12% in late-stage trial",
        "Eli Lilly pill cuts weight by 12% in late stage trial",
    ),
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
    ("FDA approves Pfizer's RSV vaccine for older adults", "FDA rejects Pfizer's RSV vaccine for older adults"),
    ("Apple in talks to buy Disney", "Apple not in talks to buy Disney"),
    ("Apple denies it is in talks to buy Disney", "Apple is in talks to buy Disney"),
    ("Will Apple raise guidance this quarter?", "Apple raises guidance this quarter"),
    ("Apple beats estimates in fourth quarter", "Apple misses estimates in fourth quarter"),
    ("Apple beats estimates in fourth quarter", "Microsoft beats estimates in fourth quarter"),
    ("Nvidia shares rise 4%", "Nvidia shares fall 4%"),
    ("Nvidia shares rise 4%", "Nvidia shares rise 8%"),
    ("Trading in GameStop shares halted", "Trading in GameStop shares resumed"),
    ("Apple to buy Tesla", "Apple to buy Tesla unit"),
    ("Apple CEO Tim Cook sells $40 million of stock", "Apple CFO Kevan Parekh sells $40 million of stock"),
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
    ("Pfizer's RSV vaccine for older adults approved by FDA", "FDA approves Pfizer RSV vaccine for older adults"),
    (
        "Microsoft to acquire Activision Blizzard for $68.7 billion in cash deal",
        "Microsoft to acquire Activision Blizzard for $68.7 billion",
    ),
    ("CORRECTED-Tesla recals 120,000 vehicles over brake fault", "Tesla recalls 120,000 vehicles over brake fault"),
    ("Target cuts 1,800 corporate jobs in restructuring", "Target cuts 1,800 corporate jobs"),
    ("Alphabet declares dividend of 21 cents a share", "Alphabet Inc declares dividend of 21 cents per share"),
    ("Berkshire Hathaway buys stake in Chubb worth $6.7 bn", "Berkshire Hathaway buys $6.7 billion stake in Chubb"),
    ("Court rules Trump tariffs constitutional", "Court rules Trump tariffs unconstitutional"),
    ("Pfizer drug effective in late-stage trial", "Pfizer drug ineffective in late-stage trial"),
    ("Uber now profitable, CEO tells investors", "Uber now unprofitable, CEO tells investors"),
    ("Nasdaq trading affected by outage", "Nasdaq trading unaffected by outage"),
    ("Australia central bank raises key interest rate", "Austria central bank raises key interest rate"),
    ("Johnson Controls raises full-year guidance", "Johnston Controls raises full-year guidance"),
    ("Intel announces investment in Ohio plant", "Intel announces divestment in Ohio plant"),
    ("Fed likely to cut rates in March", "Fed unlikely to cut rates in March"),
    ("Apple legally bound to open App Store", "Apple illegally bound to open App Store"),
    ("Merck raises full-year profit guidance", "Merck KGaA raises full-year profit guidance"),
    ("Fed raises rates by quarter point", "Fed raises rates by quarter point, signals pause"),
    ("Tesla recalls Model Y vehicles in China", "Tesla recalls Model X vehicles in China"),
    ("FDA approves Lilly obesity drug for adults", "FDA approves Lilly obesity drug for adults, children"),
    ("Boeing Class A shares resume trading", "Boeing Class B shares resume trading"),
    ("Phase 2 trial of Lilly drug succeeds in patients", "Trial of Lilly drug succeeds in patients"),
    (
        "S&P upgrades Ford debt to investment grade outlook stable",
        "S&P upgrades Ford debt to investment grade outlook negative",
    ),
    ("Elliott takes stake in Starbucks, seeks board seats", "Elliott takes stake in Starbucks, drops board seats"),
    ("UBS initiates Apple at buy, raises price target", "UBS initiates Apple at sell, raises price target"),
    ("UBS upgrades Apple to buy from neutral", "UBS upgrades Apple to neutral from buy"),
    ("Apple CEO Tim Cook resigns from board", "Apple CEO Tim Cook re-signs from board"),
    ("Moderna flu vaccine trial meets primary endpoint", "Moderna flu vaccine trial fails primary endpoint"),
    ("Moderna meets sales estimates this quarter", "Moderna meets sales estimates this quarter, shares halted"),
    ("Nvidia export license granted for China chips", "Nvidia export license revoked for China chips"),
    ("Apple with Google under antitrust probe by EU", "Apple without Google under antitrust probe by EU"),
    ("Moody's affirms Boeing rating, outlook stable", "Moody's affirms Boeing rating, outlook unstable"),
    ("Company reports insured losses from hurricane Milton", "Company reports uninsured losses from hurricane Milton"),
    ("Samsung union authorizes strike at chip plant", "Samsung union unauthorizes strike at chip plant"),
    ("Earnings season: Apple earnings Monday after close", "Earnings season: Apple earnings Sunday after close"),
    ("Slovakia signs Boeing jet order", "Slovenia signs Boeing jet order"),
    ("Oil falls as OPEC cuts output outlook", "Oil falls as OPEC cuts output"),
    ("Gains at Apple as iPhone sales drop", "Drop at Apple as iPhone sales gain"),
    ("Apple Q3 EPS beats, revenue misses estimates", "Apple Q3 revenue beats, EPS misses estimates"),
    ("Icahn acquires Illumina board control", "Icahn required Illumina board control"),
]


def is_told_by(one: str, other: str) -> bool:
    """Return whether somebody who was told *one* is not told *other* of another provider."""
    told = Told()
    told.add("DJNL:1", "DJNL", one, NOW)
    return told.knows("BRFG:1", "BRFG", other, NOW)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_these_tell_the_same(one: str, other: str) -> None:
    assert is_told_by(one, other)
    assert is_told_by(other, one)


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_these_tell_something_else(one: str, other: str) -> None:
    assert not is_told_by(one, other)
    assert not is_told_by(other, one)


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


@pytest.mark.parametrize("count", [100, 4_000])
def test_a_look_costs_the_same_however_many_were_told(count: int) -> None:
    told = Told()
    for number in range(count):
        told.add(f"DJNL:{number}", "DJNL", f"New 13F Filing By Fund{number} Advisors", NOW)
    looked = Counter[str]()
    sys.setprofile(lambda frame, event, _: looked.update([frame.f_code.co_name]) if event == "call" else None)
    try:
        assert told.knows("FLY:1", "FLY", "New 13F Filing By Fund7 Advisors", NOW)
    finally:
        sys.setprofile(None)
    assert sum(looked.values()) < 100


def test_a_headline_that_was_cut_is_the_one_that_begins_like_it() -> None:
    told = Told()
    told.add("DJNL:1", "DJNL", "Nvidia raises guidance for the year on strong demand for chips", NOW)
    assert told.knows("FLY:1", "FLY", "Nvidia raises guidance for the year on stro...", NOW)
    assert not told.knows("FLY:1", "FLY", "Nvidia raises guidance for the year", NOW)
    assert not told.knows("FLY:1", "FLY", "Nvidia raises...", NOW)


def test_the_second_time_of_another_provider_is_the_copy_of_the_second_event() -> None:
    told, text = Told(), "Trading in GameStop halted"
    told.add("DJNL:1", "DJNL", text, NOW)
    assert told.knows("FLY:1", "FLY", text, NOW)
    told.add("FLY:1", "FLY", text, NOW)
    assert not told.knows("FLY:2", "FLY", text, NOW + timedelta(hours=1))
    told.add("FLY:2", "FLY", text, NOW + timedelta(hours=1))
    assert told.knows("DJNL:2", "DJNL", text, NOW + timedelta(hours=1))


def test_one_date_that_is_far_ahead_lets_nothing_be_forgotten() -> None:
    told = Told()
    told.add("DJNL:1", "DJNL", "Apple opens a plant in Texas", NOW)
    told.add("DJNL:2", "DJNL", "Apple hires a thousand people", NOW + timedelta(days=900), received=NOW)
    assert told.knows("DJNL:1", "DJNL", "Apple opens a plant in Texas", NOW)


def test_very_long_words_take_no_time() -> None:
    assert len(story_of("a " * 50_000 + "x" * 50_000).words) < 600


def test_what_is_older_than_two_days_is_let_go_of() -> None:
    told = Told()
    for number in range(100):
        told.add(f"DJNL:{number}", "DJNL", f"Apple sells plane number {number}", NOW + timedelta(hours=number))
    assert not told.knows("DJNL:0", "DJNL", "Apple sells plane number 0", NOW)
    assert told.knows("DJNL:60", "DJNL", "Apple sells plane number 60", NOW)
