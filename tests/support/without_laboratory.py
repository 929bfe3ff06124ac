"""A pytest plugin (``-p``): what only the extra [train] installs cannot be imported."""

import sys
from typing import Any, cast

LABORATORY = ("torch", "torchvision", "ultralytics", "easyocr", "PIL", "onnx", "matplotlib")

# To the import system ``None`` says that there is no such module (``sys.modules``, documentation).
cast("dict[str, Any]", sys.modules).update(dict.fromkeys(LABORATORY))
