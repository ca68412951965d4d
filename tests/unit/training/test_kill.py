"""A training that is killed at any moment and started again ends with the very same bytes."""

import json
import random
import signal
import subprocess
import sys

import pytest

from robustag.models import read_tensors

pytestmark = pytest.mark.process

TRAINING = """
import json, os, signal, sys, threading
from pathlib import Path
import torch
from tests.unit.training.conftest import FOLLOWED, toy_jets
from robustag.attacks import BudgetRule
from robustag.models import write_tensors
from robustag.training import save_snapshots, train_model
from robustag.training.feed import Resident
from robustag.training.step import Batch

torch.set_num_threads(1)
definition, folder, (last, later) = json.loads(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])

def show(row):
    print(row["epoch"], flush=True)
    if row["epoch"] == last:
        # In so many epochs from now.
        threading.Timer(later * row["seconds"], os.kill, (os.getpid(), signal.SIGKILL)).start()

rule = BudgetRule(torch.ones(23), torch.zeros(23, dtype=torch.bool), torch.zeros(23))
trained = train_model(
    definition, Resident(Batch(*toy_jets(2000, seed=1))), toy_jets(600, seed=2), rule, validation_rule=rule,
    settings=FOLLOWED, seed=1, device="cpu", checkpoint=folder / "seed1.checkpoint", fingerprint="a",
    progress=show,
)
save_snapshots(folder / "seed1.safetensors", trained.snapshots, {}, "best_clean")
trained.history.drop(columns="seconds").to_csv(folder / "history.csv")
"""
EPOCHS = 20
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

    def _start(name, last=0, later=0.0):
        """Run until killed `later` epochs after epoch `last`: the folder, exit status and epochs shown."""
        (tmp_path / name).mkdir(exist_ok=True)
        arguments = [json.dumps(definition), str(tmp_path / name), json.dumps([last, later])]
        ended = subprocess.run([sys.executable, "-c", TRAINING, *arguments], capture_output=True, cwd=root)
        return tmp_path / name, ended.returncode, [int(epoch) for epoch in ended.stdout.split()]

    return _start


def results(folder):
    files = {path.name: path.read_bytes() for path in folder.rglob("*.*") if path.suffix != ".checkpoint"}
    assert files.keys() == {f"{name}.safetensors" for name in NAMES} | {"seed1.safetensors", "history.csv"}
    return files


@pytest.mark.slow
def test_killed_at_random_moments_and_resumed(start):
    folder, status, shown = start("whole")
    assert (status, shown) == (0, list(range(1, EPOCHS + 1)))
    whole = results(folder)
    chance = random.Random(5)
    done = 0
    for last in (2, 6):
        folder, status, shown = start("killed", last, chance.uniform(0, 2))
        assert status == -signal.SIGKILL
        assert shown[0] == done + 1, "what was done is not done again"
        done = len(read_tensors(folder / "seed1.checkpoint")[1]["history"])
        assert last <= done < EPOCHS
    # As if the last kill had come in the midst of writing a checkpoint.
    torn = folder / ".seed1.12345.partial.checkpoint"
    torn.write_bytes((folder / "seed1.checkpoint").read_bytes()[:999])
    folder, status, shown = start("killed")
    assert (status, shown) == (0, list(range(done + 1, EPOCHS + 1)))
    assert results(folder) == whole
    assert not torn.exists()
