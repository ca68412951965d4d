"""Which chunk of which sample is which random numbers: the one link from names to seeds of the simulation."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from robustag.workflow.seeds import derive_seed

if TYPE_CHECKING:
    from robustag.generate.minimum_bias import Pool

NOMINAL = "nominal"


def simulate_chunk(
    name: str,
    sample: Mapping,
    generator: Mapping,
    chunk: int,
    *,
    root_seed: int,
    outputs: Mapping[str, Path],
    detectors: Mapping[str, Mapping] | None = None,
    pythia: list[str] | None = None,
    weights: Mapping[str, Mapping[str, str]] | None = None,
    variation: str = NOMINAL,
    progress: Callable[[int], None],
    pool: "Pool | None" = None,
) -> dict:
    """Simulate chunk number `chunk` (from 0) of a sample of the configuration.

    Parameters
    ----------
    name : str
        Name of the sample; with the chunk it decides every random number, whatever is varied.
    sample, generator : mapping
        The sample's definition and the section `generator`.
    root_seed : int
        The study's seed.
    outputs : mapping of str to Path
        A ROOT file for `variation` and for each of `detectors`.
    detectors : mapping of str to mapping
        Detector variations to make of the same collisions.
    pythia : list of str
        Settings of a generator variation.
    weights : mapping of str to mapping
        What other settings the collisions get weights for (`robustag.generate.weights.weight_settings`).
    variation : str
        What the main output is called.
    progress : callable
        Gets the number of events done.
    pool : Pool, optional
        The study's minimum-bias collisions, for detectors with pile-up.

    Returns
    -------
    dict
        The report of `robustag.generate.chunk.generate_chunk`.

    Raises
    ------
    InputError
        If a setting cannot be used, or the sample has no such chunk.
    """
    from robustag.errors import InputError
    from robustag.generate.chunk import generate_chunk

    process = dict(sample)
    size = generator["events_per_chunk"]
    events = min(size, process.pop("events") - chunk * size)
    if events < 1:
        raise InputError(f"sample '{name}' has no chunk {chunk}")
    process["pythia"] = [*process.get("pythia", ()), *(pythia or ())]
    return generate_chunk(
        process,
        generator["detector"],
        dict(detectors or {}),
        events=events,
        # Variations stay out of the seed: they see the same collisions, or the same random numbers.
        seed=derive_seed(root_seed, "generate", name, chunk),
        run=derive_seed(0, "run", name) % 2**31,
        chunk=chunk + 1,
        outputs=dict(outputs),
        variation=variation,
        progress=progress,
        weights=dict(weights or {}),
        pool=pool,
    )


def minimum_bias_pool(collisions: int, root_seed: int) -> "Pool":
    """Simulate the minimum-bias collisions that a study of this seed draws its pile-up from."""
    from robustag.generate.minimum_bias import make_pool
    from robustag.generate.pythia import MAX_SEED

    return make_pool(collisions, 1 + derive_seed(root_seed, "minimum_bias") % MAX_SEED)
