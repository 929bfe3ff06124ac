"""Imports ultralytics so that it keeps to itself: to be imported before it, everywhere.

Left alone, ultralytics looks for a network when it is imported, reports each prediction to Google
Analytics, installs packages that it misses, runs whatever a checkpoint's pickle says, and keeps a
settings file with an identifier of the machine in the user's home. Most of that is decided by the
environment at the moment of import.
"""

import logging
import os
import tempfile
from typing import Final

from edge_lpr.vision.adapters.torch_runtime import environment_variable

_SWITCHES: Final = {
    "YOLO_OFFLINE": "1",  # do not look for a network, and act as if there were none
    "YOLO_AUTOINSTALL": "0",
    "YOLO_VERBOSE": "0",
    "ULTRALYTICS_SAFE_LOAD": "1",  # take known layers alone out of a checkpoint's pickle
}
os.environ.update(_SWITCHES)

with (
    # The settings file goes to a folder that is gone again at once: those of the user's own work
    # with ultralytics are neither read nor written.
    tempfile.TemporaryDirectory(prefix="edge-lpr-") as _folder,
    environment_variable("YOLO_CONFIG_DIR", _folder),
):
    import ultralytics
    from ultralytics.nn import tasks
    from ultralytics.utils import checks
    from ultralytics.utils.events import events

# The same once more, for the case that somebody imported ultralytics before us.
tasks.SAFE_LOAD = True
checks.AUTOINSTALL = checks.ONLINE = events.enabled = False
_INTEGRATIONS: Final = (
    *("sync", "clearml", "comet", "dvc"),
    *("mlflow", "raytune", "tensorboard", "wandb"),
)
# By dict's own method, because that of the settings writes them to their file.
dict.update(ultralytics.settings, dict.fromkeys(_INTEGRATIONS, False))
# It writes to standard output by itself; what matters comes as an exception.
logging.getLogger("ultralytics").setLevel(logging.CRITICAL)

YOLO: Final = ultralytics.YOLO
"""The stock library's one entry."""
