# The front door: `snakemake --cores N` in this folder runs the study that config/config.yaml describes.
include: "workflow/Snakefile"


# A default target is not inherited through include.
workflow.default_target = rules.all.rule.name
