"""Flavour labels on hand-made events."""

from collections.abc import Callable

import numpy as np
import pytest

from robustag.generate.jets import Jets
from robustag.generate.labels import (
    find_truth,
    hadron_flavour,
    hard_flavours,
    has_quark,
    parton_flavour,
    prompt_leptons,
)


def _jet(n: int) -> Jets:
    """One jet an event along (eta, phi) = (0, 0)."""
    return Jets(np.arange(n), np.full(n, 50.0), np.zeros(n), np.zeros(n), np.zeros(n))


ROOT = {"id": 90, "status": -11, "pt": 0.0}
LEAF = {"id": 22, "status": 1, "pt": 0.5, "eta": 2.0}


def _decaying(pdg_id: int, **more: float) -> list[dict]:
    """A particle that decays into one photon."""
    particle = {"id": pdg_id, "status": -83, "pt": 20.0, "daughters": (2, 0)} | more
    return [ROOT, particle, LEAF | {"mother": 1}]


@pytest.mark.parametrize(
    ("pdg_id", "quark", "expected"),
    [
        (511, 5, True), (-521, 5, True), (5122, 5, True), (541, 5, True), (20513, 5, True), (553, 5, False),
        (411, 4, True), (4122, 4, True), (10411, 4, True), (443, 4, False), (511, 4, False), (5, 5, False),
        (211, 4, False), (2212, 5, False), (1000020040, 4, False), (5503, 5, False),
    ],
)  # fmt: skip
def test_quark_content_from_the_particle_number(pdg_id: int, quark: int, expected: bool) -> None:
    assert has_quark(np.array([pdg_id]), quark)[0] == expected


def test_hadron_labels(make_batch: Callable) -> None:
    events = [
        _decaying(511),
        _decaying(411),
        _decaying(15),
        _decaying(211),
        _decaying(511, pt=4.0),
        _decaying(511, eta=0.35),
        _decaying(421, phi=-0.25),
    ]
    batch = make_batch(events)
    assert hadron_flavour(batch, find_truth(batch), _jet(7)).tolist() == [5, 4, 15, 0, 0, 0, 4]


def test_bottom_outranks_its_own_charm(make_batch: Callable) -> None:
    event = [
        ROOT,
        {"id": 511, "status": -83, "pt": 30.0, "daughters": (2, 3)},
        {"id": 411, "status": -91, "pt": 20.0, "mother": 1, "daughters": (4, 0)},
        LEAF | {"mother": 1},
        LEAF | {"mother": 2},
    ]
    batch = make_batch([event])
    assert hadron_flavour(batch, find_truth(batch), _jet(1)).tolist() == [5]


def test_only_the_weakly_decaying_hadron_counts(make_batch: Callable) -> None:
    """B* -> B gamma: the B* points at the jet, the B does not."""
    event = [
        ROOT,
        {"id": 513, "status": -83, "pt": 30.0, "daughters": (2, 3)},
        {"id": 511, "status": -91, "pt": 28.0, "eta": 1.0, "mother": 1, "daughters": (4, 0)},
        LEAF | {"mother": 1},
        LEAF | {"mother": 2},
    ]
    batch = make_batch([event])
    truth = find_truth(batch)
    assert truth.bottom.tolist() == [2]
    assert hadron_flavour(batch, truth, _jet(1)).tolist() == [0]


def test_two_separate_daughters(make_batch: Callable) -> None:
    """daughter2 < daughter1 means two single daughters: the one between them is not the quark's."""
    event = [
        ROOT,
        LEAF,
        {"id": 21, "status": -51, "pt": 1.5, "daughters": (5, 0)},
        {"id": 5, "status": -51, "pt": 9.0, "daughters": (4, 1)},
        LEAF | {"mother": 3},
        LEAF | {"mother": 2},
    ]
    assert find_truth(make_batch([event])).parton.tolist() == [2, 3]


def test_parton_labels(make_batch: Callable) -> None:
    """The largest |id| within 0.5; gluons count 0; soft partons and partons from decays do not count."""
    events = [
        _decaying(21, status=-71),
        _decaying(-3, status=-71),
        _decaying(4, status=-71, eta=0.45),
        _decaying(4, status=-71, eta=0.55),
        _decaying(5, status=-71, pt=0.9),
        _decaying(5, status=-91),
        [ROOT, *(_decaying(pdg_id, status=-71)[1] | {"daughters": (4, 0)} for pdg_id in (21, 4, -5)), LEAF],
    ]
    batch = make_batch(events)
    assert parton_flavour(batch, find_truth(batch), _jet(7)).tolist() == [0, 3, 4, 0, 0, 0, 5]


def test_prompt_leptons_and_their_radiation(make_batch: Callable) -> None:
    event = [
        ROOT,
        {"id": 24, "status": -22, "pt": 0.0, "daughters": (2, 3)},
        {"id": -13, "status": -23, "mother": 1, "daughters": (4, 5)},
        {"id": 14, "status": 1, "mother": 1},
        {"id": -13, "status": 1, "mother": 2},
        {"id": 22, "status": 1, "mother": 2},
        {"id": -24, "status": -22, "daughters": (7, 8)},
        {"id": 15, "status": -23, "mother": 6, "daughters": (9, 11)},
        {"id": -16, "status": 1, "mother": 6},
        {"id": 11, "status": 1, "mother": 7},
        {"id": 211, "status": 1, "mother": 7},
        {"id": -12, "status": 1, "mother": 7},
        {"id": 511, "status": -83, "daughters": (13, 0)},
        {"id": 13, "status": 1, "mother": 12},
        {"id": 22, "status": 1, "mother": 12},
    ]
    assert np.flatnonzero(prompt_leptons(make_batch([event]))).tolist() == [3, 4, 5, 8, 9, 11]


def test_hard_flavours_are_the_hard_process_and_heavy_hadrons(make_batch: Callable) -> None:
    events = [
        _decaying(511),
        _decaying(411, pt=3.0),
        [ROOT, {"id": 6, "status": -22, "pt": 30.0, "daughters": (2, 0)}, LEAF],
    ]
    batch = make_batch(events)
    assert hard_flavours(batch, find_truth(batch)).tolist() == [1, 7]
