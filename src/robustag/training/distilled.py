"""Training towards what others have learned."""

from collections.abc import Iterator

from torch import Tensor, nn

from robustag.attacks.problem import PerJetLoss
from robustag.attacks.rule import BudgetRule
from robustag.options import Names, Positive, Share
from robustag.training.losses import divergence
from robustag.training.step import Batch, Moment, Recipe, needed


def distilled(
    loss: PerJetLoss,
    rule: BudgetRule,
    *,
    teachers: Names,
    temperature: Positive,
    share: Share,
    single: bool = False,
) -> Recipe:
    """A student of an ensemble: its prediction is drawn to the mean probability of the teachers.

    ``(1 - share) L(f(x), y) + share T^2 KL(p_T || f_T(x))`` with p the mean over the trainings of the
    teachers, of which dropout is off, and both predictions at temperature T: ``p_T ~ p^(1/T)``
    (arXiv:1503.02531; for taggers arXiv:2509.19431).

    Parameters
    ----------
    teachers : list of str
        Models that are trained before, of which those with all training seeds of the study teach.
    temperature : float
        Above one it makes both predictions softer, so that the small probabilities count more.
    share : float
        Of the teachers in the loss.
    single : bool
        Whether only those with the student's own seed teach: the control, which costs as many passes of the
        student, learns soft labels, too, and knows no ensemble (born again, arXiv:1805.04770).
    """

    def step(model: nn.Module, batch: Batch, moment: Moment) -> Iterator[Tensor]:
        logits = model(batch.inputs)
        apart = divergence(needed(batch.target, "teachers") / temperature, logits / temperature)
        yield (1 - share) * loss(logits, batch.label) + share * temperature**2 * apart

    return step
