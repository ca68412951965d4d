"""An ntuple to ntuples in which the reconstruction's output is changed and everything after it made anew."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from robustag.generate.layers import TRACKERS
from robustag.generate.ntuple import new_ntuple
from robustag.generate.random import Streams
from robustag.mismodelling.changes import change_records
from robustag.mismodelling.records import read_records, reconstruct
from robustag.ntuples import read_provenance


def vary_ntuple(
    path: str | Path, variations: Mapping[str, Mapping], outputs: Mapping[str, Path], seed: int
) -> dict[str, int]:
    """Write an ntuple for each variation of the records of one.

    Parameters
    ----------
    path : path
        A nominal ntuple of the built-in generator.
    variations : mapping of str to mapping
        Name to changes (see `robustag.mismodelling.changes.CHANGES`); no change gives the ntuple again.
    outputs : mapping of str to path
        A ROOT file for each.
    seed : int
        With the ntuple's run and chunk it fixes every random number.

    Returns
    -------
    dict
        Tracks in jets of each variation.

    Raises
    ------
    InputError
        If the ntuple cannot be read or a change is unknown; then no file is left behind.
    """
    provenance = read_provenance(Path(path))
    tracker = TRACKERS[provenance["detector"]["tracker"]]
    records, kept = read_records(path, tracker)
    streams = Streams(seed, provenance["run"], provenance["chunk"])
    tracks = {}
    with ExitStack() as stack:
        for name, changes in variations.items():
            writer = stack.enter_context(new_ntuple(outputs[name]))
            changed = change_records(records, changes, streams)
            writer.append(reconstruct(changed, kept, tracker))
            writer.finish(provenance | {"variation": name, "records": dict(changes)})
            tracks[name] = len(changed.tracks)
    return tracks
