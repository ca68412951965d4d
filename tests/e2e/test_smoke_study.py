"""The finished product: the smoke study from simulated collisions to verdicts."""

import json
import os
import re
import shutil
import subprocess

import awkward as ak
import pandas as pd
import pytest
import torch
import yaml
from coffea.nanoevents import NanoAODSchema, NanoEventsFactory

from robustag.claims.catalogue import CLAIMS
from robustag.deployment.predict import score_ntuple
from robustag.models import load_model
from robustag.tensors import Normalisation
from robustag.tensors.loading import load_tensors
from tests.checkout import Checkout
from tests.studies import SMOKE, files_of

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FIGURES = [
    "fig_alignment_clean_fgsm",
    "fig_alignment_clean_nominal",
    "fig_auc_epoch",
    "fig_auc_epsilon_BvL",
    "fig_auc_epsilon_CvL",
    "fig_bins_clean",
    "fig_calibration_clean",
    "fig_certified",
    "fig_closure",
    "fig_confusion_clean",
    "fig_discriminator_clean",
    "fig_fixed_cut_BvL",
    "fig_fixed_cut_CvL",
    "fig_frontier",
    "fig_groups",
    "fig_headline",
    "fig_history",
    "fig_input_clean",
    "fig_input_distance",
    "fig_input_epsilon_fgsm",
    "fig_input_epsilon_noise",
    "fig_kinematics_spectra",
    "fig_kinematics_weights",
    "fig_leave_one_out",
    "fig_mismodelling",
    "fig_mismodelling_map",
    "fig_optimality",
    "fig_output_clean",
    "fig_pareto",
    "fig_roc_BvL",
    "fig_roc_CvL",
    "fig_roc_perturbations_capped",
    "fig_roc_perturbations_systematic",
    "fig_roc_scan_clean",
    "fig_scale_factors_clean",
    "fig_simulation_inputs",
    "fig_simulation_lifetime",
    "fig_simulation_resolution",
    "fig_simulation_tracks",
    "fig_simulation_vertices",
    "fig_sketch_jet",
    "fig_sketch_training",
    "fig_surface_average_clean",
    "fig_surface_clean",
    "fig_surface_planes_clean",
    "fig_surface_statistics",
    "fig_undetected",
    "fig_surface_weights",
    "fig_threshold_clean",
    "fig_transfer_BvL",
    "fig_transfer_CvL",
]


def test_the_run_ends_with_the_headline_numbers(study):
    summary = (study.results / "summary.md").read_text()
    assert summary.strip() in study.output
    assert "clean_fgsm" in summary


def test_everything_may_be_read_by_whom_the_umask_allows(study):
    mask = os.umask(0)
    os.umask(mask)
    modes = {path: path.stat().st_mode & 0o777 for path in study.results.rglob("*") if path.is_file()}
    assert {str(path): oct(mode) for path, mode in modes.items() if mode != 0o666 & ~mask} == {}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn_with_the_table_it_shows(study, name):
    plots = study.results / "plots"
    assert (plots / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert (plots / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert len(pd.read_csv(plots / f"{name}.csv")) > 0


def test_every_number_is_bracketed_by_attack_and_certificate(study):
    table = pd.read_parquet(study.results / "tables/certificates.parquet")
    key = ["model", "epsilon", "discriminator", "metric", "flavour", "working_point"]
    found = table.fillna({"working_point": 0.0}).pivot(index=key, columns="method", values="value")
    sign = 1 - 2 * (found.index.get_level_values("metric") == "fixed_cut_mistag")
    assert set(found.index.get_level_values("epsilon")) == {
        0.0,
        *study.configuration["certificates"]["epsilons"],
    }
    assert (sign * found["interval"] <= sign * found["proven"]).all()
    assert (sign * found["proven"] <= sign * found["attack"]).all()


def test_rates_are_bounded_in_every_bin_and_said_in_words(study):
    rates = pd.read_parquet(study.results / "tables/certified_rates.parquet")
    assert set(rates["box"]) == set(study.configuration["certificates"]["boxes"])
    assert (rates["lowest"] <= rates["raw"]).all()
    assert (rates["raw"] <= rates["highest"]).all()
    assert (rates["lowest"] < rates["highest"]).any()
    assert rates["bin_low"].nunique() > 1
    summary = (study.results / "summary.md").read_text()
    said = summary.count("no change of inputs within")
    assert said == len(rates.groupby(["model", "box"])) > 0


def test_an_epsilon_has_a_size_for_every_input(study):
    sizes = pd.read_parquet(study.results / "tables/sizes.parquet")
    scaling = Normalisation.load(study.results / "tensors/normalisation.json")
    trained = sizes.groupby(["model", "seed"])
    nominal = {pair["nominal"] for pair in study.configuration["figures"]["pairs"]}
    assert set(trained.groups) == {(m, s) for m in nominal for s in study.configuration["run"]["seeds"]}
    for _, rows in trained:
        assert tuple(rows["input"]) == scaling.names
        assert rows["share"].sum() == pytest.approx(1.0)
        moves = rows["size"] > 0
        assert (rows["share"][~moves] == 0).all()
        expected = study.configuration["claims"]["epsilon"] * scaling.sigma
        assert rows["size"][moves].to_numpy() == pytest.approx(expected[moves], rel=1e-4)
    assert "## What epsilon means" in (study.results / "summary.md").read_text()


def test_every_model_is_measured_under_every_perturbation(study):
    metrics = pd.read_parquet(study.results / "tables/metrics.parquet")
    config = study.configuration
    perturbations = {name for kind in ("attacks", "scenarios", "variations") for name in config["run"][kind]}
    auc = metrics[(metrics.metric == "auc") & (metrics.discriminator == "BvL")]
    trained = {(model, seed) for model in config["run"]["models"] for seed in config["run"]["seeds"]}
    assert set(zip(auc.model, auc.seed, strict=True)) == trained
    for model, rows in auc.groupby("model"):
        assert set(rows.perturbation) == perturbations, model
    attacked = auc[auc.perturbation == "fgsm"]
    assert set(attacked.epsilon) == set(config["epsilons"])
    assert auc.value.between(0, 1).all()
    assert (auc.low <= auc.high).all()


_OF_A_MEASUREMENT = ("metrics", "bins", "confusion")


def test_the_tables_of_a_measurement_agree(study):
    """Accuracy is the diagonal of the confusion, and crossing jets lead from raw to changed counts.

    Where jets count one each: of weighted ones both are in jets that have the same errors.
    """
    variations = study.configuration["variations"]
    weighted = [name for name, variation in variations.items() if "weights" in variation]
    tables = [pd.read_parquet(study.results / f"tables/{name}.parquet") for name in _OF_A_MEASUREMENT]
    assert all(table.perturbation.isin(weighted).any() for table in tables)
    metrics, bins, confusion = (table[~table.perturbation.isin(weighted)] for table in tables)
    key = ["model", "seed", "perturbation", "epsilon"]
    accuracy = metrics[metrics.metric == "accuracy"].set_index(key)
    jets = confusion.groupby(key)["count"].sum()
    right = confusion[confusion.true == confusion.predicted].groupby(key)["count"].sum()
    pd.testing.assert_series_equal(right / jets, accuracy.value, check_names=False, check_like=True)
    same = [
        "model",
        "seed",
        "perturbation",
        "discriminator",
        "metric",
        "working_point",
        "variable",
        "bin_low",
    ]
    raw = bins[bins.epsilon == 0].set_index(same).passed
    changed = bins[(bins.epsilon > 0) & bins.gained.notna()].set_index(same)
    assert len(changed) > 1000
    assert (changed.passed - changed.gained + changed.lost == raw.loc[changed.index].to_numpy()).all()
    assert bins.value.dropna().between(0, 1).all()


def test_clean_numbers_of_the_same_jets_do_not_depend_on_the_perturbation(study):
    """Attacks on all test jets share their clean numbers, and so do those on the same number of jets."""
    metrics = pd.read_parquet(study.results / "tables/metrics.parquet")
    definitions = study.configuration["attacks"]
    clean = metrics[(metrics.epsilon == 0) & (metrics.kind == "attack")].copy()
    clean["jets"] = [definitions.get(name, {}).get("jets", "all") for name in clean.perturbation]
    assert clean.groupby("jets").perturbation.nunique()["all"] >= 3
    assert clean.groupby("jets").perturbation.nunique()[150] >= 3
    key = ["model", "seed", "jets", "discriminator", "metric", "working_point"]
    assert (clean.groupby(key, dropna=False).value.nunique(dropna=False) == 1).all()


def test_every_attack_is_audited(study):
    audit = pd.read_parquet(study.results / "tables/audit.parquet")
    run = study.configuration["run"]
    rows = audit.groupby(["model", "seed", "perturbation"]).size()
    assert set(rows.index.get_level_values("perturbation")) == set(run["attacks"])
    assert (rows == len(study.configuration["epsilons"])).all()
    assert (audit[["outside_budget", "moved_frozen", "fractional_counts"]] == 0).all(axis=None)
    assert (audit.audited_jets == study.configuration["audit"]["jets"]).all()
    clean = audit[audit.epsilon == 0]
    assert clean.groupby(["model", "seed"]).misread.nunique().eq(1).all(), "all look at the same jets"


def test_every_claim_has_a_verdict(study):
    claims = json.loads((study.results / "claims.json").read_text())
    text = (study.results / "claims.md").read_text()
    verdicts = {"reproduced", "reproduced in part", "not reproduced", "within error", "not testable here"}
    assert [claim["id"] for claim in claims["claims"]] == [claim.id for claim in CLAIMS]
    for claim in claims["claims"]:
        assert {judged["verdict"] for judged in claim["arms"].values()} <= verdicts
        assert set(claim["arms"]) == {"clean"}
        tested = [f for judged in claim["arms"].values() for f in judged["findings"] if f["deciding"]]
        assert any(not finding["reason"] for finding in tested), "this study makes all that claims need"
        assert f"## {claim['id']}" in text


@pytest.mark.filterwarnings("ignore:Missing cross-reference:RuntimeWarning")
@pytest.mark.parametrize("mode", ["virtual", "eager"])
def test_coffea_opens_the_ntuples(study, mode):
    path = study.results / "ntuples/ttbar/nominal/0000.root"
    events = NanoEventsFactory.from_root({str(path): "Events"}, schemaclass=NanoAODSchema, mode=mode).events()
    assert len(events) == 350
    assert ak.all(events.Jet.pt > 20)
    assert ak.sum(ak.num(events.Jet)) > 2 * len(events)
    assert ak.all(events.Track.jetIdx < ak.num(events.Jet))
    assert set(events.Jet.fields) >= {"pt", "eta", "phi", "mass", "hadronFlavour", "vertex_mass"}


def test_exported_models_score_ntuples_as_the_study_does(study):
    ntuple = study.results / "ntuples/ttbar/nominal/0000.root"
    test = load_tensors([study.results / "tensors/ttbar/nominal/0000.safetensors"], "test")
    jets = pd.DataFrame({"pt": test.pt, "eta": test.eta})
    exported = sorted((study.results / "models").glob("*/*.onnx"))
    run = study.configuration["run"]
    assert len(exported) == len(run["models"]) * len(run["seeds"])
    for path in exported:
        model, _ = load_model(path.with_suffix(".safetensors"))
        with torch.no_grad():
            jets["expected"] = model(test.inputs).softmax(dim=1)[:, 0].numpy()
        both = jets.merge(score_ntuple(path, ntuple), on=["pt", "eta"])
        assert len(both) == len(jets)
        assert both.P_b.to_numpy() == pytest.approx(both.expected.to_numpy(), abs=1e-4)


def test_a_job_is_repeated_by_hand_and_with_another_model(study, tmp_path):
    attack = "results/smoke/attacks/clean_nominal/seed1/fgsm.metrics.parquet"
    before = files_of(study.checkout)

    def by_hand(*arguments):
        return subprocess.run(
            [study.checkout.python, "scripts/attack.py", "--job", attack, *arguments],
            cwd=study.checkout.folder,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    refused = by_hand()
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert refused.stderr.startswith("robustag: attack: already there: results/smoke/attacks/clean_nominal/")
    other = "results/smoke/models/clean_fgsm/seed1.safetensors"
    runs = {"again": (), "other": ("--input-model", other)}
    for name, arguments in runs.items():
        run = by_hand("--into", str(tmp_path / name), *arguments)
        assert run.returncode == 0, run.stderr
    made = {name: pd.read_parquet(tmp_path / name / attack) for name in runs}
    of_study = {
        name: study.results / f"attacks/{name}/seed1/fgsm.metrics.parquet"
        for name in ("clean_nominal", "clean_fgsm")
    }
    pd.testing.assert_frame_equal(made["again"], pd.read_parquet(of_study["clean_nominal"]))
    pd.testing.assert_frame_equal(made["other"], pd.read_parquet(of_study["clean_fgsm"]))
    assert files_of(study.checkout) == before


def test_nothing_is_left_to_do(study):
    assert study.checkout.plan(*SMOKE) == {}


def test_redrawing_a_figure_is_one_job(study, root):
    # Those of data are there where a study has data.
    files = [path for path in (root / "workflow/rules").glob("*.smk") if path.stem != "data"]
    rules = "".join(path.read_text() for path in files)
    figures = re.findall(r"^ *rule (fig_\w+):", rules, re.MULTILINE)
    planned = study.checkout.plan(*SMOKE, "--forcerun", *figures, "--", *figures)
    assert planned == dict.fromkeys(figures, 1)


def test_pseudo_data_meet_every_way_of_training_and_are_held_back_from_all_else(study):
    rates = pd.read_parquet(study.results / "tables/pseudo_data_rates.parquet")
    assert set(rates["model"]) == {"clean_nominal", "clean_fgsm", "clean_paired"}
    shown = pd.read_parquet(study.results / "tables/pseudo_data_agreement.parquet")
    assert {"BvL", "CvL", "jet_pt"} <= set(shown["quantity"])
    assert "## A held-back mixture plays data" in (study.results / "robust_training.md").read_text()
    metrics = pd.read_parquet(study.results / "tables/metrics.parquet", columns=["perturbation"])
    assert "mixture" not in set(metrics["perturbation"])
    for page in ("scale_factors.md", "claims.md", "summary.md"):
        assert "mixture" not in (study.results / page).read_text()


def test_verdicts_and_summary_are_one_job_each(study):
    planned = study.checkout.plan(*SMOKE, "--forcerun", "claims", "summary", "--", "claims", "summary")
    assert planned == {"claims": 1, "summary": 1}


def test_another_shown_strength_redraws_what_shows_it_and_nothing_else(study):
    preset = yaml.safe_load((study.checkout.folder / "config/smoke.yaml").read_text())
    preset["figures"]["epsilon"] = 0.01
    changed = study.checkout.folder / "shown.yaml"
    changed.write_text(yaml.safe_dump(preset))
    planned = study.checkout.plan("--configfile", "shown.yaml")
    names = [
        "bins",
        "calibration",
        "confusion",
        "discriminator",
        "input",
        "output",
        "roc",
        "roc_perturbations",
        "threshold",
    ]
    others = ("alignment", "auc_epoch", "pareto", "frontier", "leave_one_out", "closure", "groups")
    shown = {f"fig_{name}" for name in (*names, *others)}
    # Gradients, epochs and groups of inputs are measured at the strength shown; no training and no attack is.
    measured = {"align", "epochs", "groups", "frontier", "collect"}
    assert set(planned) == shown | measured | {"claims", "summary", "all"}


def test_changing_an_attack_reruns_it_and_what_follows_but_no_training(study):
    preset = yaml.safe_load((study.checkout.folder / "config/smoke.yaml").read_text())
    preset["attacks"]["fgsm"] = {"factors": "as_intended"}
    preset["optimality"]["attacks"] = ["fgsm"]  # others have another budget now
    changed = study.checkout.folder / "changed.yaml"
    changed.write_text(yaml.safe_dump(preset))
    planned = study.checkout.plan("--configfile", "changed.yaml")
    assert planned.pop("attack") == len({*preset["run"]["models"], *preset["run"]["frontier"]["models"]})
    # All tables in which it stands; those of trainings, transfers, certificates and surfaces stay.
    assert planned.pop("collect") == 14
    assert planned.pop("metrics_csv") == 1
    assert planned.pop("audit_orders") == planned.pop("sizes") == 1
    tables = {
        "align",
        "distances",
        "epochs",
        "frontier",
        "groups",
        "mismodelling_verdicts",
        "optimality",
        "undetected",
        "scale_factors",
        "claims",
        "summary",
        "all",
    }
    assert {rule for rule in planned if not rule.startswith("fig_")} <= tables


def test_event_weights_rerun_what_counts_jets_and_no_simulation(study):
    preset = yaml.safe_load((study.checkout.folder / "config/smoke.yaml").read_text())
    changed = study.checkout.folder / "weighted.yaml"
    changed.write_text(yaml.safe_dump(preset | {"event_weights": True}))
    planned = study.checkout.plan("--configfile", "weighted.yaml")
    samples = len(list((study.results / "ntuples").glob("*/nominal/*.root")))
    assert planned["records"] == planned["summarise"] == planned["tensorise"] == samples
    assert planned["train"] >= len(preset["run"]["models"])
    simulated = {"generate", "generate_varied", "vary_records"}
    assert not {rule for rule in planned if rule in simulated or rule.startswith("validate")}
    assert not {rule for rule in planned if rule.startswith("fig_simulation")}


def test_another_order_of_keys_in_the_configuration_reruns_nothing(study):
    def reverse(value):
        return {k: reverse(value[k]) for k in reversed(value)} if isinstance(value, dict) else value

    preset = yaml.safe_load((study.checkout.folder / "config/smoke.yaml").read_text())
    reordered = study.checkout.folder / "reordered.yaml"
    reordered.write_text(yaml.safe_dump(reverse(preset), sort_keys=False))
    assert study.checkout.plan("--configfile", "reordered.yaml") == {}


def test_the_report_builds(study):
    run = study.checkout.snakemake(*SMOKE, "--cores", "1", "--report", "report.html")
    assert run.returncode == 0, run.stdout
    assert "fig_headline.png" in (study.checkout.folder / "report.html").read_text()


def test_logs_are_quiet_and_there_for_every_job(study):
    logs = list((study.results / "logs").rglob("*.log"))
    assert len(logs) > 40
    assert all(len(log.read_text().splitlines()) < 40 for log in logs)


def test_no_half_written_file_is_left(study):
    left = [path for path in study.results.rglob("*") if "partial" in path.name or "checkpoint" in path.name]
    assert left == []


def test_a_damaged_ntuple_is_one_clear_line(study, tmp_path):
    checkout = Checkout(tmp_path / "damaged")
    ntuple = checkout.folder / "results/smoke/ntuples/ttbar/nominal/0000.root"
    ntuple.parent.mkdir(parents=True)
    # The same job reads the chunk in every detector.
    shutil.copytree(study.results / "ntuples/ttbar", ntuple.parents[1], dirs_exist_ok=True)
    whole = ntuple.read_bytes()
    ntuple.write_bytes(whole[: len(whole) // 2])
    records = "results/smoke/records/ttbar/nominal/0000.safetensors"
    run = checkout.snakemake(
        *SMOKE, "--cores", "1", "--rerun-triggers", "mtime", "--allowed-rules", "records", "--", records
    )
    assert run.returncode != 0
    assert re.search(r"robustag: records .*0000\.root is damaged .*generate it again", run.stdout)
    assert not os.path.exists(checkout.folder / records)
