"""What only the default configuration selects and given jets do not allow is left out of a study."""

import copy

import pytest
import yaml

from robustag.cli import read_configuration
from robustag.errors import InputError
from robustag.workflow.checking import check_configuration

TABLE = {
    "data_set": "small",
    "blocks": [
        {
            "name": "jet",
            "variables": [
                {"name": "jet_pt", "unit": "GeV", "role": "pt", "missing": {"stand_in": 0.0}, "shift": 0.1},
                {"name": "jet_eta", "unit": "1", "role": "eta", "missing": {"stand_in": -3.0}},
            ],
        },
        {
            "name": "candidate",
            "count": 2,
            "variables": [{"name": "dxy", "unit": "cm", "missing": {"stand_in": -1.0}}],
        },
    ],
}


@pytest.fixture
def write(tmp_path, root, monkeypatch):
    """A function that checks the default configuration with a preset on given jets on top."""
    monkeypatch.chdir(root)
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(TABLE))
    own = {
        "features": str(tmp_path / "small.yaml"),
        "samples": {"mine": {"format": "generated", "files": ["mine.root"]}},
        "run": {"samples": ["mine"]},
    }

    def written(**preset):
        document = copy.deepcopy(own)
        for key, value in preset.items():
            document[key] = {**document.get(key, {}), **value}
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump(document))
        config = read_configuration([root / "config/config.yaml", tmp_path / "mine.yaml"])
        return config, check_configuration(config)

    return written


def test_the_default_study_is_whole(root, monkeypatch):
    monkeypatch.chdir(root)
    config = read_configuration([root / "config/config.yaml"])
    before = copy.deepcopy(config)
    assert check_configuration(config).left_out == []
    assert config == before


def test_what_given_jets_do_not_allow_is_left_out_and_said(write):
    config, (_, left_out) = write()
    assert config["run"]["variations"] == config["run"]["pseudo_data"] == []
    assert config["run"]["scenarios"] == ["track_order", "softer_jets"]
    assert set(config["evaluation"]["inputs"]) == {"jet_pt", "jet_eta"}
    assert [pair["inputs"] for pair in config["surface"]["pairs"]] == [["jet_pt", "jet_eta"]]
    assert "clean_set_transformer" not in config["run"]["pareto"]["models"]
    assert config["run"]["frontier"]["models"] == ["clean_fgsm", "clean_noise_05"], (
        "no variations to train on"
    )
    # It has jet_pt in common with the published table.
    assert "fgsm_published" in config["run"]["attacks"]
    said = "\n".join(left_out)
    for kind, name in (
        ("variations", "fakes_up"),
        ("pseudo_data", "mixture"),
        ("scenarios", "impact_parameter_shift"),
        ("inputs", "vertex_mass"),
        ("pairs", "vertex_mass and vertex_energy_fraction"),
        ("models", "clean_set_transformer"),
    ):
        assert any(line.startswith(f"{kind} ") and name in line for line in left_out), said


@pytest.mark.parametrize(
    ("preset", "complaint"),
    [
        ({"run": {"variations": ["fakes_up"]}}, "'fakes_up' changes the simulation"),
        ({"run": {"pseudo_data": ["fakes_up"]}}, "run.pseudo_data: 'fakes_up' changes the simulation"),
        ({"run": {"scenarios": ["impact_parameter_shift"]}}, "'track_\\*_D0' names no input"),
        ({"evaluation": {"inputs": {"vertex_pt": [0, 1]}}}, "evaluation.inputs names 'vertex_pt'"),
        ({"surface": {"pairs": [{"inputs": ["a", "jet_eta"], "widths": [1, 1]}]}}, "surface.pairs names 'a'"),
        ({"run": {"pareto": {"models": ["clean_set_transformer"]}}}, "no block of .* has all of"),
        ({"run": {"attacks": ["noise", "fgsm", "fgsm_resolution"]}}, "would need a role variance_of"),
        ({"run": {"models": ["clean_nominal", "clean_paired"]}}, "recipe.variations needs the variation"),
    ],
)
def test_what_a_preset_asks_for_must_fit(write, preset, complaint):
    own = preset.get("run", {})
    with pytest.raises(InputError, match=complaint):
        write(**{**preset, **({"run": {"samples": ["mine"], **own}} if own else {})})


def student_of(teacher):
    return {
        "network": {"name": "linear"},
        "loss": {"name": "cross_entropy"},
        "recipe": {"name": "distilled", "teachers": [teacher], "temperature": 1.0, "share": 1.0},
        "checkpoints": [],
    }


def test_students_go_the_way_of_their_teachers(write):
    models = {
        "of_fgsm": student_of("clean_fgsm"),
        "of_pairs": student_of("clean_paired"),
        "of_students": student_of("of_pairs"),
    }
    run = {"samples": ["mine"], "frontier": {"models": list(models)}}
    config, (_, left_out) = write(models=models, run=run)
    assert config["run"]["frontier"]["models"] == ["of_fgsm"]
    assert any("of_pairs, of_students: their trainings show variations" in line for line in left_out)
    run = {"samples": ["mine"], "models": ["clean_nominal", "clean_fgsm", "of_set"]}
    with pytest.raises(InputError, match=r"models\.clean_set_transformer\.network\.pairs: no block"):
        write(models={"of_set": student_of("clean_set_transformer")}, run=run)


def test_ways_of_training_drop_out_whoever_asked_for_them(write):
    config, (_, left_out) = write(
        run={"samples": ["mine"], "frontier": {"models": ["clean_fgsm", "clean_coherent"]}}
    )
    assert config["run"]["frontier"]["models"] == ["clean_fgsm"]
    assert any("clean_coherent" in line and "variations that are not made" in line for line in left_out)
