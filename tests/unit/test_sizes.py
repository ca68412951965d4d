"""The command `robustag sizes`: what an epsilon is in the units of the inputs."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from robustag.attacks import Spread
from robustag.attacks.spread import published_deviation
from robustag.cli import main
from robustag.features.published import read_moments
from robustag.tensors import Normalisation, WeightMap, summarise, tensorise, write_index
from robustag.tensors.loading import load_tensors
from robustag.workflow.records import write_study_record

SPLIT = [0.2, 0.1, 0.7]
STUDY = {"features": "config/features/jet_flavor.yaml", "relative_cap": None, "physical": False, "frozen": []}


@pytest.fixture
def study(tmp_path, root, table, records):
    """Folder of a study as far as its tensors, and their scaling."""
    pt, eta = [20.0, 900.0], [-2.5, 2.5]
    summary = summarise(records, SPLIT, pt, eta)
    normalisation = Normalisation.fit(summary, table)
    weights, tensors = WeightMap.fit(summary.kinematics, pt, eta), tmp_path / "results/mine/tensors"
    tensorise(records, table, normalisation, weights, SPLIT, tensors / "ttbar/nominal/0000.safetensors")
    write_index([tensors / "ttbar/nominal/0000.safetensors"], tensors / "nominal.index.json")
    normalisation.save(tensors / "normalisation.json")
    spread = Spread(torch.eye(table.size).repeat(3, 1, 1), torch.ones(table.size), (0.0, 0.0, 0.0))
    moments = read_moments(root / "config/reference/published_moments.csv")
    del moments["jet_eta"]
    published = published_deviation(moments, normalisation)
    replace(spread, published=published).save(tensors / "spread.safetensors")
    write_study_record(tmp_path / "results/mine", STUDY)
    return tmp_path / "results/mine", normalisation


@pytest.fixture
def sizes(study, capsys):
    """sizes(*arguments): number and unit of every printed input, and the names of those that stay."""

    def run(*arguments):
        assert main(["sizes", str(study[0]), *arguments]) == 0
        *lines, last = capsys.readouterr().out.splitlines()
        found = {name: (float(size), " ".join(unit)) for name, size, *unit in map(str.split, lines)}
        return found, last.removeprefix("stay: ").split(", ")

    return run


def test_every_input_has_its_size_or_stays(study, sizes, table):
    found, still = sizes("--epsilon", "0.02")
    assert {*found, *still} == {*table.names}
    assert set(still) == {name for name, count in zip(table.names, table.integer, strict=True) if count}
    for name, unit in (("jet_pt", "GeV"), ("jet_eta", ""), ("track_0_D0D0", "mm^2")):
        sigma = study[1].sigma[table.index(name)]
        assert found[name] == (pytest.approx(0.02 * sigma, rel=5e-3), unit)


def test_published_sizes_do_not_hang_on_the_sample(sizes):
    found, still = sizes("--factors", "published")
    assert found["jet_pt"] == (0.126, "GeV")
    assert "jet_eta" in still


def test_relative_sizes_are_medians_over_test_jets(study, sizes, table):
    results, normalisation = study
    found, _ = sizes("--epsilon", "1", "--factors", "uncertainty")
    jets = load_tensors([results / "tensors/nominal.index.json"], "test")
    column = table.index("jet_pt")
    there = ~jets.missing[:, column].numpy()
    value = np.abs(normalisation.unscale(jets.inputs.double().numpy())[there, column])
    assert found["jet_pt"][0] == pytest.approx(0.01 * np.median(value), rel=2e-2)
    assert found["track_0_D0"] == (0.005, "mm")


def test_what_it_lacks_is_one_line(study, tmp_path, capsys):
    for arguments, fault in (
        ([str(tmp_path)], "study.json"),
        ([str(study[0]), "--factors", "half"], "unknown set of shift factors 'half'"),
        ([str(study[0]), "--epsilon", "-1"], "give a size of 0 or larger"),
    ):
        assert main(["sizes", *arguments]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        (line,) = captured.err.splitlines()
        assert line.startswith("robustag sizes: ")
        assert fault in line
