"""Jobs that see several GPUs share them out."""

import os
import subprocess
import sys

import pytest
import torch

from robustag.workflow import devices
from robustag.workflow.devices import own_device

pytestmark = pytest.mark.process

HOLD = """
import sys, torch
torch.cuda.device_count = lambda: 2
from robustag.workflow import devices
from robustag.workflow.devices import own_device
devices._answers = lambda gpu: True
print(own_device(sys.argv[1]), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Starts jobs that take a device, say which, and hold it until their input ends."""
    jobs = []

    def start() -> tuple[str, subprocess.Popen]:
        job = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        jobs.append(job)
        return job.stdout.readline().strip(), job

    yield start
    for job in jobs:
        job.kill()
        job.communicate()


@pytest.mark.parametrize(("gpus", "device"), [(0, "cpu"), (1, "cuda:0")])
def test_without_a_choice_there_is_no_lock(gpus, device, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(devices, "_answers", lambda gpu: True)
    assert own_device(tmp_path) == device
    assert os.listdir(tmp_path) == []


def test_a_gpu_that_does_not_answer_is_none(tmp_path, monkeypatch, caplog):
    def refuse(*shape, device):
        raise RuntimeError(f"CUDA error: {device} is busy or unavailable\nCompile with TORCH_USE_CUDA_DSA")

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch, "ones", refuse)
    assert own_device(tmp_path) == "cpu"
    assert caplog.messages == ["cuda:0 is not used: CUDA error: cuda:0 is busy or unavailable"]


@pytest.mark.slow
def test_each_job_holds_a_gpu_until_it_ends(holder):
    first, job = holder()
    second, _ = holder()
    assert (first, second) == ("cuda:0", "cuda:1")
    job.kill()
    job.wait()
    assert holder()[0] == "cuda:0"


@pytest.mark.slow
def test_more_jobs_than_gpus_share_them_evenly(holder):
    assert [holder()[0] for _ in range(4)] == ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]
