"""Whole studies of other presets: pairs that share their models, and one of each and nothing else.

They start from jets, trainings, attacks and figures of the finished smoke study: what differs is made.
"""

import json
import shutil

import pandas as pd
import pytest
import yaml

from tests.checkout import Checkout
from tests.workflow.test_omissions import OMISSIONS, PAIRS

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

_KEPT = ["ntuples", "tensors", "models", "attacks", "mismodel", "align", "transfer", "surface", "validation"]


def continued(study, folder, preset):
    """A study of another preset, run on from the parts of the finished one; returns its results."""
    checkout = Checkout(folder)
    results = checkout.folder / "results/smoke"
    for name in _KEPT:
        shutil.copytree(study.results / name, results / name)
    (results / "plots").mkdir()
    for kind in ("fig_simulation", "fig_sketch"):
        for path in (study.results / "plots").glob(f"{kind}*"):
            shutil.copy2(path, results / "plots")
    (checkout.folder / "mine.yaml").write_text(yaml.safe_dump(preset))
    presets = ("--configfile", "config/smoke.yaml", "mine.yaml")
    run = checkout.snakemake("--cores", "2", *presets, "--rerun-triggers", "mtime")
    assert run.returncode == 0, run.stdout
    return results


@pytest.fixture(scope="module")
def sharing(study, tmp_path_factory):
    return continued(study, tmp_path_factory.mktemp("sharing") / "study", {"figures": {"pairs": PAIRS}})


@pytest.fixture(scope="module")
def bare(study, tmp_path_factory):
    preset, *_ = OMISSIONS["one of each and nothing else"]
    # The parts of the finished study are of all its samples.
    preset = preset | {"run": preset["run"] | {"samples": ["ttbar", "bb"]}}
    return continued(study, tmp_path_factory.mktemp("bare") / "study", preset)


def test_no_table_holds_a_row_twice(sharing):
    tables = sorted((sharing / "plots").glob("*.csv"))
    assert len(tables) > 30
    for path in tables:
        table = pd.read_csv(path)
        assert not table.duplicated().any(), path.name


def test_every_pair_has_its_figures_and_verdicts(sharing):
    claims = json.loads((sharing / "claims.json").read_text())["claims"]
    for pair in PAIRS:
        assert (sharing / f"plots/fig_surface_{pair['label']}.png").exists()
        assert all(claim["arms"][pair["label"]]["models"]["nominal"] == pair["nominal"] for claim in claims)
    summary = (sharing / "summary.md").read_text()
    headline = summary.split("## Published claims")[0]
    assert [headline.count(f"| {name} ") for name in ("clean_nominal", "clean_fgsm")] == [1, 1]


def test_a_model_meets_the_attacks_of_all_its_nominal_models(sharing):
    epochs = pd.read_parquet(sharing / "tables/epochs.parquet")
    crafted = epochs[epochs["source"] == "reference"].groupby("model")["crafted_on"].unique()
    assert {model: sorted(names) for model, names in crafted.items()} == {
        "clean_nominal": ["clean_nominal"],
        "clean_fgsm": ["clean_nominal", "faithful_nominal"],
        "faithful_nominal": ["clean_nominal", "faithful_nominal"],
    }


def test_a_bare_study_ends_with_verdicts_and_says_what_it_cannot_test(bare):
    claims = {claim["id"]: claim for claim in json.loads((bare / "claims.json").read_text())["claims"]}
    verdicts = {name: claim["arms"]["clean"]["verdict"] for name, claim in claims.items()}
    assert {name for name, verdict in verdicts.items() if verdict == "not testable here"} >= {
        "C8",
        "C9",
        "C11",
    }
    assert (
        "Not testable here: the study shows no such mismodelling."
        in claims["C8"]["arms"]["clean"]["interpretation"]
    )
    summary = (bare / "summary.md").read_text()
    assert "## Headline" in summary
    assert not any(f"## {title}" in summary for title in ("Performance", "Mismodelling", "Certificates"))
    assert "nan" not in summary
    assert not (bare / "plots/fig_pareto.png").exists()
    assert (bare / "plots/fig_roc_CvB.png").exists()
