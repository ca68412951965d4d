"""A training that is killed at any moment and started again ends with the very same bytes."""

import json
import random
import signal
import subprocess
import sys
import time

import pytest

from robustag.models import read_tensors

TRAINING = """
import json, sys
from pathlib import Path
import torch
from tests.unit.training.conftest import FOLLOWED, toy_jets
from robustag.attacks import BudgetRule
from robustag.models import write_tensors
from robustag.training import save_snapshots, train_model
from robustag.training.feed import Resident
from robustag.training.step import Batch

torch.set_num_threads(1)
definition, folder = json.loads(sys.argv[1]), Path(sys.argv[2])
rule = BudgetRule(torch.ones(23), torch.zeros(23, dtype=torch.bool), torch.zeros(23))
print("ready", flush=True)
trained = train_model(
    definition, Resident(Batch(*toy_jets(2000, seed=1))), toy_jets(600, seed=2), rule, validation_rule=rule,
    settings=FOLLOWED, seed=1, device="cpu", checkpoint=folder / "seed1.checkpoint", fingerprint="a",
    progress=lambda row: print(row["epoch"], flush=True),
)
save_snapshots(folder / "seed1.safetensors", trained.snapshots, {}, "best_clean")
trained.history.drop(columns="seconds").to_csv(folder / "history.csv")
"""
EPOCHS = 30
NAMES = {"last", "best_clean", "best_adversarial", "epoch2", "epoch7"}


@pytest.fixture
def start(root, definition, tmp_path, monkeypatch):
    """Start a training in a process of its own, with its results in a folder."""
    monkeypatch.setenv("PYTHONPATH", f"{root}:{root / 'src'}")
    definition |= {
        "recipe": {"name": "free", "epsilon": 0.05, "replays": 2},
        "checkpoints": [2, 7],
    }
    definition["optimiser"]["epochs"] = EPOCHS

    def _start(name):
        (tmp_path / name).mkdir(exist_ok=True)
        command = [sys.executable, "-c", TRAINING, json.dumps(definition), str(tmp_path / name)]
        return tmp_path / name, subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root)

    return _start


def results(folder):
    files = {path.name: path.read_bytes() for path in folder.rglob("*.*") if path.suffix != ".checkpoint"}
    assert files.keys() == {f"{name}.safetensors" for name in NAMES} | {"seed1.safetensors", "history.csv"}
    return files


def test_killed_at_random_moments_and_resumed(start):
    folder, process = start("whole")
    process.stdout.readline()
    began = time.monotonic()
    assert len(process.stdout.readlines()) == EPOCHS
    epoch = (time.monotonic() - began) / EPOCHS
    assert process.wait() == 0
    whole = results(folder)
    chance = random.Random(5)
    for epochs in (1, 3):
        folder, process = start("killed")
        for _ in range(1 + epochs):
            process.stdout.readline()
        time.sleep(chance.uniform(0, 2) * epoch)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    done = len(read_tensors(folder / "seed1.checkpoint")[1]["history"])
    assert 4 <= done < EPOCHS
    # As if the last kill had come in the midst of writing a checkpoint.
    torn = folder / ".seed1.12345.partial.checkpoint"
    torn.write_bytes((folder / "seed1.checkpoint").read_bytes()[:999])
    folder, process = start("killed")
    _, *rest = process.stdout.read().split()
    assert process.wait() == 0
    assert [int(number) for number in rest] == list(range(done + 1, EPOCHS + 1)), (
        "what was done is not done again"
    )
    assert results(folder) == whole
    assert not torn.exists()
