"""The profiles for Slurm, on a real Slurm: what is submitted, what it asks for, how failures end."""

import pandas as pd
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

# Polling as often as these short jobs deserve, and no more of them at a time than the machine bears.
OPTIONS = (
    "--configfile config/smoke.yaml --jobs 6 --latency-wait 10 --slurm-init-seconds-before-status-checks 3"
)
SNAKEMAKE = f"timeout --kill-after=10 1500 snakemake {OPTIONS}"
# Every job starts Snakemake anew: fewer of a kind than in the smoke study, but more trainings than GPUs.
# In-event weights stay: without them Pythia draws other random numbers.
FEWER = """
run:
  variations: [fsr_scale_down, thermal_fragmentation]
  attacks: [noise, fgsm]
  scenarios: [softer_jets]
  pareto: {models: []}
validation: {samples: {bb: null, cc: null, light: null}}
distances: {attacks: [fgsm]}
figures:
  rocs: {capped: null, systematic: null}
  mismodellings: [{label: noise, perturbation: noise, epsilon: 0.05}]
"""
CHUNK = "results/smoke/ntuples/bb/nominal/0000.root"
GPU_RULES = {"train", "attack", "transfer", "mismodel", "surface"}


@pytest.fixture(scope="module")
def submitted(submit, tmp_path_factory):
    """The smoke study: its simulation by the profile for processors, the rest by the one for GPUs."""
    folder = tmp_path_factory.mktemp("slurm")
    (folder / "fewer.yaml").write_text(FEWER)
    snakemake = SNAKEMAKE.replace("smoke.yaml", "smoke.yaml fewer.yaml")
    return submit(
        folder,
        f"""
        {snakemake} --workflow-profile profiles/slurm --until tensorise &&
        {snakemake} --workflow-profile profiles/slurm-gpu
        """,
    )


def test_the_study_finishes(submitted):
    assert submitted.status == 0, submitted.output
    assert {job.state for job in submitted.jobs} == {"COMPLETED"}
    assert (submitted.checkout.folder / "results/smoke/summary.md").exists()


def test_the_numbers_are_those_of_a_local_run(submitted, study):
    here, there = (
        pd.read_parquet(folder / "tables/metrics.parquet").drop(columns="replicates")
        for folder in (submitted.checkout.folder / "results/smoke", study.results)
    )
    key = [name for name in here if name not in ("value", "low", "high", "n")]
    assert set(here["perturbation"]) == {
        *("noise", "fgsm", "softer_jets"),
        *("fsr_scale_down", "thermal_fragmentation"),
    }
    there = there[there["perturbation"].isin(here["perturbation"]) & there["model"].isin(here["model"])]
    here, there = (table.sort_values(key, ignore_index=True) for table in (here, there))
    pd.testing.assert_frame_equal(here, there, rtol=0.0, atol=0.0005)


def test_gpu_rules_ask_for_a_gpu_and_get_one_each(submitted):
    for job in submitted.jobs:
        if job.rule in GPU_RULES:
            assert (job.partition, job.asked, job.given) == ("gpu", 1, 1), job
        else:
            assert (job.partition, job.asked, job.given) == ("cpu", 0, 0), job
    assert {job.rule for job in submitted.jobs} >= GPU_RULES


def test_no_more_jobs_hold_a_gpu_than_there_are(submitted):
    with_gpu = [job for job in submitted.jobs if job.given]
    for one in with_gpu:
        assert sum(other.start <= one.start < other.end for other in with_gpu) <= 2


def test_figures_and_tables_stay_with_snakemake(submitted):
    rules = {job.rule for job in submitted.jobs}
    assert not [rule for rule in rules if rule.startswith("fig_")]
    assert not rules & {"collect", "claims", "summary", "metrics_csv", "audit_orders"}
    assert list((submitted.checkout.folder / "results/smoke/plots").glob("fig_*.png"))


def test_jobs_carry_the_name_of_the_project(submitted):
    assert all(job.name.startswith("robustag_") for job in submitted.jobs)


def test_a_job_killed_for_memory_comes_back_with_more(submit, tmp_path):
    run = submit(
        tmp_path / "study",
        f"{SNAKEMAKE} --workflow-profile profiles/slurm"
        f" --set-resources 'generate:mem_mb=100 * attempt ** 4' -- {CHUNK}",
    )
    assert run.status == 0, run.output
    attempts = [(job.memory, job.state) for job in run.jobs if job.rule == "generate"]
    assert attempts == [(100, "FAILED"), (1600, "COMPLETED")]


def test_a_request_that_no_node_meets_is_refused_at_once(submit, tmp_path):
    run = submit(
        tmp_path / "study",
        f"{SNAKEMAKE} --workflow-profile profiles/slurm --retries 0"
        f" --set-resources 'generate:mem_mb=100000000' -- {CHUNK}",
    )
    assert run.status != 0
    assert all(job.start == job.end for job in run.jobs), "nothing of it ran"
    assert "No suitable partition found for job generate" in run.output, run.output


def test_after_a_lost_connection_the_documented_steps_bring_the_study_back(submit, tmp_path):
    """Snakemake dies, its jobs live on: they are cancelled by name before the study goes on."""
    run = submit(
        tmp_path / "study",
        f"""
        snakemake {OPTIONS} --workflow-profile profiles/slurm -- {CHUNK} & snakemake=$!
        for _ in $(seq 300); do
            squeue --noheader --states=RUNNING | grep -q robustag && break
            sleep 0.2
        done
        kill -KILL $snakemake
        squeue --me --noheader --format '%A %j' \\
            | awk '$2 ~ /^robustag_/ {{print $1}}' | xargs --no-run-if-empty scancel
        {SNAKEMAKE} --workflow-profile profiles/slurm --unlock
        {SNAKEMAKE} --workflow-profile profiles/slurm -- {CHUNK}
        """,
    )
    assert run.status == 0, run.output
    states = [job.state for job in run.jobs]
    assert "CANCELLED" in states
    assert all(state in ("CANCELLED", "COMPLETED") for state in states)
    assert (tmp_path / "study" / CHUNK).exists()
