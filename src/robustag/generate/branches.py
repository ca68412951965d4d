"""Arrays of the chain to NanoAOD-style branches: flat numbers per event, lists of records per collection."""

import awkward as ak
import numpy as np

from robustag.generate.impact import JetTracks
from robustag.generate.jets import Jets
from robustag.generate.labels import Truth, hard_flavours
from robustag.generate.origins import decay_vertex, mother_within
from robustag.generate.pileup import BunchCrossings
from robustag.generate.pythia import ParticleBatch
from robustag.generate.vertices import PrimaryVertices
from robustag.ntuples import RELATIVE_WEIGHT

PRIMARY_COVARIANCE = tuple(f"PV_cov_{axes}" for axes in ("xx", "xy", "yy", "xz", "yz", "zz"))


def collection(columns: dict[str, np.ndarray], event: np.ndarray, events: int) -> ak.Array:
    """Lists of records [E] from columns [N] ordered by event; floating-point columns become float32."""
    narrow = {
        name: values.astype(np.float32) if values.dtype.kind == "f" else values
        for name, values in columns.items()
    }
    return ak.unflatten(ak.zip(narrow), np.bincount(event, minlength=events))


def event_branches(
    batch: ParticleBatch, truth: Truth, collision: np.ndarray, run: int, chunk: int
) -> dict[str, ak.Array]:
    """What no reconstruction can change: run, luminosityBlock, event, weights, GenVtx and GenPart.

    genWeight is the weight of the event, PSWeight_... those with other settings, relative to it. collision:
    float64 [E, 3], mm, becomes GenVtx. GenPart holds the hard process, the weakly decaying b and c hadrons
    and the taus; vx, vy, vz is where they are made and decay_x, decay_y, decay_z where they decay, in mm.
    """
    events = len(batch.number)
    kept = hard_flavours(batch, truth)
    px, py, pz = batch.momentum[kept, :3].T
    pt = np.hypot(px, py)
    particles = {
        "pt": pt,
        "eta": np.arcsinh(pz / pt),
        "phi": np.arctan2(py, px),
        "mass": batch.mass[kept],
        "pdgId": batch.pdg_id[kept].astype(np.int32),
        "status": batch.status[kept].astype(np.int32),
        "genPartIdxMother": mother_within(batch, kept).astype(np.int32),
    }
    centre = collision[batch.event[kept]]
    made, decayed = batch.vertex[kept] + centre, decay_vertex(batch, kept) + centre
    particles |= dict(zip(("vx", "vy", "vz"), made.T, strict=True))
    particles |= dict(zip(("decay_x", "decay_y", "decay_z"), decayed.T, strict=True))
    vertex = dict(zip(("GenVtx_x", "GenVtx_y", "GenVtx_z"), collision.astype(np.float32).T, strict=True))
    return {
        "run": ak.Array(np.full(events, run, np.uint32)),
        "luminosityBlock": ak.Array(np.full(events, chunk, np.uint32)),
        "event": ak.Array(batch.number),
        "genWeight": ak.Array(batch.weight.astype(np.float32)),
        **{
            f"{RELATIVE_WEIGHT}{name}": ak.Array(values.astype(np.float32))
            for name, values in batch.relative_weights.items()
        },
        **{name: ak.Array(np.ascontiguousarray(values)) for name, values in vertex.items()},
        "GenPart": collection(particles, batch.event[kept], events),
    }


def pile_up_branches(crossings: BunchCrossings) -> dict[str, ak.Array]:
    """Pileup_nTrueInt, the mean number of pile-up collisions, and Pileup_nPU, how many there are."""
    return {
        "Pileup_nTrueInt": ak.Array(np.full(len(crossings.count), crossings.mean, np.float32)),
        "Pileup_nPU": ak.Array(crossings.count.astype(np.int32)),
    }


def primary_vertex_branches(primary: PrimaryVertices, vertices: np.ndarray) -> dict[str, ak.Array]:
    """The primary vertex, and how many there are to choose from (int64 [E]) as PV_npvs.

    PV_x, PV_y, PV_z [mm], PV_chi2 (per degree of freedom), PV_ndof and PV_cov_xx ... PV_cov_zz [mm^2].
    """
    columns = dict(zip(("PV_x", "PV_y", "PV_z"), primary.position.T, strict=True)) | {
        "PV_chi2": np.divide(
            primary.chi2, primary.ndf, out=np.zeros_like(primary.chi2), where=primary.ndf > 0
        ),
        "PV_ndof": primary.ndf,
        **dict(zip(PRIMARY_COVARIANCE, primary.covariance.T, strict=True)),
    }
    branches = {name: ak.Array(values.astype(np.float32)) for name, values in columns.items()}
    return branches | {"PV_npvs": ak.Array(vertices.astype(np.int32))}


def jet_branches(
    jets: Jets,
    flavours: dict[str, np.ndarray],
    pairs: JetTracks,
    track_pt: np.ndarray,
    vertex_jet: np.ndarray,
    variables: tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, np.ndarray]],
    events: int,
) -> dict[str, ak.Array]:
    """The collections Jet, Track and SV; jetIdx counts inside the event.

    flavours: int64 [J] by branch name; track_pt: float64 [K]; vertex_jet: int64 [V]; variables: the three
    dicts of `tagging.tagging_variables`.
    """
    jet_variables, track_variables, vertex_variables = variables
    index = (np.arange(len(jets)) - np.searchsorted(jets.event, jets.event)).astype(np.int32)
    jet = {"pt": jets.pt, "eta": jets.eta, "phi": jets.phi, "mass": jets.mass}
    jet |= {name: values.astype(np.int32) for name, values in flavours.items()} | jet_variables
    jet["n_tracks"] = np.bincount(pairs.jet, minlength=len(jets)).astype(np.int32)
    track = {"jetIdx": index[pairs.jet], "pt": track_pt} | track_variables
    vertex = {"jetIdx": index[vertex_jet]} | vertex_variables
    vertex["ntracks"] = vertex["ntracks"].astype(np.int32)
    return {
        "Jet": collection(jet, jets.event, events),
        "Track": collection(track, pairs.event, events),
        "SV": collection(vertex, jets.event[vertex_jet], events),
    }
