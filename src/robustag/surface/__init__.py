"""The loss as a function of inputs and weights: planes, geometry and statistics over many jets."""

from robustag.surface.geometry import jet_geometry
from robustag.surface.jets import flavoured_jets, reference_jet
from robustag.surface.landscape import Landscape
from robustag.surface.settings import Surface
from robustag.surface.survey import surface_statistics, survey_planes
from robustag.surface.weights import weight_surface

__all__ = [
    "Landscape",
    "Surface",
    "flavoured_jets",
    "jet_geometry",
    "reference_jet",
    "surface_statistics",
    "survey_planes",
    "weight_surface",
]
