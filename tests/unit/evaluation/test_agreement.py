"""Data beside simulation: closed forms, and pseudo-data whose truth is known."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import chi2_contingency

from robustag.errors import InputError
from robustag.evaluation.agreement import (
    CELLS,
    Quantity,
    Sample,
    cells,
    chi2,
    compare,
    floor,
    inputs,
    scaled,
    scores,
    variance,
)
from robustag.evaluation.data_verdicts import BETTER, WORSE, data_verdicts
from robustag.evaluation.reading import DATA
from robustag.evaluation.significance import ALIKE
from robustag.readers import read_jets
from robustag.tensors import Normalisation
from robustag.tensors.loading import JetTensors
from robustag.visibility import jensen_shannon
from robustag.workflow.simulation import simulate_chunk

EDGES = [20.0, 50.0, 900.0]
PAIR = [{"label": "toy", "nominal": "a", "adversarial": "b"}]


def jets(random, number, pt=None, label=None, inputs=None, missing=None):
    """Jets, each of an event of its own."""
    pt = random.uniform(20, 100, number) if pt is None else pt
    label = random.integers(-1, 3, number) if label is None else label
    inputs = np.zeros((number, 1)) if inputs is None else inputs
    missing = np.zeros(inputs.shape, bool) if missing is None else missing
    columns = {
        **{"inputs": inputs, "missing": missing, "label": label, "weight": np.ones(number)},
        **{"pt": pt, "eta": np.zeros(number), "event": random.integers(2**62, size=number)},
        "event_weight": np.ones(number),
    }
    return JetTensors(**{name: torch.from_numpy(np.asarray(column)) for name, column in columns.items()})


def sample(of_jets, edges=EDGES, replicates=20):
    return Sample.of(of_jets, edges, replicates, seed=1)


def one(data, simulation, quantity, edges=EDGES):
    """Histograms and agreement of one quantity."""
    return compare(sample(data, edges), sample(simulation, edges), {"x": quantity}, edges)


def test_a_simulated_jet_of_weight_two_is_as_good_as_copies_of_it():
    random = np.random.default_rng(3)
    data, simulation = jets(random, 300), jets(random, 400)
    quantity = Quantity(random.uniform(size=300), random.uniform(size=400), (0.0, 1.0))
    weight = random.integers(1, 4, 400)
    rows = torch.from_numpy(np.repeat(np.arange(400), weight))
    copies = JetTensors(**{name: column[rows] for name, column in vars(simulation).items()})
    weighted = JetTensors(**{**vars(simulation), "event_weight": torch.from_numpy(weight.astype(np.float32))})
    histograms, agreement = one(data, weighted, quantity)
    others, same = one(data, copies, quantity._replace(simulation=quantity.simulation[rows]))
    pd.testing.assert_series_equal(histograms["count"], others["count"])
    np.testing.assert_allclose(agreement["js"], same["js"])
    # Cell by cell as good as (sum of weights)^2 / (sum of squares) jets, fewer than copies would be.
    assert (agreement["simulation"] < same["simulation"]).all()
    assert agreement["simulation"][0] >= weight.sum() ** 2 / (weight**2).sum()
    assert (agreement["floor"] > same["floor"]).all()
    # All of weight two is all of weight one: the sum does not matter.
    double = JetTensors(**{**vars(simulation), "event_weight": torch.full((400,), 2.0)})
    for found, plain in zip(one(data, double, quantity), one(data, simulation, quantity), strict=True):
        pd.testing.assert_frame_equal(found, plain)


def test_data_count_one_each():
    random = np.random.default_rng(4)
    data, simulation = jets(random, 100, label=np.full(100, -1)), jets(random, 100)
    heavy = JetTensors(**{**vars(data), "event_weight": torch.from_numpy(random.uniform(1, 9, 100))})
    quantity = Quantity(random.uniform(size=100), random.uniform(size=100), (0.0, 1.0))
    for found, plain in zip(one(heavy, simulation, quantity), one(data, simulation, quantity), strict=True):
        pd.testing.assert_frame_equal(found, plain)


def test_every_value_has_its_cell():
    values = np.array([0.0, 0.019, 0.02, 0.999, 1.0, -1e-9, 1.0001, np.nan, np.inf])
    assert cells(values, (0.0, 1.0)).tolist() == [0, 0, 1, 49, 49, 50, 50, 50, 50]


def test_simulation_has_the_jets_of_data_in_every_bin_of_pt():
    random = np.random.default_rng(1)
    data, simulation = random.integers(1, 9, (2, 5, CELLS)).astype(float)
    data[3], simulation[4] = 0, 0
    kept, made, factor = scaled(data, simulation)
    np.testing.assert_allclose(made.sum(axis=-1), kept.sum(axis=-1))
    np.testing.assert_allclose(made[:3], simulation[:3] * factor[:3, None])
    assert (kept[:3] == data[:3]).all()
    assert kept[3:].sum() == made[3:].sum() == 0


@pytest.mark.parametrize(("data", "simulation"), [(4000, 4000), (500, 3000), (60, 60), (60, 900)])
def test_floor_is_what_two_samples_of_one_distribution_have(data, simulation):
    random = np.random.default_rng(2)
    shares = np.geomspace(0.001, 1, 40)
    shares /= shares.sum()
    toys = [random.multinomial(number, shares, 3000) for number in (data, simulation)]
    few = [part[:60] for part in toys]
    expected = floor(few[0], few[1] * data / simulation, few[1]).mean()
    assert jensen_shannon(*toys).mean() == pytest.approx(expected, rel=0.03)


def test_chi2_without_bins_of_pt_is_that_of_a_contingency_table():
    random = np.random.default_rng(3)
    data, simulation = random.poisson(20, (2, 1, CELLS)).astype(float)
    data[:, 5], simulation[:, 6], data[:, 7], simulation[:, 7] = 0, 0, 0, 0
    kept, made, factor = scaled(data, simulation)
    found = chi2(kept, made, variance(data, simulation, simulation, factor))
    filled = data[0] + simulation[0] > 0
    assert found == pytest.approx(chi2_contingency([data[0, filled], simulation[0, filled]]).statistic)


def test_chi2_is_its_degrees_of_freedom():
    """Cells that one, few or many jets are in, two bins of pT with very different factors."""
    random = np.random.default_rng(4)
    expected, factors = np.geomspace(0.3, 300, CELLS), np.array([0.2, 3.0])[:, None]
    found, freedom = [], []
    for _ in range(800):
        data = random.poisson(np.tile(expected, (2, 1))).astype(float)
        simulation = random.poisson(expected / factors).astype(float)
        kept, made, factor = scaled(data, simulation)
        parts = [part.sum(axis=0) for part in (kept, made, variance(data, simulation, simulation, factor))]
        found.append(chi2(*parts))
        freedom.append(np.count_nonzero(parts[2]) - 1)
    assert np.mean(found) == pytest.approx(np.mean(freedom), rel=0.02)


def test_histograms_hold_every_jet_once():
    random = np.random.default_rng(5)
    data, simulation = jets(random, 300), jets(random, 900)
    values = [random.normal(0.5, 0.5, len(each)) for each in (data, simulation)]
    values[0][:20] = np.nan
    histograms, agreement = one(data, simulation, Quantity(*values, (0.0, 1.0)))
    assert len(histograms) == 2 * 5 * CELLS
    by_bin = histograms.groupby(["bin_low", histograms["flavour"] == DATA])["count"].sum().unstack()
    np.testing.assert_allclose(by_bin[False], by_bin[True])
    inside = (data.pt < 50).sum().item()
    assert by_bin[True].tolist() == [inside, 300 - inside]
    measured = histograms[histograms["flavour"] == DATA].groupby("low", dropna=False)["count"].sum()
    expected = np.histogram(values[0][20:], bins=50, range=(0, 1))[0]
    assert measured.iloc[:-1].tolist() == expected.tolist()
    assert measured.iloc[-1] == 300 - expected.sum()
    light = histograms[(histograms["flavour"] == "light") & (histograms["bin_low"] == 20)]
    factor = inside / (simulation.pt < 50).sum().item()
    own = ((simulation.label == 2) & (simulation.pt < 50)).sum().item()
    assert light["count"].sum() == pytest.approx(factor * own)
    np.testing.assert_allclose(light["variance"], factor * light["count"])
    assert agreement["bin_low"].tolist() == [20, 20, 50]
    assert agreement["bin_high"].tolist() == [900, 50, 900]
    assert agreement["data"].tolist() == [300, inside, 300 - inside]
    assert agreement["simulation"].iloc[1] == (simulation.pt < 50).sum().item()


def test_labels_of_data_say_nothing():
    random = np.random.default_rng(6)
    data, simulation = jets(random, 200), jets(random, 200)
    quantity = Quantity(*random.random((2, 200)), (0.0, 1.0))
    other = JetTensors(**{**vars(data), "label": torch.zeros(200, dtype=torch.int64)})
    for found, expected in zip(
        one(other, simulation, quantity), one(data, simulation, quantity), strict=True
    ):
        assert found.to_json() == expected.to_json()


def test_another_spectrum_is_no_disagreement_and_another_missing_share_is():
    random = np.random.default_rng(7)
    bins = [20.0, 30.0, 50.0, 900.0]
    spectra = [
        random.choice([25.0, 40.0, 100.0], 2000, p=share) for share in ([0.7, 0.2, 0.1], [0.2, 0.3, 0.5])
    ]
    data, simulation = (jets(random, 2000, pt=spectrum) for spectrum in spectra)
    values = [random.normal(spectrum / 100, 0.2) for spectrum in spectra]
    _, agreement = one(data, simulation, Quantity(*values, (-1.0, 2.0)), bins)
    assert (agreement["chi2"] / agreement["ndf"]).iloc[0] < 1.6
    values[0][::3] = np.nan
    _, agreement = one(data, simulation, Quantity(*values, (-1.0, 2.0)), bins)
    assert (agreement["js"] > 5 * agreement["floor"]).iloc[0]


def test_replicates_are_the_divergence_of_weighted_events():
    random = np.random.default_rng(8)
    data, simulation = jets(random, 400), jets(random, 400)
    quantity = Quantity(*random.random((2, 400)), (0.0, 1.0))
    ones = [
        Sample(each.flavour, each.place, np.ones((400, 4), np.uint8))
        for each in map(sample, (data, simulation))
    ]
    _, agreement = compare(*ones, {"x": quantity}, EDGES)
    for _, row in agreement.iterrows():
        np.testing.assert_allclose(row["replicates"], row["js"], rtol=1e-6)
    _, agreement = one(data, simulation, quantity)
    assert all(0.05 * row["js"] < row["replicates"].std() < row["js"] for _, row in agreement.iterrows())


def test_without_a_common_bin_there_is_nothing_to_compare():
    random = np.random.default_rng(9)
    data, simulation = jets(random, 50, pt=np.full(50, 30.0)), jets(random, 50, pt=np.full(50, 60.0))
    with pytest.raises(InputError, match="no bin of pT between 20 and 900 GeV has jets of data and of"):
        one(data, simulation, Quantity(*random.random((2, 50)), (0.0, 1.0)))


def test_scores_are_the_discriminators():
    logits = [np.array([[2.0, 1.0, 0.0]]), np.array([[0.0, 0.0, 3.0]])]
    found = scores(*logits)
    assert list(found) == ["BvL", "BvC", "CvB", "CvL"]
    assert found["BvL"].data[0] == pytest.approx(1 / (1 + np.exp(-2)))
    assert found["CvL"].simulation[0] == pytest.approx(1 / (1 + np.exp(3)))
    assert found["BvC"].bounds == (0.0, 1.0)


def judged(random, of_data, of_simulation, seeds=3):
    """Verdict on a nominal model with few filled cells and an adversarial one with many, on the same jets.

    of_data, of_simulation: mean of what each model makes of the jets.
    """
    data, simulation = jets(random, 400), jets(random, 400)
    samples = sample(data, EDGES[:1] + EDGES[-1:]), sample(simulation, EDGES[:1] + EDGES[-1:])
    tables = []
    for model, width in (("a", 0.02), ("b", 0.15)):
        common = [random.normal(mean[model], width, 400) for mean in (of_data, of_simulation)]
        for seed in range(seeds):
            # Trainings differ a little on the same jets.
            values = [part + random.normal(0, 0.1 * width, 400) for part in common]
            _, agreement = compare(*samples, {"x": Quantity(*values, (0.0, 1.0))}, EDGES[:1] + EDGES[-1:])
            agreement.insert(0, "model", model)
            agreement.insert(1, "seed", seed)
            tables.append(agreement)
    return data_verdicts(pd.concat(tables, ignore_index=True), PAIR, ["x"], 2.0).iloc[0]


def test_one_distribution_in_data_and_simulation_gives_no_verdict_in_nearly_all_toys():
    """Though the two models fill other numbers of cells, so that their divergences differ."""
    random = np.random.default_rng(10)
    same = {"a": 0.5, "b": 0.5}
    found = [judged(random, same, same) for _ in range(40)]
    assert sum(row["verdict"] != ALIKE for row in found) <= 2
    assert np.mean([row["nominal"] for row in found]) == pytest.approx(0, abs=0.001)
    assert np.mean([row["adversarial"] for row in found]) == pytest.approx(0, abs=0.002)


def test_a_planted_mismodelling_decides_for_the_model_that_does_not_feel_it():
    random = np.random.default_rng(11)
    same = {"a": 0.5, "b": 0.5}
    better = judged(random, {"a": 0.53, "b": 0.5}, same)
    worse = judged(random, {"a": 0.5, "b": 0.8}, same)
    assert (better["verdict"], worse["verdict"]) == (BETTER, WORSE)
    assert better["nominal"] > 5 * better["nominal_error"]
    assert abs(better["adversarial"]) < 3 * better["adversarial_error"]


@pytest.fixture(scope="module")
def pseudo_data(tmp_path_factory, table):
    """Jets of one detector as simulation, and of others in other collisions as data."""
    folder = tmp_path_factory.mktemp("pseudo")
    detectors = {"smeared": {"d0_resolution": 6.0}, "louder": {"jet_energy_scale": 1.4}}
    made = {}
    for seed in (5, 6):
        files = {name: folder / f"{name}{seed}.root" for name in ("nominal", *detectors)}
        simulate_chunk(
            *("ttbar", {"process": "ttbar", "events": 150, "pythia": ["PartonLevel:MPI = off"]}),
            *({"events_per_chunk": 150, "detector": {"tracker": "atlas_run1"}}, 0),
            root_seed=seed,
            outputs=files,
            detectors=detectors,
            progress=lambda done: None,
        )
        made[seed] = {name: read_jets("generated", file, table) for name, file in files.items()}
    return {"simulation": made[5]["nominal"], **made[6]}


@pytest.mark.slow
def test_pseudo_data_differ_where_their_detector_does(pseudo_data, table):
    ranges = {"jet_pt": (0.0, 200.0), "jet_eta": (-2.5, 2.5), "track_0_D0": (-0.2, 0.2)}
    edges = [20.0, 900.0]
    units = [np.full(table.size, value) for value in (0.0, 1.0, 0.0)]
    plain = Normalisation(table.names, *units)

    def tensors(records):
        values = records.values
        return JetTensors(
            *map(torch.from_numpy, (np.nan_to_num(values), np.isnan(values), records.label, records.weight)),
            *map(torch.from_numpy, (records.pt, records.eta, records.event.view(np.int64), records.weight)),
        )

    def above(name):
        both = tensors(pseudo_data[name]), tensors(pseudo_data["simulation"])
        _, agreement = compare(*(sample(each, edges) for each in both), inputs(*both, plain, ranges), edges)
        return (agreement["js"] / agreement["floor"]).set_axis(agreement["quantity"])

    assert (above("nominal") < 1.7).all()
    smeared, louder = above("smeared"), above("louder")
    assert smeared["track_0_D0"] > 3 > 1.7 > smeared[["jet_pt", "jet_eta"]].max()
    assert louder["jet_pt"] == louder.max() > 1.7
