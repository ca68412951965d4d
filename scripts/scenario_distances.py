"""How far mis-modelled inputs are from clean ones, for every scenario; no model is involved."""

from collections.abc import Iterator

from robustag.workflow import derive_seed, job
from robustag.workflow.progress import Progress

with job(globals()) as (snakemake, log):
    import torch

    from robustag.evaluation import VARIED
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.distances import measure_all
    from robustag.files import write_table
    from robustag.mismodelling import keeps_jets, mismodelled
    from robustag.tensors.loading import JetTensors, load_tensors, sample_jets

    torch.set_num_threads(snakemake.threads)
    files, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
    bench = Bench.load(files.features, files.normalisation)
    number = settings["distances"]["jets"]
    test = load_tensors(files.tensors, "test")
    first, both = (sample_jets(test.event, jets) for jets in (number, 2 * number))
    clean, others = test.select(first), test.select(both[~torch.isin(both, first)])
    progress = Progress("distances of scenarios")

    def variation(name: str) -> JetTensors:
        return load_tensors(files[name], "test")

    def changed() -> Iterator[tuple[str, str, float, JetTensors]]:
        if len(others) == len(clean):
            # What two samples of one simulation differ by: the floor for jets that are no copies.
            yield "reference", "other_clean_jets", 0.0, others
        for name, scenario in params.scenarios.items():
            for strength, jets in mismodelled(
                scenario,
                clean if keeps_jets(scenario) else test,
                variation,
                bench.table,
                bench.normalisation,
                relative_cap=settings["relative_cap"],
                seed=derive_seed(params.seed, "mismodel", name),
            ):
                if strength is None:
                    yield "scenario", name, VARIED, jets.sampled(number)
                else:
                    yield "scenario", name, strength, jets
            progress(name)

    found = measure_all(clean, changed(), bench.table.names, derive_seed(params.seed, "distances"))
    write_table(found, snakemake.output.distances)
    log.info("%d test jets, %d numbers", len(clean), len(found))
