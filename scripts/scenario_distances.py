"""How far mis-modelled inputs are from clean ones, and which jets fool some models, for every scenario."""

from collections.abc import Iterator

from robustag.workflow import derive_seed, job
from robustag.workflow.progress import Progress

with job(globals()) as (snakemake, log):
    import torch

    from robustag.evaluation import VARIED
    from robustag.evaluation.bench import Bench
    from robustag.evaluation.distances import Tagger, measure_all
    from robustag.files import write_table
    from robustag.mismodelling import mismodelled
    from robustag.tensors.loading import JetTensors, load_tensors, load_variation, sample_jets

    torch.set_num_threads(snakemake.threads)
    files, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
    bench = Bench.load(files.features, files.normalisation)
    test = load_tensors(files.tensors, "test")
    progress = Progress("distances of scenarios")

    def variation(name: str) -> JetTensors:
        return load_variation(name, files.get(name), test, files.tensors, "test")

    def halves() -> tuple[JetTensors, JetTensors]:
        """Two samples of one simulation."""
        half = torch.zeros(len(test), dtype=torch.bool)
        half[sample_jets(test.event, len(test) // 2)] = True
        return test.select(half), test.select(~half)

    def equally_many(clean: JetTensors, varied: JetTensors) -> tuple[JetTensors, JetTensors]:
        """The same jets where both have them, by the order that their events have in any sample."""
        if len(clean) == len(varied):
            return clean, varied
        number = min(len(clean), len(varied))
        return clean.sampled(number), varied.sampled(number)

    def changed() -> Iterator[tuple[str, str, float, JetTensors, JetTensors]]:
        yield "reference", "other_clean_jets", 0.0, *halves()
        # Changed records exist for some of the jets only, and are compared with the same ones.
        few = [name for name, one in params.scenarios.items() if one.get("variation") in params.records]
        others = [
            name for name, one in params.scenarios.items() if files.get(one.get("variation", "")) is None
        ]
        paired = load_tensors(files.paired, "test") if few else test
        # Those with the same clean jets in a row: these are prepared once.
        for name in sorted(params.scenarios, key=lambda one: (one in few, one not in others)):
            scenario, clean = params.scenarios[name], paired if name in few else test
            cap, seed = settings["relative_cap"], derive_seed(params.seed, "mismodel", name)
            for strength, jets in mismodelled(
                scenario, test, variation, bench.table, bench.normalisation, relative_cap=cap, seed=seed
            ):
                if strength is None:
                    yield "scenario", name, VARIED, *equally_many(clean, jets)
                else:
                    yield "scenario", name, strength, test, jets
            progress(name)

    seed, joint = derive_seed(params.seed, "distances"), settings["distances"]["jets"]
    taggers = [Tagger.at(bench.model(path).network, *params.tagged_at, test) for path in files.models]
    found, *fooled = measure_all(changed(), bench.table.names, seed, joint, taggers)
    write_table(found, snakemake.output.distances)
    for table, path in zip(fooled, snakemake.output.fooled, strict=True):
        write_table(table, path)
    log.info("%d test jets, %d numbers", len(test), len(found))
