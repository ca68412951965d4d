"""What each perturbation stands for."""

import copy

import pytest
import yaml

from robustag.errors import InputError
from robustag.mismodelling.sources import Source, calibrated_sources, sources_of
from robustag.workflow.checking import check_configuration


@pytest.fixture
def config(root):
    # YAML anchors share what stands behind them: a copy of each part lets a test change one alone.
    text = (root / "config/config.yaml").read_text()
    return {key: copy.deepcopy(value) for key, value in yaml.safe_load(text).items()}


def test_every_perturbation_finds_its_source(config):
    config["run"] |= {
        "variations": ["jes_down", "record_track_loss", "fsr_scale_up", "tune_monash"],
        "scenarios": ["jet_energy_scale_up", "more_charm"],
        "attacks": ["fgsm", "shift_down"],
    }
    del config["scenarios"]["jet_energy_scale_up"]["one_sigma"]
    assert sources_of(config) == {
        "jes_down": Source("jet energy scale", "detector", -2.0),
        "record_track_loss": Source("tracking efficiency", "detector", -2.5),
        "fsr_scale_up": Source("final-state radiation", "generator", 0.5),
        "tune_monash": Source("tune_monash", "generator", 1.0),
        "jet_energy_scale_up": Source("jet energy scale", "inputs", 1.0),
        "more_charm": Source("more_charm", "composition", 1.0),
        "shift_down": Source("coherent shift", "inputs", 1.0),
    }


def test_a_calibration_has_neither_attacks_nor_compositions_nor_stand_ins(config):
    config["run"] |= {
        "variations": ["jes_down", "record_jet_scale"],
        "scenarios": ["jet_energy_scale_up", "track_order", "more_charm"],
        "attacks": ["fgsm", "shift_down"],
    }
    assert list(calibrated_sources(config)) == ["jes_down", "record_jet_scale", "track_order"]
    config["run"]["variations"] = []
    assert list(calibrated_sources(config)) == ["jet_energy_scale_up", "track_order"]


def test_one_sigma_says_how_many_the_largest_strength_is(config):
    config["run"]["scenarios"] = ["track_order"]
    config["scenarios"]["track_order"] |= {"strengths": [0.3, 0.1], "one_sigma": -0.1}
    assert sources_of(config)["track_order"].sigma == pytest.approx(-3.0)


@pytest.mark.parametrize(
    ("section", "name", "wrong"),
    [
        ("variations", "jes_up", {"sigma": 0}),
        ("variations", "jes_up", {"source": ""}),
        ("variations", "jes_up", {"source": "total"}),
        ("scenarios", "track_order", {"one_sigma": 0}),
        ("scenarios", "more_charm", {"one_sigma": 1.0}),
    ],
)
def test_what_stands_for_nothing_is_refused(config, section, name, wrong):
    config[section][name] |= wrong
    with pytest.raises(InputError, match=rf"{section}\.{name}"):
        check_configuration(config)
