"""Training of taggers: losses, recipes (nominal and adversarial), schedules, the resumable loop."""

from robustag.training.auc import auc
from robustag.training.feed import open_feed
from robustag.training.loop import train_model
from robustag.training.losses import LOSSES, build_loss
from robustag.training.recipes import RECIPES, RecipeInfo
from robustag.training.schedule import DECAYS, learning_rate

__all__ = [
    "DECAYS",
    "LOSSES",
    "RECIPES",
    "RecipeInfo",
    "auc",
    "build_loss",
    "learning_rate",
    "open_feed",
    "train_model",
]
