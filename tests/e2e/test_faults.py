"""What happens to a study is not its fault: kills, full disks, damaged files, two runs at once."""

import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from robustag.files import read_table, write_table
from tests.checkout import Checkout
from tests.mounts import in_own_mounts
from tests.studies import SMOKE, Study, files_of

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

KILLS = 7
# A table of seconds differs from run to run; everything else is the same to the last bit.
TIMES = ["seconds"]


def finished_part(study: Study, folder, *paths: str) -> Checkout:
    """A checkout that has some of the files of a finished study, as if it had made them."""
    checkout = Checkout(folder)
    for path in paths:
        copy = checkout.folder / "results/smoke" / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        source = study.results / path
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, copy)
    return checkout


def kill_group(process: subprocess.Popen) -> None:
    """Snakemake and its jobs at once, as a crash of the machine would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_control_c_is_one_line_of_the_job_and_leaves_nothing(tmp_path):
    checkout = Checkout(tmp_path / "stopped")
    run = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1", *SMOKE, "--", "fig_simulation_vertices"],
        cwd=checkout.folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    results = checkout.folder / "results/smoke"
    while not list(results.glob("ntuples/*/nominal/.*.partial.root")) and run.poll() is None:
        time.sleep(0.1)
    # A terminal sends it to all that run in it.
    os.killpg(run.pid, signal.SIGINT)
    output, _ = run.communicate(timeout=120)
    assert run.returncode != 0
    said = [line for line in output.splitlines() if line.startswith("robustag: ")]
    assert len(said) == 1
    ended = re.fullmatch(r"robustag: generate ttbar (\d+) was ended \(exit status 130\): run again", said[0])
    assert ended
    assert "Traceback" not in output
    assert "was ended (exit status 130)" in (results / f"logs/generate/ttbar/{ended[1]}.log").read_text()
    # Another chunk may have been finished before.
    made = [path.name for path in (results / "ntuples").rglob("*") if path.is_file()]
    assert not [name for name in made if ended[1] in name or "partial" in name]


def test_a_study_killed_in_every_stage_ends_as_an_undisturbed_one(study, tmp_path):
    checkout = Checkout(tmp_path / "killed")
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *SMOKE]
    delay = random.Random(1)
    for kill in range(KILLS):
        run = subprocess.Popen(
            # What is left of a lock stops nobody who takes none.
            [*command, *(["--nolock"] if kill else [])],
            cwd=checkout.folder,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        # The kills are spread over all stages, however fast the machine.
        while len(files_of(checkout)) * (KILLS + 1) < len(study.files) * kill and run.poll() is None:
            time.sleep(0.1)
        time.sleep(delay.uniform(0.0, 3.0))
        assert run.poll() is None, "the study ended before it was killed often enough"
        kill_group(run)
    assert checkout.snakemake(*SMOKE, "--unlock").returncode == 0
    last = checkout.snakemake("--cores", "2", *SMOKE)
    assert last.returncode == 0, last.stdout
    killed = Study(checkout, last.stdout, files_of(checkout))
    assert killed.files == study.files
    for path in study.results.glob("tables/*.parquet"):
        ours = pd.read_parquet(killed.results / "tables" / path.name).drop(columns=TIMES, errors="ignore")
        undisturbed = pd.read_parquet(path).drop(columns=TIMES, errors="ignore")
        pd.testing.assert_frame_equal(ours, undisturbed)
    for name in ("tables/metrics.csv", "claims.json"):
        assert (killed.results / name).read_bytes() == (study.results / name).read_bytes(), name
    assert checkout.plan(*SMOKE) == {}


def rerun(checkout: Checkout, rule: str, target: str) -> str:
    """Make one file again from those that are there, and expect to fail; returns what the console showed."""
    target = f"results/smoke/{target}"
    before = snapshot(checkout)
    run = checkout.snakemake(
        *SMOKE, "--cores", "1", "--rerun-triggers", "mtime", "--allowed-rules", rule, "--force", "--", target
    )
    assert run.returncode != 0, run.stdout
    assert snapshot(checkout) - before == set(), "nothing half-written"
    return run.stdout


def snapshot(checkout: Checkout) -> set[str]:
    """What rules made in the results."""
    results = checkout.folder / "results/smoke"
    made = (path for path in results.rglob("*") if path.is_file() and path.name != "study.json")
    return {str(path) for path in made if "logs" not in path.parts}


def flip(path, share: float = 0.7) -> None:
    """Change one bit of a file."""
    content = bytearray(path.read_bytes())
    content[int(share * len(content))] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damaged", "needed", "rule", "target", "complaint"),
    [
        (
            "ntuples/ttbar/nominal/0000.root",
            ("ntuples/ttbar",),
            "records",
            "records/ttbar/nominal/0000.safetensors",
            r"0000\.root (is damaged|has no readable tree).*generate it again",
        ),
        (
            "tensors/ttbar/summaries/0000.safetensors",
            ("tensors/ttbar/summaries", "tensors/bb/summaries"),
            "normalise",
            "tensors/weights.safetensors",
            r"0000\.safetensors is no chunk summary \(the checksum of '\w+' is wrong\).*run again",
        ),
        (
            "models/clean_nominal/seed1.safetensors",
            ("models",),
            "export",
            "models/clean_nominal/seed1.onnx",
            r"seed1\.safetensors cannot be read .*the checksum of '.*' is wrong.*make it again",
        ),
        (
            "tables/metrics.parquet",
            (),
            "metrics_csv",
            "tables/metrics.csv",
            r"metrics\.parquet is damaged or no table \(its checksum is wrong\): delete it and run again",
        ),
    ],
)
def test_a_flipped_bit_stops_the_job_with_one_line(study, tmp_path, damaged, needed, rule, target, complaint):
    checkout = finished_part(study, tmp_path / "part", *needed, damaged)
    flip(checkout.folder / "results/smoke" / damaged)
    shown = rerun(checkout, rule, target)
    (line,) = [line for line in shown.splitlines() if line.startswith("robustag: ")]
    assert re.search(rf"robustag: {rule}.*{complaint}", line), line
    assert "Traceback" not in shown


def test_a_truncated_model_and_a_table_without_a_column_are_one_line(study, tmp_path):
    checkout = finished_part(study, tmp_path / "part", "models", "tables/metrics.parquet")
    results = checkout.folder / "results/smoke"
    model = results / "models/clean_nominal/seed1.safetensors"
    model.write_bytes(model.read_bytes()[:2000])
    shown = rerun(checkout, "export", "models/clean_nominal/seed1.onnx")
    assert re.search(r"robustag: export.*seed1\.safetensors cannot be read.*make it again", shown)
    table = results / "tables/metrics.parquet"
    write_table(read_table(table).drop(columns="replicates"), table)
    assert re.search(
        r"robustag: fig_headline.*metrics\.parquet: column replicates is missing; .*run again",
        rerun(checkout, "fig_headline", "plots/fig_headline.pdf"),
    )


def test_a_full_disk_is_one_line_and_leaves_nothing(study, tmp_path):
    """The study's results on a small disk; what is left of it holds logs, but no table for people."""
    checkout = finished_part(study, tmp_path / "part", "tables/metrics.parquet")
    results = checkout.folder / "results/smoke"
    (results / "tables").rename(tmp_path / "tables")
    left = f"$(($(df -k --output=avail {results} | tail -1) - 100))"
    command = [
        f"mount -t tmpfs -o size=8m none {results}",
        f"cp -r {tmp_path}/tables {results}",
        f"dd if=/dev/zero of={results}/ballast bs=1k count={left}",
        f"cd {checkout.folder}",
        f"{shlex.quote(sys.executable)} -m snakemake {' '.join(SMOKE)} --cores 1 --rerun-triggers mtime "
        "--allowed-rules metrics_csv -- results/smoke/tables/metrics.csv 2>&1",
        "ls -A results/smoke/tables",
    ]
    run = in_own_mounts("; ".join(command))
    lines = [line for line in run.stdout.splitlines() if line.startswith("robustag: ")]
    assert len(lines) == 1, run.stdout
    assert lines[0].startswith("robustag: metrics_csv: ")
    assert "the disk is full: free space and run again" in lines[0]
    assert "Traceback" not in run.stdout
    assert run.stdout.splitlines()[-1] == "metrics.parquet", "the only table"


def test_results_that_cannot_be_written_are_named(study, tmp_path):
    checkout = finished_part(study, tmp_path / "part", "tables/metrics.parquet")
    results = checkout.folder / "results"
    run = in_own_mounts(
        f"mount --bind {results} {results} && mount -o remount,ro,bind {results} && cd {checkout.folder} && "
        f"{shlex.quote(sys.executable)} -m snakemake {' '.join(SMOKE)} --cores 1 --rerun-triggers mtime "
        "--allowed-rules metrics_csv -- results/smoke/tables/metrics.csv 2>&1; echo status $?"
    )
    assert "status 1" in run.stdout
    assert re.search("Read-only file system|the disk cannot be written to", run.stdout), run.stdout


def test_a_second_run_in_the_same_folder_is_refused_and_harms_nothing(study, tmp_path):
    checkout = Checkout(tmp_path / "twice")
    first = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1", *SMOKE],
        cwd=checkout.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while first.poll() is None and not (checkout.folder / "results/smoke/logs").exists():
        time.sleep(0.2)
    second = checkout.snakemake("--cores", "1", *SMOKE)
    assert first.poll() is None, "the first run goes on"
    kill_group(first)
    assert second.returncode != 0
    assert "Directory cannot be locked" in second.stdout
    assert "--unlock" in second.stdout


def test_a_file_from_the_future_is_named_until_its_time_is_mended(study, tmp_path):
    """A clock that runs ahead makes a file newer than all that can be made from it."""
    checkout = finished_part(study, tmp_path / "part", "tables/metrics.parquet", "tables/metrics.csv")
    table, text = (checkout.folder / f"results/smoke/tables/metrics.{kind}" for kind in ("parquet", "csv"))
    whole = text.read_bytes()
    os.utime(table, (time.time() + 3600,) * 2)
    command = (*SMOKE, "--cores", "1", "--rerun-triggers", "mtime", "--allowed-rules", "metrics_csv", "--")
    failed = checkout.snakemake(*command, "results/smoke/tables/metrics.csv")
    assert failed.returncode != 0
    assert re.search(
        r"metrics\.csv has older modification time .* than input .*metrics\.parquet", failed.stdout
    )
    assert "clock skew" in failed.stdout
    os.utime(table)
    mended = checkout.snakemake(*command, "results/smoke/tables/metrics.csv")
    assert mended.returncode == 0, mended.stdout
    assert text.read_bytes() == whole


def test_a_job_told_to_end_is_told_in_its_log_and_leaves_nothing(tmp_path):
    checkout = Checkout(tmp_path / "ended")
    ntuples = checkout.folder / "results/smoke/ntuples"
    target = "results/smoke/ntuples/ttbar/nominal/0000.root"
    run = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1", *SMOKE, "--", target],
        cwd=checkout.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    while run.poll() is None and not list(ntuples.rglob("*.partial.root")):
        time.sleep(0.1)
    os.killpg(run.pid, signal.SIGTERM)
    shown, _ = run.communicate(timeout=120)
    assert run.returncode != 0, shown
    (log,) = (checkout.folder / "results/smoke/logs").rglob("*.log")
    assert "was ended (exit status 143): run again" in log.read_text()
    assert not list(ntuples.rglob("*.root"))
