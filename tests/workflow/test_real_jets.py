"""Studies of jets of a real detector's simulation, from experiments' files to verdicts."""

import json
import os

import pandas as pd
import pytest
import yaml
from tests.checkout import Checkout

REAL = os.environ.get("ROBUSTAG_REAL_DATA")

pytestmark = [
    pytest.mark.process,
    pytest.mark.slow,
    pytest.mark.skipif(REAL is None, reason="ROBUSTAG_REAL_DATA names no folder of real jets"),
]

# One nominal and one adversarial training, and of everything else as little as leaves a whole study.
SMALL = {
    "epsilons": [0.0, 0.01, 0.05],
    "models": {
        "clean_nominal": {"checkpoints": [1, 4]},
        # Strong, so that what it buys stands out of the scatter of single trainings.
        "clean_fgsm": {"checkpoints": [1, 4], "recipe": {"epsilon": 0.05}},
    },
    "optimiser": {"batch_size": 128, "epochs": 20},
    "figures": {
        "pairs": [{"label": "clean", "nominal": "clean_nominal", "adversarial": "clean_fgsm"}],
        "mismodellings": [{"label": "noise 0.05", "perturbation": "noise", "epsilon": 0.05}],
        "rocs": {"systematic": ["shift_up"]},
        "discriminators": ["BvL", "CvL"],
    },
    "distances": {"attacks": ["fgsm", "noise"], "epsilons": [0.05], "jets": 500},
    "certificates": {"epsilons": []},
    "run": {
        "models": ["clean_nominal", "clean_fgsm"],
        "seeds": [1],
        "attacks": ["noise", "fgsm", "shift_up", "pgd"],
        "scenarios": ["softer_jets"],
        "pareto": {"models": []},
    },
}


def studied(folder, preset, sample, file, *targets):
    """Results of a small study of one file with a preset of the project."""
    checkout = Checkout(folder)
    own = {**SMALL, "study": "real", "samples": {sample: {"files": [f"{REAL}/{file}"]}}}
    (checkout.folder / "mine.yaml").write_text(yaml.safe_dump(own))
    run = checkout.snakemake(
        "--cores",
        "2",
        "--configfile",
        f"config/{preset}.yaml",
        "mine.yaml",
        *(["--", *targets] if targets else []),
    )
    assert run.returncode == 0, run.stdout
    return checkout.folder / "results/real"


def aucs(results):
    """BvL AUC on the test jets, by model, perturbation and epsilon."""
    metrics = pd.read_parquet(results / "tables/metrics.parquet")
    chosen = metrics[(metrics["metric"] == "auc") & (metrics["discriminator"] == "BvL")]
    return chosen.set_index(["model", "perturbation", "epsilon"])["value"]


def check_robustness(auc, nominal, cost):
    """Tagging works, FGSM costs the nominal model visibly, and the adversarial one less."""
    assert auc["clean_nominal", "fgsm", 0.0] >= nominal
    losses = {
        model: auc[model, "fgsm", 0.0] - auc[model, "fgsm", 0.05] for model in ("clean_nominal", "clean_fgsm")
    }
    assert losses["clean_nominal"] > cost
    assert losses["clean_fgsm"] < 0.9 * losses["clean_nominal"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deepntuple") / "study"
    return studied(folder, "deepntuple", "jets", "deepntuple_ttbar_7199jets.root")


def test_attacks_and_defence_work_on_real_jets(whole):
    # A gradient-boosted reference of these inputs reaches 0.90.
    check_robustness(aucs(whole), nominal=0.86, cost=0.01)


def test_the_study_of_real_jets_is_whole(whole):
    claims = json.loads((whole / "claims.json").read_text())["claims"]
    verdicts = {claim["id"]: claim["arms"]["clean"]["verdict"] for claim in claims}
    assert len(verdicts) == 17
    assert {"C3", "C5", "C6", "C9", "C13"}.isdisjoint(
        name for name, verdict in verdicts.items() if verdict == "not testable here"
    )
    summary = (whole / "summary.md").read_text()
    left_out = summary.split("## Not in this study")[1]
    assert "impact_parameter" not in left_out  # the preset of this test does not select it
    assert "variations ip_resolution_up" in left_out
    assert "these change the simulation, and samples are given as files" in left_out
    for figure in (
        "fig_headline",
        "fig_surface_clean",
        "fig_kinematics_spectra",
        "fig_input_epsilon_fgsm",
    ):
        assert list((whole / "plots").glob(f"{figure}*.png")), figure
    assert not list((whole / "plots").glob("fig_simulation*"))


def test_jets_of_nanoaod_are_tagged_attacked_and_defended(tmp_path):
    results = studied(
        tmp_path / "study",
        "nanoaod",
        "nanoaod",
        "nanoaodv5_ttbar_1000ev.root",
        "results/real/tables/metrics.parquet",
        "results/real/plots/fig_headline.png",
    )
    # Jets and secondary vertices know less than tracks.
    check_robustness(aucs(results), nominal=0.70, cost=0.003)
