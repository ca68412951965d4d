"""What a network may know of its inputs beside their number: blocks, scaling, missing values."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.features.blocks import Block
from robustag.tensors.normalisation import Normalisation


@dataclass(frozen=True)
class Inputs:
    """The inputs of a network.

    Attributes
    ----------
    size : int
        Number of inputs F.
    table : FeatureTable or None
        What they are; None where nothing but their number is known.
    normalisation : Normalisation or None
        How the inputs were scaled, and what stands in for missing ones.
    """

    size: int
    table: FeatureTable | None = None
    normalisation: Normalisation | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all inputs in order; none where only their number is known."""
        return self.table.names if self.table else ()

    @classmethod
    def of(cls, table: FeatureTable, normalisation: Normalisation) -> Self:
        """The inputs of a feature table, scaled."""
        return cls(table.size, table, normalisation)

    def card(self) -> dict:
        """What a model's card says of its inputs, JSON-ready."""
        table, scaling = self.known("the card of a model says what its inputs are")
        return {
            "inputs": self.size,
            "features": list(self.names),
            "table": table.document,
            "normalisation": {key: getattr(scaling, key).tolist() for key in ("mean", "sigma", "missing")},
        }

    @classmethod
    def of_card(cls, card: dict) -> Self:
        """What `card` said; a card without a table gives the number of inputs alone."""
        if "table" not in card:
            return cls(card["inputs"])
        scaling = {key: np.array(column) for key, column in card["normalisation"].items()}
        table = FeatureTable.from_document(card["table"])
        return cls(card["inputs"], table, Normalisation(names=table.names, **scaling))

    def known(self, wanted: str) -> tuple[FeatureTable, Normalisation]:
        """Table and normalisation, where they are needed.

        Parameters
        ----------
        wanted : str
            Why, in words that a message begins with.

        Raises
        ------
        InputError
            If nothing but the number of inputs is known.
        """
        if self.table is None or self.normalisation is None:
            raise InputError(
                f"{wanted}, and nothing says which inputs those are: "
                "build it with Inputs.of(table, normalisation)"
            )
        return self.table, self.normalisation

    def element_blocks(self, network: str) -> tuple[Block, ...]:
        """The blocks of elements, for a network that works on them.

        Raises
        ------
        InputError
            If blocks or scaling are unknown, the jet has no inputs of its own, or none has elements.
        """
        table, _ = self.known(f"network '{network}' works on tracks")
        if not table.element_blocks or not len(table.jet_columns):
            raise InputError(
                f"network '{network}' needs a block with a count and one without, and the feature table "
                f"'{table.data_set}' has not both: use another network"
            )
        return table.element_blocks
