"""Jets that stand twice in the files of a study are found, wherever the copies are, and nothing else is."""

from dataclasses import replace

import numpy as np
import pytest

from robustag.errors import InputError
from robustag.readers import JetRecords, event_key
from robustag.tensors import Sketch, find_repeats
from robustag.tensors.repeats import KEPT


def jets(number: int, seed: int, first_event: int = 0) -> JetRecords:
    """Random jets of three inputs, some missing, two an event, with events in a row."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(number, 3)).astype(np.float32)
    values[rng.random(values.shape) < 0.2] = np.nan
    return JetRecords(
        values=values,
        label=rng.integers(0, 3, number),
        weight=np.ones(number, np.float32),
        pt=rng.uniform(20, 300, number).astype(np.float32),
        eta=rng.uniform(-2, 2, number).astype(np.float32),
        event=event_key(np.arange(number) // 2 + first_event),
        index=np.arange(number) % 2,
    )


def found(**files):
    """Repeats among the files; of a list, the chunks of one file."""
    parts = [
        (name, part)
        for name, given in files.items()
        for part in (given if isinstance(given, list) else [given])
    ]
    return find_repeats([Sketch.of(part) for _, part in parts], [name for name, _ in parts])


def test_different_jets_are_no_repeats():
    repeats = found(a=jets(3000, 1), b=jets(3000, 2, 5000), c=jets(100_000, 3, 10_000))
    assert (repeats.jets, repeats.error, repeats.pairs, repeats.alike) == (0, 0, {}, {})
    assert repeats.check(accepted=False) == []


@pytest.mark.parametrize("copies", [1, 7, 900])
def test_few_jets_are_counted_one_by_one(copies):
    a, b = jets(3000, 1), jets(1000, 2, 5000)
    again = a.select(np.arange(copies) * 3)
    repeats = found(a=a, b=b, c=again)
    assert (repeats.jets, repeats.error, repeats.pairs) == (copies, 0, {("a", "c"): copies})
    with pytest.raises(InputError) as fault:
        repeats.check(accepted=False)
    line = f"{copies} jets stand again, equal in every input, in a and c"
    mend = "they would count twice; take files away, or accept them (repeated_jets: true)"
    assert str(fault.value) == f"{line}: {mend}"
    assert repeats.check(accepted=True) == [line]


def test_a_jet_that_stands_three_times_is_two_too_many():
    a = jets(10, 1)
    repeats = found(a=a, b=a, c=a)
    assert repeats.jets == 20
    assert repeats.pairs == {("a", "b"): 10, ("a", "c"): 10}
    with pytest.raises(InputError, match="in a and b, and 1 more pairs of files: they would count twice"):
        repeats.check(accepted=False)


def test_a_file_may_repeat_itself_within_a_chunk_and_between_chunks():
    a = jets(60, 1)
    assert found(a=a.select(np.r_[:60, :5])).pairs == {("a", "a"): 5}
    assert found(a=[a, jets(100, 2, 100), a]).pairs == {("a", "a"): 60}
    with pytest.raises(InputError, match=r"5 jets stand again, .* in a itself:"):
        found(a=a.select(np.r_[:60, :5])).check(accepted=False)


def test_copies_inside_a_large_chunk_are_counted_though_most_hashes_are_left_out():
    a = jets(50_000, 1)
    repeats = found(a=a.select(np.r_[:50_000, 123]))
    assert (repeats.jets, repeats.error) == (1, 0)


def test_the_number_of_many_is_right_within_its_error():
    """Of 40 samples in which a tenth of a large file stands again in another."""
    pulls = []
    for seed in range(40):
        a, b = jets(40_000, 2 * seed), jets(30_000, 2 * seed + 1, 50_000)
        copied = JetRecords(
            **{name: np.concatenate([getattr(b, name), getattr(a, name)[:4000]]) for name in a.columns()}
        )
        repeats = found(a=a, b=copied)
        assert set(repeats.pairs) == {("a", "b")}
        assert 0 < repeats.error < 400
        pulls.append((repeats.jets - 4000) / repeats.error)
    assert abs(np.mean(pulls)) < 4 / np.sqrt(40)
    assert 0.6 < np.std(pulls) < 1.5
    with pytest.raises(InputError, match=r"^about \d,\d\d\d \(\+- \d\d\d\) jets stand again"):
        repeats.check(accepted=False)


def test_neither_order_nor_names_of_events_hide_a_copy():
    a = jets(2000, 1)
    renamed = replace(
        a, event=event_key(np.arange(2000) + 10**6), index=np.zeros(2000, int), label=a.label * 0
    )
    shuffled = renamed.select(np.random.default_rng(1).permutation(2000))
    assert found(a=a, b=shuffled).jets == 2000


def test_events_of_one_number_in_two_files_are_told_but_allowed():
    """Simulated processes are often numbered alike."""
    repeats = found(a=jets(2000, 1), b=jets(1000, 2), c=jets(500, 3, 10_000))
    assert (repeats.jets, repeats.pairs) == (0, {})
    assert repeats.alike == {("a", "b"): 500}
    (line,) = repeats.check(accepted=False)
    assert line.startswith(
        "different events have the same number in a and b: they come into one part of the split"
    )


def test_jets_of_an_event_on_both_sides_of_a_cut_are_no_repeats():
    a = jets(2000, 1)
    repeats = found(a=[a.select(np.arange(999)), a.select(np.arange(999, 2000))])
    assert repeats.check(accepted=False) == []


def test_a_sketch_is_small_and_comes_back_from_the_disk(tmp_path):
    sketch = Sketch.of(jets(50_000, 1))
    sketch.save(tmp_path / "sketch")
    assert (tmp_path / "sketch").stat().st_size < 16 * KEPT + 2000
    again = Sketch.load(tmp_path / "sketch")
    assert (again.number == [50_000, 50_000, 25_000]).all()
    assert (again.jets == sketch.jets).all()
    assert (np.diff(again.jets) > 0).all()


def test_chunks_without_jets_are_nothing_to_compare():
    empty = jets(10, 1).select(np.zeros(10, bool))
    assert found(a=empty, b=jets(10, 1), c=empty).jets == 0
    assert found(a=empty).jets == 0
    assert find_repeats([], []).jets == 0
