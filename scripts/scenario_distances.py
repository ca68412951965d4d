"""How far mis-modelled inputs are from clean ones, for every scenario; no model is involved."""

from collections.abc import Iterator

from robustag.workflow import derive_seed, job
from robustag.workflow.progress import Progress

with job(globals()) as (snakemake, log):
    from dataclasses import replace

    import torch

    from robustag.evaluation import VARIED
    from robustag.evaluation.distances import measure_all
    from robustag.features import FeatureTable
    from robustag.files import write_table
    from robustag.mismodelling import perturb
    from robustag.mismodelling.composition import compose
    from robustag.tensors import Normalisation
    from robustag.tensors.loading import JetTensors, load_tensors, sample_jets

    torch.set_num_threads(snakemake.threads)
    params, settings = snakemake.params, snakemake.params.settings
    table = FeatureTable.load(snakemake.input.features)
    normalisation = Normalisation.load(snakemake.input.normalisation)
    number = settings["distances"]["jets"]
    test = load_tensors(snakemake.input.tensors, "test")
    first, both = (sample_jets(test.event, jets) for jets in (number, 2 * number))
    clean, others = test.select(first), test.select(both[~torch.isin(both, first)])
    progress = Progress("distances of scenarios")

    def mismodelled() -> Iterator[tuple[str, str, float, JetTensors]]:
        if len(others) == len(clean):
            # What two samples of one simulation differ by: the floor for jets that are no copies.
            yield "reference", "other_clean_jets", 0.0, others
        for name, scenario in params.scenarios.items():
            if scenario["kind"] == "resimulated":
                varied = load_tensors(snakemake.input[scenario["variation"]], "test")
                yield "scenario", name, VARIED, varied.select(sample_jets(varied.event, number))
            elif scenario["kind"] == "composition":
                kept = test.select(compose(scenario, test, derive_seed(params.seed, "mismodel", name)))
                yield "scenario", name, VARIED, kept.select(sample_jets(kept.event, number))
            else:
                seed = derive_seed(params.seed, "mismodel", name)
                cap = settings["relative_cap"]
                for strength, inputs in perturb(
                    scenario, clean, table, normalisation, relative_cap=cap, seed=seed
                ):
                    yield "scenario", name, strength, replace(clean, inputs=inputs)
            progress(name)

    found = measure_all(clean, mismodelled(), table.names, derive_seed(params.seed, "distances"))
    write_table(found, snakemake.output.distances)
    log.info("%d test jets, %d numbers", len(clean), len(found))
