"""Jets with several mistakes at once, which play data for the ways of training that are compared.

Needs: the tensors of run.pseudo_data, the nominal ones, the normalisation and the models.
Makes: <results>/pseudo_data/*.
"""

if PSEUDO_DATA:

    rule pseudo_data:
        """Score pseudo-data and simulation with one model: the true rates, and how well the outputs agree."""
        input:
            model=rules.train.output.model,
            data=tensors_of(*PSEUDO_DATA),
            simulation=tensors_of("nominal"),
            features=config["features"],
            normalisation=rules.normalise.output.normalisation,
        output:
            rates="<results>/pseudo_data/{model}/seed{seed}.rates.parquet",
            agreement="<results>/pseudo_data/{model}/seed{seed}.agreement.parquet",
        log:
            "<logs>/pseudo_data/{model}.seed{seed}.log",
        threads: 1
        resources:
            mem_mb=memory("evaluation"),
        params:
            seed=config["seed"],
            settings=settings("evaluation"),
            code=code_fingerprint("scripts/pseudo_data.py"),
        script:
            "../../scripts/pseudo_data.py"

    if config["evaluation"]["inputs"]:

        rule pseudo_data_inputs:
            """Compare inputs of pseudo-data with those of simulation; no model is involved."""
            input:
                data=tensors_of(*PSEUDO_DATA),
                simulation=tensors_of("nominal"),
                normalisation=rules.normalise.output.normalisation,
            output:
                agreement="<results>/pseudo_data/inputs.agreement.parquet",
            log:
                "<logs>/pseudo_data_inputs.log",
            threads: 1
            resources:
                mem_mb=memory("evaluation"),
            params:
                seed=config["seed"],
                settings=settings("evaluation"),
                code=code_fingerprint("scripts/pseudo_data_inputs.py"),
            script:
                "../../scripts/pseudo_data_inputs.py"
