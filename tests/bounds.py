"""Outputs of networks between two bounds, by each method of certificates."""

from robustag.evaluation.certificates import EFFORT, Bounds, Effort, enclosed, interval_bounds, least_outputs

NO_STEPS = Effort()


def crown_bounds(layers, box, effort=NO_STEPS):
    """Outputs [N, S] over a box of inputs [N, F], by (alpha-)CROWN."""
    inside = enclosed(layers, box, effort)
    *before, last = layers
    negative = [*before, last._replace(weight=-last.weight, bias=-last.bias)]
    return Bounds(least_outputs(layers, inside, effort), -least_outputs(negative, inside, effort))


def proven_bounds(layers, box):
    return crown_bounds(layers, box, EFFORT)


METHODS = {"interval": interval_bounds, "crown": crown_bounds, "proven": proven_bounds}
