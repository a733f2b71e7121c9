"""What buttons carry: short, strict, and never trusted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.callback_data import BadCallback, Callback, Code, Place, decode, encode, encode_line


def test_what_was_encoded_is_decoded() -> None:
    assert decode(encode(Code.ALERT_PAUSE, Place.HERE, 12)) == Callback(Code.ALERT_PAUSE, ("h", "12"))
    assert decode(encode(Code.NEWS_STORY, Place.ANEW, 0, "DJNL", "DJ-N$1a:2")).args == ("n", "0", "DJNL", "DJ-N$1a:2")
    assert decode(encode(Code.NOTHING)) == Callback(Code.NOTHING)


def test_a_line_may_hold_colons() -> None:
    assert decode(encode(Code.ALERT_LINE, 'news #1 "a:b"')).args == ('news #1 "a:b"',)


def test_a_confirm_carries_nothing_but_its_token() -> None:
    assert encode(Code.ORDER_CONFIRM, "A" * 22) == "ok:" + "A" * 22
    with pytest.raises(ValueError, match="ok:"):
        encode(Code.ORDER_CONFIRM, "A" * 22, 100)


def test_what_does_not_fit_into_64_bytes_is_no_button() -> None:
    assert encode_line(Code.ALERT_LINE, "x" * 61) is not None
    assert encode_line(Code.ALERT_LINE, "x" * 62) is None
    assert encode_line(Code.ALERT_LINE, "€" * 21) is None


def test_a_place_is_told_from_its_letter() -> None:
    assert decode("pa:h").place is Place.HERE
    assert decode("pa:n").place is Place.ANEW
    assert decode("at:AAPL > 1").place is Place.ANEW


@pytest.mark.parametrize(
    "data",
    [
        "",
        ":",
        "ap",
        "ap:",
        "ap:h",
        "ap:h:",
        "ap:x:1",
        "ap:h:-1",
        "ap:h:01",
        "ap:h:1e3",
        "ap:h:1:2",
        "ap:h:٣",
        "ap:h:1\n",
        "ap:h:99999999999999999999",
        "ok:short",
        "ok:" + "A" * 22 + " ",
        "ok:" + "ä" * 22,
        "zz:h:1",
        "no:1",
        "at:a\x00b",
        "at:" + "x" * 70,
        "AP:h:1",
        "\ud800",
    ],
)
def test_hostile_data_is_refused(data: str) -> None:
    with pytest.raises(BadCallback):
        decode(data)


@given(st.text(max_size=80))
def test_whatever_comes_either_decodes_to_what_encodes_it_or_is_refused(data: str) -> None:
    try:
        callback = decode(data)
    except BadCallback:
        return
    assert encode(callback.code, *callback.args) == data
