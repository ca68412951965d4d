"""The command `robustag`: parts of the study by hand.

Each subcommand is one function of its parsed arguments. A mistake of the user ends with one line and exit
status 2.
"""

import argparse
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from robustag.documents import read_document
from robustag.errors import InputError
from robustag.failures import explain
from robustag.readers import Reading
from robustag.workflow.places import CONFIG_SCHEMA, locate_files, located
from robustag.workflow.sources import formats, reading_of

DEFAULT_CONFIG = "config/config.yaml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; returns the exit status."""
    options = _parser().parse_args(arguments)
    # A batch system ends jobs with SIGTERM; as an exception it lets files be tidied away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        options.run(options)
    except (InputError, OSError, MemoryError) as error:
        for fault in (explain(error) or str(error)).splitlines():
            print(f"robustag {options.command}: {fault}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"robustag {options.command}: interrupted", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="robustag", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    simulation = (_add_generate, _add_variations, _add_provenance, _add_calibrate)
    for add in (*simulation, _add_attacks, _add_sizes, _add_predict, _add_check, _add_describe, _add_convert):
        add(commands)
    return parser


def _positive(text: str) -> int:
    """An argument that counts something."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        action="append",
        type=Path,
        metavar="FILE",
        help="configuration; given again, a preset on top of those before it "
        f"(default: {DEFAULT_CONFIG} in this folder, otherwise the default study)",
    )


def _add_reading(parser: argparse.ArgumentParser) -> None:
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--format",
        choices=formats(),
        default="generated",
        help="format of files of jets: a module of robustag.readers (default: that of the generator)",
    )
    either.add_argument(
        "--sample",
        metavar="PRESET:NAME",
        help="read them as sample NAME of a preset on top of the configuration: its format, options, labels "
        "and selection",
    )


def _reading(options: argparse.Namespace) -> tuple[list[Path], Reading]:
    """The configuration that files of jets are read with, and how they are read."""
    below = getattr(options, "config", None) or [Path(located(DEFAULT_CONFIG))]
    if options.sample is None:
        return below, Reading(options.format)
    preset, _, name = options.sample.rpartition(":")
    if not (preset and name):
        raise InputError(
            f"--sample {options.sample} names no sample: write PRESET:NAME, such as mine.yaml:mine"
        )
    files = [*below, Path(preset)]
    sample = _defined(read_configuration(files), "samples", name)
    if "format" not in sample:
        raise InputError(f"sample '{name}' is simulated: leave --sample out, its ntuples are read without it")
    return files, reading_of(sample)


def read_configuration(paths: Sequence[Path] | None) -> dict:
    """The configuration of some files: dictionaries add to those before them, everything else replaces.

    Keys that are null after that are taken away (`robustag.workflow.configuration.take_away`).

    Parameters
    ----------
    paths : sequence of path, or None
        In their order; without any, the default study as this folder or the package has it. Files that they
        name are found from the current folder, as Snakemake does, from the folder of one of them, from the
        one above it, or in the package.
    """
    from robustag.workflow.configuration import take_away

    files = paths or [Path(located(DEFAULT_CONFIG))]
    merged: dict = {}
    for path in files:
        document = read_document(path)
        if not isinstance(document, Mapping):
            raise InputError(f"{path} is no configuration: it must be a mapping")
        merged = _merge(merged, document)
    take_away(merged, CONFIG_SCHEMA)
    locate_files(merged, [folder for path in reversed(files) for folder in path.absolute().parents[:2]])
    return merged


def _merge(below: Mapping, above: Mapping) -> dict:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _defined(config: Mapping, section: str, name: str) -> Any:
    """One definition of the configuration."""
    names = config.get(section, {})
    if name not in names:
        raise InputError(f"there is no '{name}' among the {section}; use {', '.join(sorted(names))}")
    return names[name]


def _add_generate(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("generate", help="simulate collisions into a ROOT ntuple")
    parser.add_argument("--sample", required=True, help="name of a sample of the configuration")
    parser.add_argument("--events", required=True, type=_positive, help="collisions")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="ROOT file to write")
    parser.add_argument("--seed", type=int, help="root of every random number (default: the configuration's)")
    parser.add_argument("--variation", help="a variation of the configuration (default: nominal)")
    _add_config(parser)
    parser.set_defaults(run=generate)


def generate(options: argparse.Namespace) -> None:
    """Simulate the first events of a sample; with the study's seed they are those of its first chunk.

    Nominal events have the weights that the study gives them, without which they would be others.
    """
    from robustag.generate.detector import detector_from
    from robustag.workflow.simulation import NOMINAL, minimum_bias_pool, simulate_chunk

    config = read_configuration(options.config)
    sample = _defined(config, "samples", options.sample)
    if "format" in sample:
        raise InputError(f"sample '{options.sample}' is given as files: name one with a process")
    sample |= {"events": options.events}
    name = options.variation or NOMINAL
    varied = {} if name == NOMINAL else _defined(config, "variations", name)
    if "files" in varied:
        raise InputError(f"variation '{name}' is given as files: name one of the simulation")
    if "records" in varied:
        raise InputError(
            f"variation '{name}' changes nominal ntuples: generate one, and use "
            "robustag.mismodelling.vary.vary_ntuple"
        )
    weights = {
        each: definition["weights"]
        for each, definition in config.get("variations", {}).items()
        if "weights" in definition and each in (name, *config.get("run", {}).get("variations", []))
    }
    settings = config.get("generator", {})
    detector = settings.get("detector", {}) | varied.get("detector", {})
    if not options.out.parent.is_dir():
        raise InputError(f"{options.out.parent} is not a folder: make it first")
    seed = config.get("seed", 0) if options.seed is None else options.seed
    pool = None
    if detector_from(detector).pile_up > 0.0:
        pool = minimum_bias_pool(_defined(config, "minimum_bias", "collisions"), seed)
    report = simulate_chunk(
        options.sample,
        sample,
        {"events_per_chunk": options.events, "detector": detector},
        0,
        root_seed=seed,
        outputs={name: options.out},
        pythia=varied.get("generator", {}).get("pythia"),
        variation=name,
        weights={} if "generator" in varied else weights,
        progress=lambda done: print(f"{done} of {options.events} events", file=sys.stderr),
        pool=pool,
    )
    counts = ", ".join(f"{number} {what}" for what, number in report["counts"][name].items())
    print(f"{options.out}: {report['events']} events, {report['failed']} failed; {counts}")


def _add_variations(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("variations", help="list the variations of samples")
    _add_config(parser)
    parser.set_defaults(run=variations)


def variations(options: argparse.Namespace) -> None:
    """One line per variation: name, kind, what changes, why."""
    config = read_configuration(options.config)
    selected = config.get("run", {}).get("variations", [])
    rows = []
    for name, entry in config.get("variations", {}).items():
        kinds = ("detector", "generator", "records", "weights", "files")
        kind = next(kind for kind in kinds if kind in entry)
        if kind == "generator":
            text = ", ".join(entry[kind]["pythia"])
        elif kind == "files":
            text = ", ".join(f"{sample}: {' '.join(files)}" for sample, files in entry[kind].items())
        else:
            text = ", ".join(f"{key} = {value}" for key, value in entry[kind].items())
        rows.append(("*" if name in selected else " ", name, kind, entry["reason"], text))
    width = max((len(row[1]) for row in rows), default=0)
    for mark, name, kind, reason, text in rows:
        print(f"{mark} {name:<{width}}  {kind:<9}  {reason} [{text}]")
    print("* made by the study of this configuration")


def _add_provenance(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("provenance", help="say how a file of a study, or an ntuple, was made")
    parser.add_argument("file", type=Path, metavar="FILE", help="any file under results/, or a ROOT ntuple")
    parser.set_defaults(run=provenance)


def provenance(options: argparse.Namespace) -> None:
    """Settings, versions, seed and command behind a file, as JSON; an ntuple carries its own."""
    if options.file.suffix == ".root":
        from robustag.ntuples import read_provenance as found
    else:
        from robustag.workflow.records import job_provenance as found

    print(json.dumps(found(options.file), indent=2, sort_keys=True))


def _add_calibrate(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("calibrate", help="fit the resolution function of the jet probability")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="generated ROOT files")
    parser.set_defaults(run=calibrate)


def calibrate(options: argparse.Namespace) -> None:
    """The fit to prompt tracks whose constants a tracker preset holds."""
    from robustag.generate.calibration import prompt_significances
    from robustag.generate.resolution import fit_resolution

    significance = prompt_significances(options.files)
    fitted = fit_resolution(significance)
    print(f"{len(significance)} tracks")
    print("gaussians (norm, width):", ", ".join(f"({n:.4g}, {w:.4g})" for n, w in fitted.gaussians))
    print("exponentials (offset, slope):", ", ".join(f"({a:.4g}, {b:.4g})" for a, b in fitted.exponentials))


def _add_attacks(commands: Any) -> None:
    parser = commands.add_parser("attacks", help="list the attacks with their norms and costs")
    parser.add_argument("--markdown", action="store_true", help="as the page docs/attacks.md")
    parser.set_defaults(run=list_attacks)


def list_attacks(options: argparse.Namespace) -> None:
    """Print the table of attacks."""
    from robustag.attacks import listing

    print(listing.markdown() if options.markdown else listing.plain(), end="")


def _add_sizes(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("sizes", help="say how far an epsilon moves every input, in its unit")
    parser.add_argument("results", type=Path, metavar="RESULTS", help="folder of a study, with its tensors")
    parser.add_argument("--epsilon", type=float, default=0.01, help="of an attack (default: %(default)s)")
    parser.add_argument("--factors", default="none", help="as in docs/attacks.md (default: %(default)s)")
    parser.set_defaults(run=sizes)


def sizes(options: argparse.Namespace) -> None:
    """One line per input that may move, the median over test jets; then the names of those that stay."""
    from robustag.attacks import BudgetSettings
    from robustag.attacks.sizes import JETS, physical_sizes
    from robustag.evaluation.bench import Bench
    from robustag.tensors.loading import load_tensors
    from robustag.workflow.records import study_configuration

    study, tensors = study_configuration(options.results), options.results / "tensors"
    features = located(study["features"], options.results.absolute().parents[:2])
    bench = Bench.load(features, tensors / "normalisation.json", tensors / "spread.safetensors")
    jets = load_tensors([tensors / "nominal.index.json"], "test").sampled(JETS)
    rule = bench.rule(BudgetSettings.of(study, factors=options.factors))
    found = physical_sizes(rule.budget(jets.inputs, jets.missing, options.epsilon), bench.normalisation)
    named = zip(bench.table.names, bench.table.units, found, strict=True)
    rows = [(name, "" if unit == "1" else f" {unit}", size) for name, unit, size in named if size > 0]
    width = max((len(name) for name, _, _ in rows), default=0)
    for name, unit, size in rows:
        print(f"{name:<{width}}  {size:.3g}{unit}")
    if still := [name for name, size in zip(bench.table.names, found, strict=True) if not size > 0]:
        print(f"stay: {', '.join(still)}")


def _add_predict(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("predict", help="score the jets of an ntuple with a trained model")
    parser.add_argument("model", type=Path, metavar="MODEL", help="ONNX file that a study exported")
    parser.add_argument(
        "ntuple", type=Path, metavar="NTUPLE", help="ROOT file, or one of another --format or --sample"
    )
    _add_reading(parser)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="table to write, .parquet or .csv (default: NTUPLE with .scores.parquet for .root)",
    )
    parser.set_defaults(run=predict)


def predict(options: argparse.Namespace) -> None:
    """Write probabilities and discriminators of every jet."""
    from robustag.deployment.predict import score_ntuple, write_scores

    out = options.out or options.ntuple.with_suffix(".scores.parquet")
    scores = score_ntuple(options.model, options.ntuple, _reading(options)[1])
    write_scores(scores, out)
    shares = ", ".join(f"{name} {scores[name].mean():.3f}" for name in scores if name.startswith("P_"))
    print(f"{out}: {len(scores)} jets, on average {shares}")


def _add_check(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("check", help="say whether ntuples and configurations can be used")
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="files of jets, and presets (.yaml) of --config"
    )
    _add_reading(parser)
    _add_config(parser)
    parser.set_defaults(run=check)


def check(options: argparse.Namespace) -> None:
    """Lines per file: what is in it, or on standard error what is wrong with it."""
    from robustag.workflow.checking import check_configuration, check_ntuple

    faults = []
    below, reading = _reading(options)
    for file in options.files:
        try:
            preset = file.suffix in (".yaml", ".yml")
            config = read_configuration([*below, file] if preset else below)
            table, left_out = check_configuration(config)
            published = config.get("validation", {}).get("published")
            study = ["; ".join([f"study '{config['study']}'", *(f"leaves out {line}" for line in left_out)])]
            for found in study if preset else check_ntuple(file, table, reading, published):
                print(f"{file}: {found}")
        except InputError as error:
            prefix = f"{file}: " if preset else ""
            faults += [f"{prefix}{fault}" for fault in str(error).splitlines()]
    if faults:
        raise InputError("\n".join(faults))


def _add_describe(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "describe", help="say what is in a file of jets, and write a study to start from"
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="ROOT (TTree, RNTuple), parquet or HDF5")
    parser.add_argument(
        "--tree", help="tree or dataset that lists the entries (default: the only or usual one)"
    )
    parser.add_argument("--all", action="store_true", help="every column of every collection")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="write NAME.yaml and features/NAME.yaml there"
    )
    parser.add_argument("--name", help="of the study (default: that of the file)")
    parser.set_defaults(run=describe)


def describe(options: argparse.Namespace) -> None:
    """Columns by collection with their numbers, the format, and with --out a preset and feature table."""
    from robustag.describing import Start, described, guessed, survey
    from robustag.features import FeatureTable
    from robustag.readers import read_jets
    from robustag.readers.containers import opened
    from robustag.readers.recognising import FEATURES, recognised

    with opened(options.file, options.tree) as container:
        columns, known = survey(container, options.file), recognised(container.names)
        layout = guessed(columns, options.tree)
        for line in described(options.file, container, columns, layout, known, options.all):
            print(line)
        entries = container.entries
    form = next(name for name in known if name in formats())
    name = f"config/features/{FEATURES.get(form, form)}.yaml"
    shipped = None
    if form != "columns" and Path(located(name)).is_file():
        table = FeatureTable.load(located(name))
        try:
            read_jets(form, options.file, table, (0, min(entries, 1)))
            shipped = name, table
            print(f"inputs: {name}")
        except InputError as error:
            print(f"note: not with the inputs of {name}: {error}")
    if options.out:
        start = Start.of(options.file, options.name, form, layout, shipped, options.out)
        for path in start.write(options.file, options.out, entries):
            print(f"wrote {path}")


def _add_convert(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("convert", help="write large files as ntuples that jobs read in parallel")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="files of jets")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="new folder to write")
    parser.add_argument(
        "--format",
        choices=formats("branches"),
        default="jet_flavor",
        help="format of the files (default: the public data set's)",
    )
    parser.add_argument(
        "--jets-per-file", type=_positive, default=200_000, help="of a ntuple (default: %(default)s)"
    )
    parser.set_defaults(run=convert)


def convert(options: argparse.Namespace) -> None:
    """Read every file once, from its beginning to its end, and write it in ntuples of so many jets."""
    from robustag.readers.conversion import convert_files

    ntuples = jets = 0
    for path, number in convert_files(options.format, options.files, options.out, options.jets_per_file):
        print(f"{path.name}: {number} jets", file=sys.stderr)
        ntuples, jets = ntuples + 1, jets + number
    print(f"{options.out}: {jets} jets in {ntuples} ntuples, to be read with the format generated")


if __name__ == "__main__":
    sys.exit(main())
