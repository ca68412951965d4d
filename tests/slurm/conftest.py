"""The smoke study submitted to a real Slurm, and what Slurm recorded of it."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.checkout import ROOT, Checkout

CLUSTER = ROOT / "tests/slurm/cluster.sh"
PLUGINS = Path(sys.prefix) / "cluster"


RECORD = """
status=$?
scontrol --details --oneliner show jobs > jobs
exit $status
"""


def missing() -> str | None:
    """Why no cluster can be started here."""
    if not shutil.which("slurmctld") or not PLUGINS.is_dir():
        return "Slurm is not installed: tests/slurm/install.sh"
    if os.geteuid() != 0:
        return "only root can start a cluster in namespaces of its own"
    return None


@dataclass(frozen=True)
class Job:
    """One job in Slurm's records: memory in MB, GPUs asked for and given, start and end as printed."""

    number: int
    rule: str
    name: str
    partition: str
    state: str
    memory: int
    asked: int
    given: int
    start: str
    end: str


def read_jobs(text: str) -> list[Job]:
    """The jobs of `scontrol --details --oneliner show jobs`."""
    jobs = []
    for line in filter(re.compile("JobId=").match, text.splitlines()):
        field = dict(re.findall(r"(\w+)=(\S+)", line))
        asked, given = re.search(r"TresPerJob=\S*gpu:(\d+)", line), re.search(r"JOB_GRES=gpu:\w+:(\d+)", line)
        jobs.append(
            Job(
                number=int(field["JobId"]),
                rule=re.match(r"rule_(.+?)(?:_wildcards_|$)", field["Comment"])[1],
                name=field["JobName"],
                partition=field["Partition"],
                state=field["JobState"],
                memory=int(re.search(r"mem=(\d+)M", line)[1]),
                asked=int(asked[1]) if asked else 0,
                given=int(given[1]) if given else 0,
                start=field["StartTime"],
                end=field["EndTime"],
            )
        )
    return jobs


@dataclass(frozen=True)
class Submitted:
    """A study that ran on the cluster: its checkout, what was printed, and Slurm's records of its jobs."""

    checkout: Checkout
    output: str
    status: int
    jobs: list[Job]


@pytest.fixture(scope="session")
def submit():
    """Run a shell script in a checkout, with a cluster of its own around it."""
    if reason := missing():
        # Where the packages are said to be installed a skip would hide a failure.
        (pytest.fail if os.environ.get("ROBUSTAG_SLURM") == "required" else pytest.skip)(reason)

    def run(folder: Path, script: str) -> Submitted:
        checkout = Checkout(folder)
        done = subprocess.run(
            [
                CLUSTER,
                "run",
                "bash",
                "-c",
                f"{script}\nstatus=$?\nscontrol -d -o show jobs > jobs\nexit $status",
            ],
            cwd=folder,
            env=os.environ
            | {
                "PYTHONPATH": os.pathsep.join(filter(None, [str(PLUGINS), os.environ.get("PYTHONPATH")])),
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Submitted(checkout, done.stdout, done.returncode, read_jobs((folder / "jobs").read_text()))

    return run
