"""Parts of a step: nothing is lost, and no other cut has fewer padded tokens in the part with most of them."""

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from prosg_ref.examples import Example
from prosg_ref.split import split_evenly


def padded(run: list[Example]) -> int:
    return len(run) * max(e.tokens for e in run)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=9), st.integers(1, 9))
def test_no_other_cut_has_less_work_in_its_largest_part(lengths: list[int], parts: int) -> None:
    every = [Example([i] * n, [], ()) for i, n in enumerate(lengths)]
    runs = split_evenly(every, parts)
    assert len(runs) == parts
    some = [run for run in runs if run]
    assert len(some) == min(parts, len(every))
    assert [e for run in sorted(some, key=lambda run: run[0].prompt[0]) for e in run] == every
    assert list(map(padded, some)) == sorted(map(padded, some), reverse=True)
    cuts = combinations(range(1, len(every)), len(some) - 1)
    assert padded(runs[0]) == min(max(padded(every[a:b]) for a, b in pairwise([0, *cut, len(every)])) for cut in cuts)


def test_equal_examples_are_shared_out_equally() -> None:
    assert [len(run) for run in split_evenly([Example([0] * 5, [], ())] * 6, 3)] == [2, 2, 2]


def test_more_parts_than_examples_leave_some_empty() -> None:
    short, long = Example([0], [], ()), Example([0] * 2, [], ())
    assert split_evenly([short, long], 3) == [[long], [short], []]
