"""Origins, decay points and kept mothers on hand-made family trees."""

from collections.abc import Callable

import numpy as np
import pytest

from robustag.generate.labels import find_truth
from robustag.generate.origins import Origin, decay_vertex, mother_within, particle_origin

ROOT = {"id": 90, "status": -11, "pt": 0.0}
PION = {"id": 211, "status": 1, "pt": 1.0}


def _line(*ids: int) -> list[dict]:
    """A chain of decays that ends in a pion."""
    chain = [
        {"id": pdg_id, "status": -83, "pt": 9.0, "mother": place, "daughters": (place + 2, 0)}
        for place, pdg_id in enumerate(ids)
    ]
    return [ROOT, *chain, PION | {"mother": len(ids)}]


@pytest.mark.parametrize(
    ("line", "origin"),
    [
        ((21,), Origin.PRIMARY), ((113,), Origin.PRIMARY), ((511,), Origin.BOTTOM),
        ((511, 411), Origin.BOTTOM), ((513, 511, 413, 411, 113), Origin.BOTTOM), ((411,), Origin.CHARM),
        ((431, 15), Origin.CHARM), ((411, 311, 310), Origin.STRANGE), ((511, 411, 3122), Origin.STRANGE),
        ((3122,), Origin.STRANGE), ((2212, 21), Origin.PRIMARY),
    ],
)  # fmt: skip
def test_origin_is_the_last_decay_on_the_way(make_batch: Callable, line: tuple, origin: Origin) -> None:
    batch = make_batch([[ROOT, PION], _line(*line)])
    particle = np.array([len(batch.event) - 1])
    assert particle_origin(batch, find_truth(batch), particle).tolist() == [origin]


def test_decay_vertex_is_where_the_daughters_are_made(make_batch: Callable) -> None:
    event = _line(511)
    event[2]["vertex"] = (1.0, 2.0, 3.0)
    batch = make_batch([[ROOT, PION], event])
    found = decay_vertex(batch, np.array([3, 4]))
    assert found[0].tolist() == [1.0, 2.0, 3.0]
    assert np.isnan(found[1]).all()


def test_mothers_count_among_the_kept_of_their_event(make_batch: Callable) -> None:
    batch = make_batch([_line(6, 24, 23), _line(6, 5, 513, 511, 411)])
    # Kept: t and Z of the first event, t, B and D of the second; W, b and B* are left out.
    kept = np.array([1, 3, 6, 9, 10])
    assert mother_within(batch, kept).tolist() == [-1, 0, -1, 0, 1]
