"""Seeds are pure, and names do not collide by joining."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mrlc.runtime.seeds import derive_seed

names = st.lists(st.text(max_size=5) | st.integers(0, 99), max_size=4).map(
    lambda parts: tuple(str(part) for part in parts)
)


def test_the_value_is_fixed_for_all_time() -> None:
    assert derive_seed(1, "train", 0, "task-7", 3) == derive_seed("1", "train", "0", "task-7", "3")
    assert derive_seed("a") == 4761627385854088127


@given(a=names, b=names)
def test_names_do_not_collide(a: tuple[str, ...], b: tuple[str, ...]) -> None:
    assert (derive_seed(*a) == derive_seed(*b)) == (a == b)
    assert 0 <= derive_seed(*a) < 2**63
