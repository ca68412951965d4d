"""Write every trained model as an ONNX file that takes physical inputs."""

from robustag.workflow import job

with job(globals()) as (snakemake, log):
    from robustag.deployment.export import export_onnx
    from robustag.models import load_model

    for trained, exported in zip(snakemake.input.models, snakemake.output.onnx, strict=True):
        export_onnx(*load_model(trained), exported)
        log.info("%s", exported)
