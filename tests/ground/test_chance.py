"""What is made up on the way, and made up again."""

from __future__ import annotations

from pytest_atomic_cards.support.randomness import (
    TRUE_RANDOMNESS,
    CurrentRandomness,
    Randomness,
    SeededChance,
)
from pytest_atomic_cards.targets.seeding.backend import UserIds


def test_a_seed_gives_the_same_values_on_every_machine() -> None:
    """The values of a seed are known beforehand, so that they are those of a recording."""
    randomness = SeededChance("a recording/a contract")
    assert [randomness.token(), randomness.token()] == ["85524dd1fd08", "783271820d51"]


def test_two_seeds_give_different_values() -> None:
    """Two recordings, or two contracts of one, make up nothing alike."""
    made = [[SeededChance(seed).token() for _ in range(1)] for seed in ("1", "2", "1/2")]
    assert len({tokens[0] for tokens in made}) == 3


def test_tokens_do_not_repeat() -> None:
    """Neither a seed nor true chance gives a token twice, each of twelve digits."""
    for randomness in (SeededChance("seed"), TRUE_RANDOMNESS):
        tokens = {randomness.token() for _ in range(10_000)}
        assert len(tokens) == 10_000
        assert {len(token) for token in tokens} == {12}


def test_fractions_lie_between_nothing_and_one() -> None:
    """A fraction is at least 0 and less than 1, and all of that range occurs."""
    fractions = [SeededChance(str(seed)).fraction() for seed in range(500)]
    assert 0 <= min(fractions) < 0.05
    assert 0.95 < max(fractions) < 1


def test_user_ids_are_made_up_by_the_chance_that_is_current() -> None:
    """The same chance gives the same customers, and they are known as our own."""
    current: Randomness = SeededChance("one")
    ids = UserIds(CurrentRandomness(lambda: current))
    first = ids.new("-odd")
    current = SeededChance("two")
    second = ids.new()
    assert UserIds(SeededChance("one")).new("-odd") == first
    assert UserIds(SeededChance("two")).new() == second
    assert ids.owns(first)
    assert ids.owns(second)
    assert not ids.owns("somebody")


def test_numbers_are_sixteen_digits_and_never_the_same() -> None:
    """A made-up number has sixteen digits, and is new each time."""
    numbers = {TRUE_RANDOMNESS.number() for _ in range(50)}
    assert len(numbers) == 50
    assert all(number.isdecimal() and len(number) == 16 for number in numbers)
