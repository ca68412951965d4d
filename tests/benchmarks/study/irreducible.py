"""What the work of each stage cannot do without, in CPU seconds of this machine."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from robustag.attacks import AttackDefinition, BudgetSettings
from robustag.evaluation.bench import Bench
from robustag.evaluation.certificates import Certificates, certify
from robustag.evaluation.distances.classifier import Classifiers, Sample, Training
from robustag.evaluation.settings import Evaluation
from robustag.files import read_table
from robustag.generate.weights import weight_settings
from robustag.models import Inputs, build_model
from robustag.tensors import Normalisation
from robustag.tensors.loading import load_tensors
from tests.benchmarks.generate.measure import bare_pythia
from tests.benchmarks.study.jobs import Job
from tests.benchmarks.study.looks import looks
from tests.benchmarks.study.passes import Passes, passes_of, passes_of_step
from tests.benchmarks.study.products import Products, multiplied, products_of, seconds

#: Jets a pass, as attacks take them on a processor, and collisions by which Pythia is timed.
CHUNK, COLLISIONS = 2048, 300
#: Jets by which networks that tell samples apart are timed.
COMPARED = 512
#: Jets by which certificates are timed.
CERTIFIED = 100
_MEASURED = {"attack": "attack", "scenario": "mismodel", "transfer": "transfer"}
_SAMPLE = ["model", "seed", "target", "perturbation", "epsilon", "discriminator"]
_COLUMNS = [*_SAMPLE, "kind", "metric", "n"]


class Networks:
    """Seconds a jet of the bare products of the models that a study trains, each network measured once."""

    def __init__(self, trainings: Iterable[Job], inputs: Inputs) -> None:
        self._definitions = {job.wildcards["model"]: job.params["model"]["network"] for job in trainings}
        self._inputs = inputs
        self._rates: dict[tuple[str, int, torch.dtype], dict[str, float]] = {}

    def rate(
        self, model: str, what: str, batch: int = CHUNK, precision: torch.dtype = torch.float32
    ) -> float:
        """Of a pass ``forwards``, or further back to ``inputs`` or ``weights``."""
        network = self._definitions[model]
        key = f"{network}", batch, precision
        if key not in self._rates:
            built = build_model(network, self._inputs, seed=1).to(precision)
            products = products_of(built, batch, self._inputs.size)
            self._rates[key] = {name: multiplied(pairs) / batch for name, pairs in products.items()}
        return self._rates[key][what]

    def attacked(self, model: str, passes: Passes, precision: torch.dtype = torch.float32) -> float:
        """Seconds a jet."""
        return sum(
            number * self.rate(model, what, precision=precision)
            for number, what in zip(passes, ("forwards", "inputs"), strict=True)
        )


def irreducible(results: Path, jobs: list[Job], inputs: Inputs) -> Counter[str]:
    """CPU seconds of each stage that has such a bound, on one thread: Pythia's own time for the collisions
    made; the matrix products of trainings, attacks and certificates, of jobs that look at jets in many ways,
    and of networks that tell samples apart; for every measured sample those of a forward pass, and one sort
    of its jets for each discriminator. Clean jets count once, however often they are measured.

    Parameters
    ----------
    results : Path
        With the tables of the study.
    jobs : list of Job
        Of the study.
    inputs : Inputs
        Of its networks.
    """
    torch.set_num_threads(1)
    networks = Networks([job for job in jobs if job.rule == "train"], inputs)
    count = read_table(results / "tables/inventory.parquet").query("quantity == 'jets'")
    train, test = (int(count.value[count.name.str.startswith(split)].sum()) for split in ("train", "test"))
    bound: Counter[str] = Counter()
    for job in jobs:
        if "generator" in job.params:
            bound[job.stage] += collisions(job)
        elif job.rule == "train":
            bound[job.stage] += train * trained(job, networks)
        elif job.rule == "attack":
            definition = AttackDefinition.of(job.params["attack"])
            passes = passes_of(definition, np.count_nonzero(job.params["settings"]["epsilons"]))
            crafted_on = definition.source or job.wildcards["model"]
            bound[job.stage] += (definition.jets or test) * networks.attacked(crafted_on, passes)
        elif job.rule == "transfer":
            settings = job.params["settings"]["transfer"]
            passes = passes_of(AttackDefinition.of(settings["attack"]), len(settings["epsilons"]))
            bound[job.stage] += settings["jets"] * networks.attacked(job.wildcards["model"], passes)
        for jets, passes, precision in looks(job, results):
            bound[job.stage] += jets * networks.attacked(job.wildcards["model"], passes, precision)
        if job.rule == "certify":
            bound[job.stage] += certified(job, results, inputs)
    for row in measured(results / "tables"):
        shown = networks.rate(row.target, "forwards") * row.n if row.discriminator == "b" else 0.0
        bound[_MEASURED[row.kind]] += sorted_in(int(row.n)) + shown
    for jets in compared(jobs, results):
        bound["distances"] += jets * told_apart(inputs.size)
    return bound


def collisions(job: Job) -> float:
    """Seconds of bare Pythia for one chunk, start-up included."""
    sample, size = dict(job.params["sample"]), job.params["generator"]["events_per_chunk"]
    events = min(size, sample.pop("events") - int(job.wildcards["chunk"]) * size)
    asked = weight_settings(job.params.get("weights", {}))
    sample["pythia"] = [*asked, *sample.get("pythia", ()), *job.params.get("pythia", ())]
    start, event = _pythia(json.dumps(sample))
    return start + events * event


@lru_cache
def _pythia(sample: str) -> tuple[float, float]:
    """Seconds to start, and of an event."""
    start = bare_pythia(json.loads(sample), 0)
    return start, (bare_pythia(json.loads(sample), COLLISIONS) - start) / COLLISIONS


def trained(job: Job, networks: Networks) -> float:
    """Seconds of the products of a training, for one jet."""
    model, optimiser = job.wildcards["model"], job.params["model"]["optimiser"]
    batch = optimiser["batch_size"]
    passes = passes_of_step(job.params["model"]["recipe"])._asdict()
    return optimiser["epochs"] * sum(
        number * (networks.rate(model, "forwards", batch) + networks.rate(model, towards, batch))
        for towards, number in passes.items()
    )


def certified(job: Job, results: Path, inputs: Inputs) -> float:
    """Seconds of the products of bounds and of attacks beside them: those made for a few jets, done again."""
    settings, section = job.params["settings"], dict(job.params["settings"]["certificates"])
    bench = Bench(inputs.table, Normalisation.load(results / "tensors/normalisation.json"))
    model = bench.model(results / "models/{model}/seed{seed}.safetensors".format(**job.wildcards)).network
    few = load_tensors([results / "tensors/nominal.index.json"], "test").sampled(CERTIFIED)
    evaluation = Evaluation(**settings["evaluation"] | {"bootstrap": 1, "seed": 1})
    del section["boxes"]
    certificates = Certificates(**section, discriminators=job.params["discriminators"])
    with Products() as made:
        certify(model, few, few, bench.rule(BudgetSettings.of(settings)), certificates, evaluation, 1)
    return multiplied(made.pairs) / len(few) * section["jets"]


def measured(tables: Path) -> Iterator[pd.Series]:
    """A row for each measured sample and discriminator, with its jets as ``n``."""
    parts = [
        read_table(path)
        for name in ("metrics", "pareto", "transfer")
        if (path := tables / f"{name}.parquet").exists()
    ]
    rows = pd.concat([part.drop(columns="replicates") for part in parts]).query("metric == 'auc'")
    rows["target"] = rows["target"].fillna(rows["model"])
    clean = rows.epsilon == 0
    once = rows[clean].drop_duplicates(["target", "seed", "discriminator", "n"])
    return pd.concat([once, rows[~clean].drop_duplicates([*_SAMPLE, "kind"])]).itertuples()


def compared(jobs: list[Job], results: Path) -> Iterator[int]:
    """Jets of either sample of each comparison that trains networks."""
    settings = [job.params["settings"]["distances"] for job in jobs if job.stage == "distances"]
    if settings:
        rows = read_table(results / "tables/distances.parquet").query("distance == 'classifier_auc'")
        yield from [settings[0]["jets"]] * len(rows)


@lru_cache
def told_apart(inputs: int) -> float:
    """Seconds of the products of the five networks of one comparison, for one jet of either sample."""
    alike = Sample(
        np.random.default_rng(1).normal(size=(COMPARED, inputs)), np.arange(COMPARED), np.ones(COMPARED)
    )
    trainings = [
        Training(np.ones(inputs, dtype=bool), half, seed) for seed, half in enumerate((1, 1, 0, 1, 0))
    ]
    with Products() as made:
        Classifiers(alike, alike, trainings)
    return multiplied(made.pairs) / COMPARED


@lru_cache
def sorted_in(jets: int) -> float:
    """Seconds of one sort of so many scores."""
    scores = np.random.default_rng(1).normal(size=jets)
    return seconds(lambda: np.sort(scores), rounds=3)
