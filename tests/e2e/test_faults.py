"""What happens to a study is not its fault: kills, full disks, damaged files, two runs at once."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from tests.checkout import Checkout
from tests.studies import SMOKE, Study

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

KILLS = 20
CHUNK = "results/smoke/ntuples/bb/nominal/0000.root"
# A table of seconds differs from run to run; everything else is the same to the last bit.
TIMES = ["seconds"]


def files(study: Study) -> set[str]:
    """Everything a study made, by its path in the results."""
    return {str(path.relative_to(study.results)) for path in study.results.rglob("*") if path.is_file()}


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


def test_a_study_killed_twenty_times_ends_as_an_undisturbed_one(study, tmp_path):
    checkout = Checkout(tmp_path / "killed")
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *SMOKE]
    delay = random.Random(1)
    killed = Study(checkout, "")
    whole = len(files(study))
    for kill in range(KILLS):
        run = subprocess.Popen(
            command,
            cwd=checkout.folder,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        # The kills are spread over all stages, however fast the machine.
        while len(files(killed)) * (KILLS + 1) < whole * kill and run.poll() is None:
            time.sleep(0.1)
        time.sleep(delay.uniform(0.0, 3.0))
        assert run.poll() is None, "the study ended before it was killed often enough"
        kill_group(run)
        assert checkout.snakemake(*SMOKE, "--unlock").returncode == 0
    last = checkout.snakemake("--cores", "2", *SMOKE)
    assert last.returncode == 0, last.stdout
    assert files(killed) == files(study)
    for path in study.results.glob("tables/*.parquet"):
        ours = pd.read_parquet(killed.results / "tables" / path.name).drop(columns=TIMES, errors="ignore")
        undisturbed = pd.read_parquet(path).drop(columns=TIMES, errors="ignore")
        pd.testing.assert_frame_equal(ours, undisturbed)
    for name in ("tables/metrics.csv", "claims.json"):
        assert (killed.results / name).read_bytes() == (study.results / name).read_bytes(), name
    assert checkout.plan(*SMOKE) == {}
