"""Training of taggers: losses, recipes (nominal and adversarial), schedules, the resumable loop."""

from robustag.training.adversarial import budget_options
from robustag.training.auc import auc
from robustag.training.feed import open_feed
from robustag.training.loop import Trained, train_model
from robustag.training.losses import LOSSES, build_loss
from robustag.training.recipes import RECIPES, RecipeInfo
from robustag.training.schedule import DECAYS, learning_rate
from robustag.training.snapshots import save_snapshots

__all__ = [
    "DECAYS",
    "LOSSES",
    "RECIPES",
    "RecipeInfo",
    "Trained",
    "auc",
    "budget_options",
    "build_loss",
    "learning_rate",
    "open_feed",
    "save_snapshots",
    "train_model",
]
