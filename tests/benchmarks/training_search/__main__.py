"""Search for the optimiser and the schedule of the clean arm: ``python -m tests.benchmarks.training_search``.

Every combination of learning rate, batch, decay and length is trained on the same jets of a finished study
from the same weights, and judged by the validation loss and AUC of its last epoch. Test jets are not touched.
"""

import argparse
import itertools
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from robustag.attacks import BudgetRule
from robustag.cli import read_configuration
from robustag.features import FeatureTable
from robustag.tensors import Normalisation
from robustag.tensors.loading import load_tensors, sample_jets
from robustag.training import train_model
from robustag.training.feed import Resident, on_device

RATES = (0.0001, 0.001, 0.003)  # the first is the papers', as is the second decay
BATCHES = (256, 1024, 4096)
DECAYS = ({"name": "cosine"}, {"name": "inverse", "epochs": 30})


def main() -> None:
    """Print a table, best validation loss first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=Path("results/default"), help="of a study")
    parser.add_argument("--jets", type=int, default=60_000, help="training jets")
    parser.add_argument("--epochs", type=int, nargs="+", default=[5, 15])
    options = parser.parse_args()
    torch.set_num_threads(1)
    config = read_configuration([Path("config/config.yaml")])
    table = FeatureTable.load(config["features"])
    normalisation = Normalisation.load(options.results / "tensors/normalisation.json")
    rule = BudgetRule.of(table, normalisation)
    files = sorted((options.results / "tensors").glob("*/nominal/*.safetensors"))
    train, validation = (load_tensors(files, split) for split in ("train", "validation"))
    train = train.select(sample_jets(train.event, options.jets))
    validation = validation.select(sample_jets(validation.event, options.jets // 3))
    feed = Resident(on_device(train, torch.device("cpu")))
    print(f"{len(train)} training and {len(validation)} validation jets")
    rows = []
    for epochs, rate, batch, decay in itertools.product(options.epochs, RATES, BATCHES, DECAYS):
        definition = config["models"]["clean_nominal"] | {
            "optimiser": {
                "name": "adam",
                "learning_rate": rate,
                "decay": decay,
                "batch_size": batch,
                "epochs": epochs,
            },
            "checkpoints": [],
        }
        began = time.process_time()
        with TemporaryDirectory() as folder:
            trained = train_model(
                definition,
                feed,
                validation,
                rule,
                validation_rule=rule,
                settings=config["training"],
                seed=1,
                device="cpu",
                checkpoint=Path(folder) / "checkpoint",
                fingerprint="",
                progress=lambda row: None,
            )
        last = trained.history.iloc[-1]
        spent = time.process_time() - began
        rows.append(
            (last["validation_loss"], last["validation_auc_bvl"], epochs, rate, batch, decay["name"], spent)
        )
    print("| epochs | learning rate | batch | decay | validation loss | BvL AUC | CPU-s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for loss, auc, epochs, rate, batch, decay, spent in sorted(rows):
        print(f"| {epochs} | {rate:g} | {batch} | {decay} | {loss:.4f} | {auc:.4f} | {spent:.0f} |")


if __name__ == "__main__":
    main()
