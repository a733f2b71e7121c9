"""Who gets a line."""

from hypothesis import given
from hypothesis import strategies as st

from alerts.allocation import Claim, allocate
from market.instrument import Instrument


def share(number: int) -> Instrument:
    return Instrument(number, f"S{number}")


def symbols(instruments: object) -> list[str]:
    return sorted(one.symbol for one in instruments)


def test_where_there_are_lines_enough_everything_has_one() -> None:
    allocation = allocate([Claim(share(1)), Claim(share(2), gap_atr=9.0)], 2)
    assert symbols(allocation.lines) == ["S1", "S2"]
    assert allocation.bars == ()


def test_fast_kinds_come_before_levels_and_the_nearest_level_before_others() -> None:
    claims = [Claim(share(1), gap_atr=0.1), Claim(share(2), is_fast=True, gap_atr=8.0), Claim(share(3), gap_atr=0.2)]
    assert symbols(allocate(claims, 2).lines) == ["S1", "S2"]
    assert allocate(claims, 1).bars == (share(1), share(3))


def test_what_is_within_one_atr_takes_the_line_of_what_is_not() -> None:
    claims = [Claim(share(1), gap_atr=1.4, has_line=True), Claim(share(2), gap_atr=0.95)]
    assert symbols(allocate(claims, 1).lines) == ["S2"]


def test_a_line_does_not_move_for_a_little() -> None:
    claims = [Claim(share(1), gap_atr=0.9, has_line=True), Claim(share(2), gap_atr=0.8)]
    assert symbols(allocate(claims, 1).lines) == ["S1"]
    assert symbols(allocate([claims[0], Claim(share(2), gap_atr=0.6)], 1).lines) == ["S2"]
    assert symbols(
        allocate([Claim(share(1), is_fast=True), Claim(share(2), is_fast=True, has_line=True)], 1).lines
    ) == ["S2"]


def test_what_is_not_known_comes_after_what_is_near_and_before_what_is_far() -> None:
    claims = [Claim(share(1), gap_atr=1.1), Claim(share(2)), Claim(share(3), gap_atr=0.5)]
    assert allocate(claims, 0).bars == (share(3), share(2), share(1))


claims = st.builds(
    Claim,
    st.integers(1, 500).map(share),
    st.booleans(),
    st.none() | st.floats(0, 50),
    st.booleans(),
)


@given(st.lists(claims, unique_by=lambda claim: claim.instrument.con_id), st.integers(-3, 40))
def test_every_instrument_has_a_line_or_bars_and_no_line_is_left_over(asked: list[Claim], room: int) -> None:
    allocation = allocate(asked, room)
    assert len(allocation.lines) == min(len(asked), max(room, 0))
    assert {*allocation.lines, *allocation.bars} == {claim.instrument for claim in asked}
    assert not allocation.lines & set(allocation.bars)
    fast_without = [one for one in asked if one.is_fast and one.instrument not in allocation.lines]
    slow_with = [one for one in asked if not one.is_fast and one.instrument in allocation.lines]
    assert not (fast_without and slow_with)


@given(st.lists(claims, unique_by=lambda claim: claim.instrument.con_id), st.integers(0, 40))
def test_sharing_out_again_moves_nothing(asked: list[Claim], room: int) -> None:
    lines = allocate(asked, room).lines
    settled = [Claim(one.instrument, one.is_fast, one.gap_atr, one.instrument in lines) for one in asked]
    assert allocate(settled, room).lines == lines
