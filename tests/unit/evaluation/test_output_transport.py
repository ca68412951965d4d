"""Transport of outputs on the simplex: closed forms of shifted and widened distributions, and noise."""

import numpy as np
import pytest

from robustag.evaluation.assess import AssessedJets
from robustag.evaluation.bootstrap import replicas
from robustag.evaluation.discriminators import probabilities
from robustag.evaluation.kernels import quantiles
from robustag.evaluation.transport import Outputs, log_ratios

JETS = 6000
BASIS = log_ratios(np.eye(3)).T
LABEL = np.arange(JETS) % 3


def jets(events, weight=None):
    weight = np.ones(JETS) if weight is None else weight
    return AssessedJets(LABEL, replicas(events, weight, 100, 5), {}, np.ones(JETS))


SAME = jets(np.arange(JETS))


def outputs(points, seed=0):
    """Logits of points of the plane; what softmax takes away is arbitrary."""
    return points @ BASIS + np.random.default_rng(seed).normal(size=(len(points), 1))


def transport(clean, jets_of_clean, varied, jets_of_varied):
    return Outputs(clean, jets_of_clean).transport(Outputs(varied, jets_of_varied))


def normal(seed):
    return np.random.default_rng(seed).normal(size=(JETS, 2))


def values(table):
    return table["value"].to_numpy()


def test_distances_of_log_ratios_are_those_of_aitchison():
    logits = np.random.default_rng(1).normal(scale=2.0, size=(2, 3))
    log = np.log(probabilities(logits))
    centred = log - log.mean(axis=1, keepdims=True)
    assert np.linalg.norm(np.diff(log_ratios(logits), axis=0)) == pytest.approx(
        np.linalg.norm(centred[1] - centred[0])
    )


def test_log_ratios_do_not_saturate():
    """Probabilities of these round to 0 and 1; a step of one logit is as large as anywhere."""
    steps = np.diff(log_ratios(np.array([[900.0, 0.0, 0.0], [901.0, 0.0, 0.0]])), axis=0)
    assert np.linalg.norm(steps) == pytest.approx(np.sqrt(2 / 3))


@pytest.mark.parametrize("shift", [(0.3, 0.0), (0.1, -0.2), (0.0, 0.05)])
def test_a_shift_costs_its_square(shift):
    points = normal(1)
    table = transport(outputs(points), SAME, outputs(points + shift, 7), SAME)
    assert table["discriminator"].to_list() == ["b", "c", "light"]
    assert values(table) == pytest.approx(np.sum(np.square(shift)), rel=1e-6)
    assert np.stack(table["replicates"]).std(axis=1) == pytest.approx(0.0, abs=1e-7)


def test_widening_costs_the_square_of_the_difference_of_the_widths():
    points = normal(2)
    found = values(transport(outputs(points), SAME, outputs(1.5 * points), SAME))
    # Of a variance of 2, the quantiles leave out the outermost four per mille.
    assert found == pytest.approx(2 * 0.5**2, rel=0.06)


def test_the_coupling_of_the_very_jets_is_an_upper_bound():
    points = normal(3)
    moved = points + 0.4 * normal(4)
    found = values(transport(outputs(points), SAME, outputs(moved), SAME))
    assert (found < 0.05).all()
    assert (found > 2 * (np.sqrt(1.16) - 1) ** 2 - 0.01).all()


def test_noise_alone_is_no_distance_and_has_an_honest_error():
    """Two samples of other jets: the mean over many is nothing, or the shift, within the errors."""
    shift = np.array([0.1, 0.0])
    pulls = []
    for seed in range(12):
        other = jets(np.arange(JETS) + 10**7 * (seed + 1))
        table = transport(outputs(normal(100 + seed)), SAME, outputs(normal(200 + seed) + shift), other)
        error = np.stack(table["replicates"]).std(axis=1)
        pulls.append((values(table) - 0.01) / error)
        centre = np.stack(table["replicates"]).mean(axis=1)
        assert np.abs(centre - values(table)).max() < 1e-6
    # 36 numbers; without the correction for noise their mean is 0.5.
    assert np.mean(pulls) == pytest.approx(0.0, abs=3 / 6)
    assert 0.7 < np.std(pulls) < 1.4


def test_weights_count_jets():
    points = normal(5)
    half = np.arange(JETS) < JETS // 2
    moved = points + np.where(half, 0.0, 1.0)[:, None]
    weighted = jets(np.arange(JETS), np.where(half, 1.0, 1e-9))
    assert values(transport(outputs(points), weighted, outputs(moved), weighted)) == pytest.approx(
        0, abs=1e-3
    )


def test_replicates_without_jets_of_a_flavour_are_left_out():
    few = AssessedJets(np.arange(3), replicas(np.arange(3), np.ones(3), 100, 5), {}, np.ones(3))
    points = normal(6)[:3]
    found = transport(outputs(points), few, outputs(points + np.array([0.3, 0.4])), few)
    assert values(found) == pytest.approx(0.25)
    assert np.isnan(np.stack(found["replicates"])).mean() == pytest.approx(np.exp(-1), abs=0.1)


def test_the_spread_is_the_total_variance_and_grows_with_the_logits():
    points = 1.5 * normal(7)
    one, three = (Outputs(factor * outputs(points), SAME).spread().iloc[0] for factor in (1.0, 3.0))
    assert one["value"] == pytest.approx(points.var(axis=0).sum(), rel=1e-9)
    assert three["value"] == pytest.approx(9 * one["value"], rel=1e-9)
    assert np.std(one["replicates"]) == pytest.approx(1.5**2 * 2 / np.sqrt(JETS), rel=0.3)


@pytest.mark.parametrize("negative", [False, True])
def test_quantiles_are_where_shares_of_the_weight_are_first_reached(negative):
    rng, levels = np.random.default_rng(5), np.array([0.1, 0.5, 0.999])
    values = rng.normal(size=40)
    weights = rng.poisson(1.0, (6, 40)).astype(np.float32)
    weights[2] = 0
    if negative:
        weights -= 0.2 * (rng.random((6, 40)) < 0.1)
    order = np.argsort(values, kind="stable")
    found = quantiles(values, weights, order, levels)
    for row, weight in zip(found, weights, strict=True):
        sums = np.cumsum(weight[order], dtype=np.float64)
        if not sums[-1] > 0:
            assert np.isnan(row).all()
            continue
        assert row.tolist() == [values[order][sums >= level * sums[-1]][0] for level in levels]
