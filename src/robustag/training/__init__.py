"""Training of taggers: losses, recipes (nominal and adversarial), schedules, the resumable loop.

What is asked for is imported then, so that the catalogue of recipes can be read without torch.
"""

from typing import TYPE_CHECKING

from robustag.lazy import export_lazily
from robustag.training.budget import training_budget
from robustag.training.catalogue import RECIPES, RecipeInfo

if TYPE_CHECKING:
    from robustag.training.auc import auc
    from robustag.training.feed import open_feed
    from robustag.training.files import TrainingFiles
    from robustag.training.loop import Trained, train_model
    from robustag.training.losses import LOSSES, build_loss
    from robustag.training.recipes import build_recipe
    from robustag.training.schedule import DECAYS, learning_rate
    from robustag.training.snapshots import save_snapshots

__all__ = [
    "DECAYS",
    "LOSSES",
    "RECIPES",
    "RecipeInfo",
    "Trained",
    "TrainingFiles",
    "auc",
    "build_loss",
    "build_recipe",
    "learning_rate",
    "open_feed",
    "save_snapshots",
    "train_model",
    "training_budget",
]

export_lazily(__name__)
