"""What a network may know of its inputs beside their number: tracks, scaling, missing values."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from robustag.errors import InputError
from robustag.tensors.normalisation import Normalisation

if TYPE_CHECKING:
    from robustag.features import FeatureTable


@dataclass(frozen=True)
class Inputs:
    """The inputs of a network: first the jet's variables, then each track variable for all tracks.

    Attributes
    ----------
    size : int
        Number of inputs F.
    tracks : int
        Number of tracks T; 0 where nothing but the number of inputs is known.
    jet_variables, track_variables : tuple of str
        J and V names with J + V T = F.
    normalisation : Normalisation or None
        How the inputs were scaled, and what stands in for missing ones.
    """

    size: int
    tracks: int = 0
    jet_variables: tuple[str, ...] = ()
    track_variables: tuple[str, ...] = ()
    normalisation: Normalisation | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all inputs in order; none where only their number is known."""
        return self.normalisation.names if self.normalisation else ()

    @classmethod
    def of(cls, table: "FeatureTable", normalisation: Normalisation) -> Self:
        """The inputs of a feature table, scaled."""
        return cls(table.size, table.tracks, table.jet_variables, table.track_variables, normalisation)

    def card(self) -> dict:
        """What a model's card says of its inputs, JSON-ready."""
        scaling = self.normalisation
        return {
            "inputs": self.size,
            "features": list(self.names),
            "layout": {
                "tracks": self.tracks,
                "jet_variables": list(self.jet_variables),
                "track_variables": list(self.track_variables),
            },
            "normalisation": {key: getattr(scaling, key).tolist() for key in ("mean", "sigma", "missing")},
        }

    @classmethod
    def of_card(cls, card: dict) -> Self:
        """What `card` said; a card without a layout gives the number of inputs alone."""
        if "layout" not in card:
            return cls(card["inputs"])
        scaling = {key: np.array(column) for key, column in card["normalisation"].items()}
        layout = card["layout"]
        return cls(
            card["inputs"],
            layout["tracks"],
            tuple(layout["jet_variables"]),
            tuple(layout["track_variables"]),
            Normalisation(names=tuple(card["features"]), **scaling),
        )

    def check_tracks(self, network: str) -> None:
        """Refuse inputs of which a network would have to know the tracks.

        Raises
        ------
        InputError
            If the tracks or the scaling are unknown.
        """
        if self.tracks == 0 or self.normalisation is None:
            raise InputError(
                f"network '{network}' works on tracks, and nothing says which inputs those are: "
                "build it with Inputs.of(table, normalisation)"
            )
