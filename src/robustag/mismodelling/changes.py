"""Changes of tracks, jets and vertices as a reconstruction hands them over, before tagging variables.

Unlike a variation of the simulated detector they need no truth, so they can be made on any tracks with a
covariance. What is reported (covariances, beam spot, calibrations) stays, but for `reported_errors`.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace

import numpy as np

from robustag.errors import InputError
from robustag.generate.fakes import D0_MAX, Z0_MAX
from robustag.generate.helix import wrap_phi
from robustag.generate.jets import relative_resolution
from robustag.generate.origins import Origin
from robustag.generate.random import Purpose, Streams, poisson
from robustag.generate.tracker import LOWER, PARAMETERS
from robustag.generate.tracks import Tracks, join_tracks
from robustag.mismodelling.records import Records

_D0, _Z0, _PHI = (PARAMETERS.index(name) for name in ("D0", "Z0", "PHI"))
# Where the variance of each parameter is among the covariances of a track.
_VARIANCES = np.flatnonzero(LOWER[0] == LOWER[1])


def _with_parameters(records: Records, parameters: np.ndarray) -> Records:
    return replace(records, tracks=replace(records.tracks, parameters=parameters))


def _track_draws(records: Records, draw: Callable, purpose: Purpose, components: int) -> np.ndarray:
    """Random numbers [K, components] that belong to the tracks, not to their places in the arrays."""
    tracks = records.tracks
    who = records.number[tracks.event][:, None]
    return draw(purpose, who, tracks.particle[:, None], np.arange(components)[None, :])


def _jet_draws(records: Records, draw: Callable, purpose: Purpose) -> np.ndarray:
    """A random number for each jet, [J]."""
    event = records.jets.event
    return draw(purpose, records.number[event], np.arange(len(event)) - np.searchsorted(event, event))


def _resolution(records: Records, factor: float, streams: Streams, column: int) -> Records:
    """Smear one parameter by sqrt(factor^2 - 1) of its reported error: errors get `factor` times as wide."""
    normal = _track_draws(records, streams.normal, Purpose.RECORD_SMEARING, 2)[:, column]
    parameters = records.tracks.parameters.copy()
    parameters[:, column] += (
        np.sqrt((factor**2 - 1.0) * records.tracks.covariance[:, _VARIANCES[column]]) * normal
    )
    return _with_parameters(records, parameters)


def d0_resolution(records: Records, factor: float, streams: Streams) -> Records:
    """Errors of d0 `factor` (at least 1) times as wide as reported."""
    return _resolution(records, factor, streams, _D0)


def z0_resolution(records: Records, factor: float, streams: Streams) -> Records:
    """Errors of z0 `factor` (at least 1) times as wide as reported."""
    return _resolution(records, factor, streams, _Z0)


def covariance_smearing(records: Records, share: float, streams: Streams) -> Records:
    """Smear all five parameters by `share` of their errors, correlated as each track's covariance says."""
    tracks = records.tracks
    matrix = np.zeros((len(tracks), 5, 5))
    matrix[:, LOWER[0], LOWER[1]] = matrix[:, LOWER[1], LOWER[0]] = tracks.covariance
    # float32 storage can leave an eigenvalue slightly below zero.
    value, vector = np.linalg.eigh(matrix)
    normal = _track_draws(records, streams.normal, Purpose.RECORD_SMEARING, 5)
    step = np.einsum("kij,kj->ki", vector, np.sqrt(np.maximum(value, 0.0)) * normal)
    parameters = tracks.parameters + share * step
    parameters[:, _PHI] = wrap_phi(parameters[:, _PHI])
    return _with_parameters(records, parameters)


def d0_wave(records: Records, wave: dict, streams: Streams) -> Records:
    """Misalignment: d0 moves by amplitude [mm] times cos(periods phi)."""
    parameters = records.tracks.parameters.copy()
    parameters[:, _D0] += wave["amplitude"] * np.cos(wave["periods"] * parameters[:, _PHI])
    return _with_parameters(records, parameters)


def reported_errors(records: Records, factor: float, streams: Streams) -> Records:
    """Reported errors of all track parameters `factor` times as large; the parameters stay."""
    tracks = records.tracks
    return replace(records, tracks=replace(tracks, covariance=factor**2 * tracks.covariance))


def _select(tracks: Tracks, rows: np.ndarray) -> Tracks:
    return Tracks(**{field.name: getattr(tracks, field.name)[rows] for field in fields(Tracks)})


def track_loss(records: Records, share: float, streams: Streams) -> Records:
    """Lose a share of the tracks. A larger share loses the same tracks and more."""
    kept = _track_draws(records, streams.uniform, Purpose.RECORD_LOSS, 1)[:, 0] > share
    return replace(records, tracks=_select(records.tracks, kept), jet=records.jet[kept])


def fakes(records: Records, rate: float, streams: Streams) -> Records:
    """Add a Poisson number of fake tracks to every jet with tracks, with the mean `rate`.

    A fake is a track of the jet, chosen at random, with other d0 and z0: uniform around the beam line and the
    primary vertex, within what track finders ask for.
    """
    tracks, jets = records.tracks, records.jets
    of_jet = np.bincount(records.jet, minlength=len(jets))
    added = poisson(_jet_draws(records, streams.uniform, Purpose.RECORD_FAKE_COUNT), rate)
    jet = np.repeat(np.arange(len(jets)), np.where(of_jet > 0, added, 0))
    serial = np.arange(len(jet)) - np.searchsorted(jet, jet)
    rank = jet - np.searchsorted(jets.event, jets.event)[jet]
    who = records.number[jets.event[jet]]
    place = (who[:, None], rank[:, None], serial[:, None], np.arange(3)[None, :])
    choice, d0, z0 = streams.uniform(Purpose.RECORD_FAKE, *place).T
    first = np.cumsum(of_jet) - of_jet
    donor = np.argsort(records.jet, kind="stable")[first[jet] + (choice * of_jet[jet]).astype(np.int64)]
    parameters = tracks.parameters[donor]
    parameters[:, _D0] = D0_MAX * (2.0 * d0 - 1.0)
    parameters[:, _Z0] = Z0_MAX * (2.0 * z0 - 1.0) + records.position[jets.event[jet], 2]
    made = Tracks(
        event=tracks.event[donor],
        # Not a donor's address, or both would be smeared alike.
        particle=-1 - serial,
        parameters=parameters,
        truth=np.full_like(parameters, np.nan),
        covariance=tracks.covariance[donor],
        origin=np.full(len(donor), Origin.FAKE, tracks.origin.dtype),
    )
    owner = np.concatenate([records.jet, jet])
    order = np.argsort(np.concatenate([tracks.event, made.event]), kind="stable")
    return replace(records, tracks=join_tracks(tracks, made), jet=owner[order])


def jet_energy_scale(records: Records, factor: float, streams: Streams) -> Records:
    """Energies of all jets times `factor`. No jet comes or goes, at the threshold neither."""
    jets = records.jets
    return replace(records, jets=replace(jets, pt=factor * jets.pt, mass=factor * jets.mass))


def jet_energy_resolution(records: Records, factor: float, streams: Streams) -> Records:
    """Errors of jet energies `factor` (at least 1) times as wide as simulated."""
    jets = records.jets
    width = np.sqrt(factor**2 - 1.0) * relative_resolution(jets.pt)
    normal = _jet_draws(records, streams.normal, Purpose.RECORD_JET_ENERGY)
    scale = np.maximum(1.0 + width * normal, 0.1)
    return replace(records, jets=replace(jets, pt=scale * jets.pt, mass=scale * jets.mass))


def vertex_loss(records: Records, share: float, streams: Streams) -> Records:
    """No secondary vertex is found in a share of the jets; their tracks stay."""
    lost = _jet_draws(records, streams.uniform, Purpose.RECORD_VERTEX) < share
    return replace(records, lost=records.lost | lost)


#: Name in the configuration -> change; those of one variation are made in this order.
CHANGES: dict[str, Callable[..., Records]] = {
    change.__name__: change
    for change in (
        fakes,
        track_loss,
        covariance_smearing,
        d0_resolution,
        z0_resolution,
        d0_wave,
        reported_errors,
        jet_energy_scale,
        jet_energy_resolution,
        vertex_loss,
    )
}


def change_records(records: Records, wanted: Mapping, streams: Streams) -> Records:
    """The records with all changes of one variation.

    Parameters
    ----------
    records : Records
        As read.
    wanted : mapping
        Name of a change (see `CHANGES`) to its size.
    streams : Streams
        The chunk's random numbers. They are addressed by event and track: variations share them.

    Raises
    ------
    InputError
        For an unknown change.
    """
    if unknown := sorted(set(wanted) - set(CHANGES)):
        raise InputError(f"records: unknown change '{unknown[0]}'; use {', '.join(CHANGES)}")
    for name, change in CHANGES.items():
        if name in wanted:
            records = change(records, wanted[name], streams)
    return records
