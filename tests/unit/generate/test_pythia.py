"""Settings of the samples and what Pythia refuses."""

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import pythia8mc
import yaml

from robustag.errors import InputError
from robustag.generate.detector import detector_from
from robustag.generate.pythia import Generator, pythia_settings


def test_phase_space_of_qcd_samples() -> None:
    settings = pythia_settings({"process": "bb", "pthat_min": 30, "pythia": ["PartonLevel:MPI = off"]})
    assert "HardQCD:gg2bbbar = on" in settings
    assert "PhaseSpace:pTHatMin = 30" in settings
    assert "PhaseSpace:pTHatMax = 300.0" in settings
    assert "PhaseSpace:bias2SelectionPow = 2.5" in settings
    assert settings[-1] == "PartonLevel:MPI = off"


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ({"process": "higgs"}, "unknown process 'higgs'"),
        ({}, "unknown process 'None'"),
        ({"process": "ttbar", "pthat_min": 20}, "'pthat_min' means nothing for process 'ttbar'"),
        ({"process": "bb", "pt_hat": 20}, "'pt_hat' means nothing"),
    ],
)
def test_unusable_samples_are_named(sample: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pythia_settings(sample)


@pytest.mark.parametrize("setting", ["PartonLevel:MIP = off", "Tune:pp = 99", "nonsense"])
def test_a_setting_that_pythia_refuses_is_named(setting: str) -> None:
    with pytest.raises(InputError) as error:
        Generator(pythia_settings({"process": "bb", "pythia": [setting]}), seed=1)
    assert setting in str(error.value)


def test_settings_that_cannot_start_are_an_error() -> None:
    with pytest.raises(InputError, match="cannot start"):
        Generator(("Beams:eCM = 13000.",), seed=1)


class _Unreliable:
    """A Pythia that fails on chosen events."""

    def __init__(self, pythia: object, failing: set[int]) -> None:
        self._pythia, self._failing, self._done = pythia, failing, 0

    def nextBatch(self, count: int, mode: str) -> ak.Array:
        numbers = range(self._done, self._done + count)
        self._done += count
        return ak.mask(self._pythia.nextBatch(count, mode), [n not in self._failing for n in numbers])


def _unreliable(failing: set[int]) -> Generator:
    generator = Generator(pythia_settings({"process": "bb", "pythia": ["PartonLevel:MPI = off"]}), seed=5)
    generator._pythia = _Unreliable(generator._pythia, failing)
    return generator


def test_failed_events_are_counted_and_leave_their_numbers_unused() -> None:
    generator = _unreliable({0, 7, 10, 11})
    batches = list(generator.batches(20, size=2))
    numbers = [int(number) for batch in batches for number in batch.number]
    assert numbers == [n for n in range(20) if n not in {0, 7, 10, 11}]
    assert generator.failed == 4
    assert all(batch.event.max() + 1 == len(batch.number) == len(batch.offsets) - 1 for batch in batches)


def test_too_many_failures_are_an_error() -> None:
    with pytest.raises(InputError, match="failed on 11 of 12 events"):
        list(_unreliable(set(range(11))).batches(20, size=2))


def test_batches_hold_complete_events_with_their_weights() -> None:
    settings = pythia_settings({"process": "bb", "pythia": ["PartonLevel:MPI = off"]})
    generator = Generator(settings, seed=5)
    batches = list(generator.batches(50, size=20))
    assert [len(batch.number) for batch in batches] == [20, 20, 10]
    assert np.concatenate([batch.number for batch in batches]).tolist() == list(range(50))
    for batch in batches:
        final = batch.status > 0
        total = np.zeros((len(batch.number), 4))
        np.add.at(total, batch.event[final], batch.momentum[final])
        assert total[:, 3] == pytest.approx(13000.0, rel=1e-4)
        assert total[:, :3] == pytest.approx(np.zeros((len(batch.number), 3)), abs=0.5)
        assert (batch.weight > 0.0).all()
        assert (batch.weight <= 1.0).all()
    assert generator.failed == 0
    assert generator.cross_section() > 1e5


@pytest.mark.slow
def test_every_variation_of_the_default_study_can_start(root: Path) -> None:
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    nominal = config["generator"]["detector"]
    for name, variation in config["variations"].items():
        if "detector" in variation:
            assert detector_from(nominal | variation["detector"]) != detector_from(nominal), name
        elif "generator" in variation:
            settings = ["PartonLevel:MPI = off", *variation["generator"]["pythia"]]
            generator = Generator(pythia_settings({"process": "bb", "pythia": settings}), seed=5)
            assert [len(batch.number) for batch in generator.batches(5)] == [5], name
        elif "weights" in variation:
            settings = pythia_settings({"process": "ttbar", "pythia": ["PartonLevel:MPI = off"]})
            generator = Generator(settings, seed=5, weights={name: variation["weights"]})
            assert np.ptp([b.relative_weights[name] for b in generator.batches(20)]) > 0.02, name


def test_lifetimes_of_the_variation_are_five_per_cent_longer(root: Path) -> None:
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    nominal = pythia8mc.Pythia("", False).particleData
    for setting in config["variations"]["b_lifetime_up"]["generator"]["pythia"]:
        hadron, lifetime = setting.split(":tau0 = ")
        assert float(lifetime) / nominal.tau0(int(hadron)) == pytest.approx(1.05, abs=1e-4)
