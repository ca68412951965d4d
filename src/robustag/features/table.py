"""The feature table: one YAML file a data set, expanded to one entry an input of the network."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robustag.documents import read_document
from robustag.errors import InputError


@dataclass(frozen=True)
class FeatureTable:
    """Every input of one data set, in the network's order.

    The F inputs are the jet variables, then each track variable for tracks 0 ... T-1 (variable-major:
    ``track_0_D0, track_1_D0, ..., track_0_Z0, ...``), as in the flattened data of arXiv:2203.13890.

    Attributes
    ----------
    data_set : str
        Name of the data set.
    jet_variables, track_variables : tuple of str
        Variable names as the ntuples carry them.
    tracks : int
        Number of tracks T of a jet that enter the network.
    names, units, groups : tuple of str, length F
        Input name, physical unit ("1" for a pure number), group (jet, vertex or track).
    integer : bool [F]
        Counts, which no perturbation moves.
    missing : float64 [F]
        Value that stands in for a missing entry; NaN where the data decide it (`below_minimum`).
    below_minimum : float64 [F]
        Distance of the missing value below the smallest value in the data; NaN where `missing` is given.
    shift_as_intended, shift_as_coded : float32 [F]
        The study's factors for coherent shifts, as meant and as its code applied them (the per-track
        list was laid out track-major, the columns are variable-major).
    lower, upper : float64 [F]
        Physical range.
    """

    data_set: str
    jet_variables: tuple[str, ...]
    track_variables: tuple[str, ...]
    tracks: int
    names: tuple[str, ...]
    units: tuple[str, ...]
    groups: tuple[str, ...]
    integer: np.ndarray
    missing: np.ndarray
    below_minimum: np.ndarray
    shift_as_intended: np.ndarray
    shift_as_coded: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @property
    def size(self) -> int:
        """Number of inputs F."""
        return len(self.names)

    def index(self, name: str) -> int:
        """Position of one input.

        Raises
        ------
        InputError
            If the table has no input of that name.
        """
        try:
            return self.names.index(name)
        except ValueError:
            raise InputError(
                f"feature table '{self.data_set}' has no input '{name}': "
                f"use one of its names, such as {', '.join(self.names[:3])}"
            ) from None

    @classmethod
    def load(cls, path: str | Path) -> "FeatureTable":
        """Read a feature table from YAML.

        Raises
        ------
        InputError
            If the file cannot be read, is not a feature table, or names an input twice.
        """
        try:
            return cls.from_document(read_document(path))
        except (KeyError, TypeError, IndexError) as error:
            raise InputError(
                f"feature table {path} is not laid out as config/features/jet_flavor.yaml: {error!r}"
            ) from error

    @classmethod
    def from_document(cls, document: dict) -> "FeatureTable":
        """Expand a parsed table (see `config/features/jet_flavor.yaml`) to one entry an input."""
        tracks = document["tracks"]
        jet, track = document["jet"], document["track"]
        entries = [(variable["name"], variable) for variable in jet] + [
            (f"track_{t}_{variable['name']}", variable) for variable in track for t in range(tracks)
        ]
        names = tuple(name for name, _ in entries)
        if repeated := {name for name in names if names.count(name) > 1}:
            raise InputError(
                f"feature table '{document['data_set']}' names {sorted(repeated)[0]} twice: rename one"
            )
        variables = [variable for _, variable in entries]
        fixed = [v["missing"] if not isinstance(v["missing"], dict) else np.nan for v in variables]
        margin = [
            v["missing"]["below_minimum"] if isinstance(v["missing"], dict) else np.nan for v in variables
        ]
        return cls(
            data_set=document["data_set"],
            jet_variables=tuple(variable["name"] for variable in jet),
            track_variables=tuple(variable["name"] for variable in track),
            tracks=tracks,
            names=names,
            units=tuple(variable["unit"] for variable in variables),
            groups=tuple(variable["group"] for variable in variables),
            integer=np.array([variable.get("integer", False) for variable in variables]),
            missing=np.array(fixed, dtype=np.float64),
            below_minimum=np.array(margin, dtype=np.float64),
            shift_as_intended=np.array([variable["shift"] for variable in variables], dtype=np.float32),
            shift_as_coded=_shift_as_coded(jet, track, tracks, document["tracks_as_coded"]),
            lower=np.array([variable["range"][0] for variable in variables], dtype=np.float64),
            upper=np.array([variable["range"][1] for variable in variables], dtype=np.float64),
        )


def _shift_as_coded(jet: list[dict], track: list[dict], tracks: int, tracks_as_coded: int) -> np.ndarray:
    """Shift factors as the study's code applied them.

    Its factor list is the per-track list repeated once a track; its columns are variable-major with
    `tracks_as_coded` tracks T'. Column (variable v, track t) therefore got entry (T' v + t) mod V of V.
    """
    per_track = np.array([variable["shift"] for variable in track], dtype=np.float32)
    v, t = np.meshgrid(np.arange(len(track)), np.arange(tracks), indexing="ij")
    coded = per_track[(tracks_as_coded * v + t) % len(track)]
    return np.concatenate([[variable["shift"] for variable in jet], coded.ravel()]).astype(np.float32)
