"""What dashboards write: figures brought up to date or made anew, and targets."""

from dashboards.services.rolling import rebuild, roll_up, roll_up_all
from dashboards.services.targeting import TargetValue, set_targets

__all__ = ["TargetValue", "rebuild", "roll_up", "roll_up_all", "set_targets"]
