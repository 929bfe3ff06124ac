"""Keeps OpenCV and its FFmpeg from writing to standard error, where our log lines go."""

import os
from typing import Final

import cv2

_FFMPEG_QUIET: Final = "-8"


def silence_opencv() -> None:
    """Turn off what OpenCV and FFmpeg print; what matters comes as a return value.

    To be called before the first capture is opened: FFmpeg's level is read from the environment
    at its first use, and there is no call for it.
    """
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = _FFMPEG_QUIET
