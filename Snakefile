# The front door: `snakemake --cores N` in this folder runs the study that config/config.yaml describes.
include: "workflow/Snakefile"


# Once more, for it was set through an include.
workflow.default_target = rules.all.rule.name
