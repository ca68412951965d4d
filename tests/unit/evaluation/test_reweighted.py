"""Jets that count otherwise than in the nominal sample, beside jets that stand there as often."""

import numpy as np
import pytest
import torch

from robustag.binomial import effective_number
from robustag.evaluation import VARIED, campaign
from robustag.evaluation.bootstrap import event_weights, replicas
from robustag.evaluation.distances import Clean
from robustag.evaluation.weighted import effective_shares, too_few
from robustag.mismodelling.displacements import Displacement
from robustag.tensors import Normalisation
from robustag.tensors.loading import JetTensors
from robustag.training.losses import cross_entropy

NORMALISATION = Normalisation(("p", "q", "r"), np.zeros(3), np.ones(3), np.zeros(3))


class Logits(torch.nn.Linear):
    """Gives the inputs."""

    def __init__(self):
        super().__init__(3, 3, bias=False)
        self.weight.data = torch.eye(3)


@pytest.fixture
def jets(make_jets):
    """One jet an event, in two bins of pT."""
    logits, label, event = make_jets(3000)
    one, pt = torch.ones(3000), torch.linspace(20, 100, 3000)
    missing = torch.zeros(3000, 3, dtype=torch.bool)
    inputs = torch.from_numpy(logits)
    return JetTensors(inputs, missing, torch.from_numpy(label), one, pt, one, torch.from_numpy(event), one)


@pytest.fixture
def factor():
    """Positive weights around one."""
    return torch.from_numpy(np.random.default_rng(3).gamma(4.0, 0.25, 3000)).float()


def shown(clean, varied, settings):
    baseline = campaign.Baseline(Logits(), clean, NORMALISATION, settings, loss=cross_entropy)
    return baseline.varied(varied, "scenario", "up")


def test_a_jet_of_twice_the_weight_stands_there_twice(jets, settings):
    twice = torch.arange(3000) % 3 == 0
    weighted = shown(jets, jets.reweighted(1.0 + twice.float()), settings).metrics
    rows = torch.cat([torch.arange(3000), twice.nonzero()[:, 0]])
    copied = shown(jets, jets.select(rows), settings).metrics
    keys = ["discriminator", "metric", "working_point", "epsilon"]
    both = weighted.merge(copied, on=keys, suffixes=("", "_copied"))
    assert len(both) == len(weighted)
    np.testing.assert_allclose(both["value"], both["value_copied"], rtol=1e-6)
    replicates = (np.stack(both[name]) for name in ("replicates", "replicates_copied"))
    np.testing.assert_allclose(*replicates, rtol=1e-4, atol=1e-6)


def test_the_error_of_a_change_is_that_of_the_weights_alone(jets, factor, settings):
    """Weights of one change nothing in any replicate, small ones change little; their sum is no matter."""

    def spread(weight):
        metrics = shown(jets, jets.reweighted(weight), settings).metrics
        rows = metrics[(metrics["metric"] == "auc") & (metrics["discriminator"] == "BvL")]
        clean, varied = (np.array(rows[rows["epsilon"] == e]["replicates"].item()) for e in (0.0, VARIED))
        return (varied - clean).std(), clean.std()

    none, _ = spread(torch.ones(3000))
    full, own = spread(factor)
    tenth, _ = spread(1.0 + 0.1 * (factor - 1.0))
    scaled, _ = spread(5.0 * factor)
    assert none == 0.0
    assert 0.3 * own < full < 0.8 * own, "the weights' own spread is a half"
    assert tenth == pytest.approx(0.1 * full, rel=0.15)
    assert scaled == pytest.approx(full, rel=1e-3)


def test_crossing_jets_stand_for_the_error_of_the_weights(jets, factor, settings):
    """In a bin, 800 bootstrap replicates of the change of a rate spread as ``gained`` and ``lost`` say."""
    bins = shown(jets, jets.reweighted(factor), settings).bins
    wanted = (bins["variable"] == "pt") & (bins["bin_low"] == 40) & (bins["discriminator"] == "BvL")
    cuts = campaign.clean_cuts(jets.inputs.numpy(), jets.label.numpy(), settings)
    draws = event_weights(jets.event.numpy(), 800, 5).astype(float)
    for metric, label in (("fixed_cut_efficiency", 0), ("fixed_cut_mistag", 2)):
        chosen = wanted & (bins["metric"] == metric) & (bins["working_point"] == 0.1)
        clean, varied = (bins[chosen & (bins["epsilon"] == e)].iloc[0] for e in (0.0, VARIED))
        rows = ((jets.label == label) & (jets.pt >= 40)).numpy()
        odds = (jets.inputs[:, 0].double() - jets.inputs[:, 2].double()).numpy()[rows]
        above = odds > cuts.score["BvL", 0.1]
        weights = np.ones(rows.sum()), factor.numpy()[rows]
        before, after = ((draws[rows].T @ (w * above)) / (draws[rows].T @ w) for w in weights)
        assert varied["value"] == pytest.approx(np.average(above, weights=weights[1]))
        error = np.sqrt(varied["gained"] + varied["lost"]) / clean["total"]
        assert error == pytest.approx((after - before).std(), rel=0.1), metric


def test_what_is_left_of_the_jets_is_said(jets, factor, settings):
    wild = factor**6
    metrics = shown(jets, jets.reweighted(wild), settings).metrics
    few = jets.label != 1
    expected = effective_number(wild[few].double().numpy(), int(few.sum())) / int(few.sum())
    shares = effective_shares(metrics, ["up", "elsewhere"])
    assert shares.keys() == {"up"}
    assert 0 < shares["up"] <= expected * (1 + 1e-6) < 0.5
    (line,) = too_few(shares)
    assert line.startswith(f"the weights of up leave {shares['up']:.0%} of the jets")
    mild = effective_shares(shown(jets, jets.reweighted(factor), settings).metrics, ["up"])
    assert mild["up"] == pytest.approx(0.8, abs=0.05), "gamma of shape 4"
    assert not list(too_few(mild))


def test_inputs_that_weights_follow_are_seen_to_differ(jets):
    """The distance knows the weights, although no input has moved."""
    weights = torch.exp(0.5 * jets.inputs[:, 0])
    table = Clean(jets, ("p", "q", "r"), joint=0).compare(jets.reweighted(weights), seed=1)[0]
    js = table[(table["distance"] == "js")].set_index("input")
    shift = table[(table["distance"] == "shift") & (table["flavour"] == "all")].set_index("input")["value"]
    assert js["value"]["p"] > 10 * js["floor"]["p"]
    p = jets.inputs[:, 0].double().numpy()
    assert shift["p"] == pytest.approx(np.average(p, weights=weights.numpy()) - p.mean(), rel=1e-4)


def test_weights_move_means_and_no_jet(jets):
    weights = torch.exp(0.5 * jets.inputs[:, 0])
    varied = jets.reweighted(weights)
    both = tuple(replicas(s.event.numpy(), s.event_weight.numpy(), 50, 1) for s in (jets, varied))
    displacement = Displacement.between(jets, varied, torch.zeros(3, dtype=torch.bool), both)
    assert displacement.moves is None
    light = (jets.label == 2).numpy()
    values, weight = jets.inputs.double().numpy()[light], weights.double().numpy()[light]
    expected = np.average(values, axis=0, weights=weight) - values.mean(axis=0)
    np.testing.assert_allclose(displacement.means[0, 2], expected, rtol=1e-5, atol=1e-6)
    # Paired: the other inputs, which weights do not follow, scatter as the weights do and not as the jets.
    assert displacement.means[1:, 2, 1].std() < 0.8 * values[:, 1].std() / np.sqrt(light.sum())
