"""Say how far an epsilon moves each input in its unit, and its share in the effect on nominal models."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from dataclasses import replace

    import pandas as pd
    import torch

    from robustag.attacks import AttackDefinition
    from robustag.attacks.sizes import JETS, gradient_shares, physical_sizes
    from robustag.evaluation.bench import Bench
    from robustag.files import write_csv, write_table
    from robustag.tensors.loading import load_tensors
    from robustag.training.losses import build_loss

    torch.set_num_threads(snakemake.threads)
    files, params, made = snakemake.input, snakemake.params, snakemake.output
    bench = Bench.load(files.features, files.normalisation, files.spread)
    jets = load_tensors(files.tensors, "test").sampled(JETS)
    definition = AttackDefinition.of(params.attack)
    rule = bench.rule(replace(definition.budget, norm="linf"))
    budget = rule.budget(jets.inputs, jets.missing, params.epsilon)
    parts = []
    for path, (model, seed) in zip(files.models, params.origins, strict=True):
        target = bench.model(path)
        loss = build_loss(definition.loss) if definition.loss else target.loss
        share = gradient_shares(target.network, loss, jets.label, budget)
        shares = pd.DataFrame({"input": bench.table.names, "share": share})
        parts.append(shares.assign(model=model, seed=seed))
    size = physical_sizes(budget, bench.normalisation)
    sizes = pd.DataFrame({"input": bench.table.names, "unit": bench.table.units, "size": size})
    table = pd.concat(parts).merge(sizes, on="input")
    table = table[["model", "seed", "input", "unit", "size", "share"]]
    write_table(table, made.table)
    write_csv(table, made.csv)
    log.info("%d inputs of %d move", (size > 0).sum(), len(size))
