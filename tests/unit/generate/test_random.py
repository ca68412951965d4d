"""Counter-based random numbers: distribution, independence and addressability."""

import numpy as np
from scipy.stats import kstest

from robustag.generate.random import Purpose, Streams


def test_normals_and_uniforms_follow_their_distributions() -> None:
    streams = Streams(1, 1, 1)
    counter = np.arange(50_000)
    assert kstest(streams.uniform(Purpose.TRACK_EFFICIENCY, counter), "uniform").pvalue > 1e-3
    assert kstest(streams.normal(Purpose.TRACK_SMEARING, counter), "norm").pvalue > 1e-3


def test_neighbouring_counters_and_purposes_are_uncorrelated() -> None:
    streams = Streams(1, 1, 1)
    event, item = np.arange(200)[:, None], np.arange(200)[None, :]
    normal = streams.normal(Purpose.TRACK_SMEARING, event, item)
    other = streams.normal(Purpose.TOWER_ENERGY, event, item)
    limit = 4.0 / np.sqrt(normal.size)
    for pair in (
        (normal[1:], normal[:-1]),
        (normal[:, 1:], normal[:, :-1]),
        (normal, other),
        (normal, normal.T),
    ):
        off_diagonal = ~np.eye(200, dtype=bool)[: pair[0].shape[0], : pair[0].shape[1]]
        a, b = (side[off_diagonal] for side in pair)
        assert abs(np.corrcoef(a, b)[0, 1]) < limit


def test_a_draw_depends_on_its_address_alone() -> None:
    streams = Streams(7, 2, 3)
    everything = streams.normal(Purpose.BEAM_SPOT, np.arange(100)[:, None], np.arange(3)[None, :])
    assert np.array_equal(
        streams.normal(Purpose.BEAM_SPOT, np.array([42]), np.array([1])), everything[42, 1:2]
    )


def test_seed_run_and_chunk_each_matter() -> None:
    seeds = {
        Streams(*words).integer(Purpose.PYTHIA_SEED, 900_000_000)
        for words in ((1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2), (1, 0, 0), (0, 1, 0), (0, 0, 1))
    }
    assert len(seeds) == 7
