"""What a run on one machine spends on other things than its jobs."""

import os
import sys

import pytest
from tests.checkout import Checkout

pytestmark = [pytest.mark.slow, pytest.mark.process]

# Every interpreter that reads its site-packages says how it was started, and which timers it starts.
WITNESS = """
import sys, threading
def say(*words):
    with open({file!r}, "a") as told:
        print(*words, file=told)
class Timer(threading.Timer):
    def start(self):
        say("timer", self.interval)
        super().start()
threading.Timer = Timer
say("interpreter", *sys.orig_argv)
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> list[str]:
    """What the interpreters of a run for one figure have said."""
    folder = tmp_path_factory.mktemp("witness")
    (folder / "sitecustomize.py").write_text(WITNESS.format(file=str(folder / "told")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])))
        checkout = Checkout(folder / "project")
        run = checkout.snakemake("--cores", "1", "--configfile", "config/smoke.yaml", "--", "fig_sketch")
    assert run.returncode == 0, run.stdout
    assert list((checkout.folder / "results/smoke/plots").glob("fig_sketch*.pdf"))
    return (folder / "told").read_text().splitlines()


def test_snakemake_is_told_of(told):
    assert [line for line in told if line.startswith("interpreter") and "-m snakemake --cores" in line]


@pytest.mark.skipif(sys.platform != "linux", reason="jobs are forked on Linux alone")
def test_jobs_have_no_interpreter_of_their_own(told):
    assert len([line for line in told if "robustag.workflow.forking.server" in line]) == 1
    assert not [line for line in told if "fig_sketch.py" in line]


def test_snakemake_does_not_look_for_jobs_time_and_again(told):
    assert not [line for line in told if line.startswith("timer")]
