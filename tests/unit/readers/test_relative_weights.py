"""Weights of variations, from the branches of an ntuple to the tensors of its test jets."""

from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
import torch
import uproot

from robustag.errors import InputError
from robustag.readers import JetRecords, read_jets
from robustag.tensors import Normalisation, WeightMap, tensorise
from robustag.tensors.loading import load_relative_weights, load_tensors
from robustag.tensors.split import assign_split
from robustag.workflow.simulation import simulate_chunk

WEIGHTS = {"up": {"shower": "fsr:muRfac=1.414"}, "softer": {"fragmentation": "frag:rFactB=0.9525"}}
FRACTIONS = [0.4, 0.2, 0.4]


@pytest.fixture(scope="module")
def ntuples(tmp_path_factory):
    """Nominal and with a worse detector, 60 top pairs each."""
    folder = tmp_path_factory.mktemp("weighted")
    outputs = {name: folder / f"{name}.root" for name in ("nominal", "worse")}
    sample = {"process": "ttbar", "events": 60, "pythia": ["PartonLevel:MPI = off"]}
    generator = {"events_per_chunk": 60, "detector": {"tracker": "atlas_run1"}}
    simulate_chunk(
        "ttbar",
        sample,
        generator,
        0,
        root_seed=5,
        outputs=outputs,
        detectors={"worse": {"d0_resolution": 1.5}},
        weights=WEIGHTS,
        progress=lambda done: None,
    )
    return outputs


def test_every_jet_has_the_weights_of_its_event(ntuples, table):
    with uproot.open(ntuples["nominal"]) as file:
        events = file["Events"].arrays(["event", "nJet", "PSWeight_up", "PSWeight_softer"])
    jets = read_jets("generated", ntuples["nominal"], table)
    assert jets.relative_weights.keys() == WEIGHTS.keys()
    for name in WEIGHTS:
        expected = np.repeat(ak.to_numpy(events[f"PSWeight_{name}"]), ak.to_numpy(events["nJet"]))
        assert np.ptp(expected) > 0
        assert np.array_equal(jets.relative_weights[name], expected)
    part = read_jets("generated", ntuples["nominal"], table, (20, 50))
    rows = np.isin(jets.described["event"], part.described["event"])
    assert np.array_equal(part.relative_weights["up"], jets.relative_weights["up"][rows])
    worse = read_jets("generated", ntuples["worse"], table)
    assert np.array_equal(worse.relative_weights["up"], jets.relative_weights["up"]), "the same collisions"


def test_an_ntuple_without_weights_has_none(simulated, table):
    assert read_jets("generated", simulated, table).relative_weights == {}


def test_records_keep_them_on_the_disk_and_in_parts(ntuples, table, tmp_path):
    jets = read_jets("generated", ntuples["nominal"], table).labelled("nominal")
    jets.save(tmp_path / "jets.safetensors")
    again = JetRecords.load(tmp_path / "jets.safetensors")
    halves = [again.select(np.arange(len(jets)) % 2 == half) for half in (0, 1)]
    joined = JetRecords.joined(halves)
    order = np.argsort(np.arange(len(jets)) % 2, kind="stable")
    for name in WEIGHTS:
        assert np.array_equal(again.relative_weights[name], jets.relative_weights[name])
        assert np.array_equal(joined.relative_weights[name], jets.relative_weights[name][order])


def test_a_weight_that_is_no_number_is_named(records, table):
    broken = replace(records, relative_weights={"up": np.full(len(records), np.nan, np.float32)})
    with pytest.raises(InputError, match=r"jets\.root: the weights of up are not one number a jet"):
        broken.cleaned("jets.root", table)


def test_test_jets_are_weighted_in_memory(records, table, tmp_path):
    """The tensors have the weights as columns; what is weighted shares the inputs with the nominal jets."""
    weights = {"up": np.linspace(0.5, 2.0, len(records), dtype=np.float32)}
    path = tmp_path / "jets.safetensors"
    size = table.size
    normalisation = Normalisation(table.names, np.zeros(size), np.ones(size), np.full(size, -1.0))
    one = np.ones((3, 1, 1))
    flat = WeightMap(one, one, np.array([0.0, 1000.0]), np.array([-3.0, 3.0]))
    tensorise(replace(records, relative_weights=weights), table, normalisation, flat, FRACTIONS, path)
    jets = load_tensors([path], "test")
    factor = load_relative_weights([path], "test", "up")
    test = assign_split(records.event, FRACTIONS) == 2
    assert torch.equal(factor, torch.from_numpy(weights["up"][test]))
    varied = jets.reweighted(factor)
    assert varied.inputs is jets.inputs
    assert torch.equal(varied.event_weight, factor * jets.event_weight)
    with pytest.raises(InputError, match=r"jets\.safetensors is damaged or no tensor store .*weight down"):
        load_relative_weights([path], "test", "down")
