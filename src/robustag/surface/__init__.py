"""The loss as a function of the inputs: planes of two features and gradient geometry over many jets."""

from robustag.surface.geometry import jet_geometry
from robustag.surface.jets import balanced_jets, confident_jet
from robustag.surface.landscape import Landscape
from robustag.surface.planes import loss_planes, plane_table

__all__ = ["Landscape", "balanced_jets", "confident_jet", "jet_geometry", "loss_planes", "plane_table"]
