"""What a camera does to a picture: blur, rain on the glass, noise, compression.

Everything works on one channel in float32 except where it says otherwise, and is cheap enough
to be done to every plate of a training batch.
"""

from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.pictures import BgrImage, GreyImage

GreyFloat: TypeAlias = NDArray[np.float32]
"""Picture of shape (H, W), float32, 0 to 255 and a little beyond."""

_NOISE: Final = np.random.default_rng(0).standard_normal(1 << 18).astype(np.float32)
"""Gaussian noise to cut pieces from; drawing it anew would cost more than all other steps."""

_BLOCK_PX: Final = 8
"""Side of the blocks that codecs transform; H.264 also has 4, and predicts in 16."""

_DEAD_ZONE: Final = 1 / 3
"""Rounding offset of H.264's quantiser for intra blocks: what is below two thirds becomes zero."""


def _transform_matrix() -> NDArray[np.float32]:
    """Build the orthonormal cosine transform of one block's side."""
    rows = cv2.dct(np.eye(_BLOCK_PX, dtype=np.float32), flags=cv2.DCT_ROWS)
    matrix: NDArray[np.float32] = rows.T.astype(np.float32)
    return matrix


_TRANSFORM: Final = _transform_matrix()


def defocus(picture: GreyFloat, radius_px: float) -> GreyFloat:
    """Blur as a lens out of focus does: every point becomes a disk.

    Args:
        picture: Shape (H, W). Not modified.
        radius_px: Radius of the disk, 0.3 or more.

    Returns:
        The blurred picture.
    """
    size = 2 * int(np.ceil(radius_px)) + 1
    y, x = np.ogrid[0:size, 0:size]
    distance = np.hypot(y - size // 2, x - size // 2)
    disk = np.clip(radius_px + 0.5 - distance, 0, 1).astype(np.float32)
    return cv2.filter2D(picture, -1, disk / disk.sum()).astype(np.float32, copy=False)


def smear(picture: GreyFloat, length_px: float, angle: float) -> GreyFloat:
    """Blur as motion during the exposure does.

    Args:
        picture: Shape (H, W). Not modified.
        length_px: How far the picture moved.
        angle: Direction of the movement in radians, 0 along the rows.

    Returns:
        The blurred picture.
    """
    middle = max(1, int(np.ceil(length_px / 2)))
    kernel = np.zeros((2 * middle + 1, 2 * middle + 1), np.float32)
    dx, dy = np.cos(angle) * length_px / 2, np.sin(angle) * length_px / 2
    ends = np.rint(np.array([[middle - dx, middle - dy], [middle + dx, middle + dy]]) * 16)
    first, last = ((int(x), int(y)) for x, y in ends)
    cv2.line(kernel, first, last, 1.0, 1, cv2.LINE_AA, shift=4)
    return cv2.filter2D(picture, -1, kernel / kernel.sum()).astype(np.float32, copy=False)


def add_noise(picture: GreyFloat, rng: np.random.Generator, *, level: float) -> GreyFloat:
    """Add a sensor's noise: a constant part and one that grows with the light.

    Args:
        picture: Shape (H, W). Not modified.
        rng: Where the randomness comes from.
        level: Standard deviation at middle grey, in grey levels.

    Returns:
        The noisy picture.
    """
    share = np.float32(rng.uniform(0, 1))
    spread = (1 - share) + share * np.sqrt(np.clip(picture, 0, 255) / np.float32(128))
    noisy: GreyFloat = picture + np.float32(level) * spread * _cut_noise(picture.shape, rng)
    return noisy


def add_rain(picture: GreyFloat, rng: np.random.Generator) -> GreyFloat:
    """Draw falling drops as bright streaks, and drops on the glass as blurred spots.

    Args:
        picture: Shape (H, W). Not modified.
        rng: Where the randomness comes from.

    Returns:
        The rainy picture.
    """
    height, width = picture.shape
    streaks = np.zeros((height, width), np.uint8)
    lean, length = rng.normal(0, 0.2), height * rng.uniform(0.1, 0.5)
    for x, y in rng.uniform(0, 1, (int(rng.integers(5, 40)), 2)) * (width, height):
        end = (round(x + lean * length), round(y + length))
        cv2.line(streaks, (round(x), round(y)), end, int(rng.integers(40, 160)), 1, cv2.LINE_AA)
    rainy = picture + cv2.GaussianBlur(streaks, (0, 0), 0.7)
    drops = np.zeros((height, width), np.float32)
    for x, y in rng.uniform(0, 1, (int(rng.integers(0, 5)), 2)) * (width, height):
        cv2.circle(drops, (round(x), round(y)), round(height * rng.uniform(0.05, 0.2)), 1.0, -1)
    if drops.any():
        edge = cv2.GaussianBlur(drops, (0, 0), 1.5)
        rainy += edge * (cv2.GaussianBlur(rainy, (0, 0), 0.06 * height + 0.5) - rainy)
    return rainy.astype(np.float32, copy=False)


def compress_jpeg(picture: GreyImage, quality: int) -> GreyImage:
    """Store as JPEG and read back.

    Args:
        picture: Shape (H, W), uint8. Not modified.
        quality: 5 to 100.

    Returns:
        The picture as a viewer sees it.
    """
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
    return picture if decoded is None else decoded.astype(np.uint8, copy=False)


def compress_blocks(picture: GreyFloat, rng: np.random.Generator, *, step: float) -> GreyFloat:
    """Compress roughly as H.264 does: predict, quantise what is left block by block, deblock.

    A real encoder would cost more than drawing the plate. What readers suffer from is kept: fine
    strokes vanish block by block, and what is predicted shows through as a ghost.

    Args:
        picture: Shape (H, W). Not modified.
        rng: Where the randomness comes from: how the block grid lies, what is predicted.
        step: Width of a quantiser step in grey levels: 5 is good (QP 22), 60 is dreadful (QP 43).

    Returns:
        The picture as a viewer sees it.
    """
    height, width = picture.shape
    top, left = (int(value) for value in rng.integers(0, _BLOCK_PX, 2))
    bottom, right = -(height + top) % _BLOCK_PX, -(width + left) % _BLOCK_PX
    whole = cv2.copyMakeBorder(picture, top, bottom, left, right, cv2.BORDER_REPLICATE)
    blur_px = float(rng.uniform(1.0, 6.0))
    predicted = np.roll(cv2.GaussianBlur(whole, (0, 0), blur_px), int(rng.integers(-2, 3)), axis=1)
    rows, columns = whole.shape[0] // _BLOCK_PX, whole.shape[1] // _BLOCK_PX
    residual = (whole - predicted).reshape(rows, _BLOCK_PX, columns, _BLOCK_PX).swapaxes(1, 2)
    levels = _TRANSFORM @ residual @ _TRANSFORM.T / np.float32(step)
    kept = np.sign(levels) * np.floor(np.abs(levels) + np.float32(_DEAD_ZONE))
    decoded = _TRANSFORM.T @ (kept * np.float32(step)) @ _TRANSFORM
    seen = predicted + decoded.swapaxes(1, 2).reshape(whole.shape)
    _deblock(seen, np.float32(step))
    shown: GreyFloat = seen[top : top + height, left : left + width]
    return shown


def photograph_in_colour(
    picture_bgr: BgrImage, rng: np.random.Generator, *, roughness: float = 1.0
) -> BgrImage:
    """Photograph a picture in colour: focus, motion, noise and one of two compressions.

    Args:
        picture_bgr: Shape (H, W, 3), uint8. Not modified.
        rng: Where the randomness comes from.
        roughness: 0 for a good camera on a good day, 1 for anything.

    Returns:
        The photograph, in memory of its own.
    """
    luma, *chroma = cv2.split(cv2.cvtColor(picture_bgr, cv2.COLOR_BGR2YCrCb))
    height, width = luma.shape
    seen = luma.astype(np.float32)
    kind = rng.random()
    if kind < 0.3 * roughness:
        seen = defocus(seen, 0.5 + 0.03 * height * rng.random())
    elif kind < 0.5 * roughness:
        seen = smear(seen, 1.5 + 0.08 * height * rng.random(), float(rng.uniform(0, np.pi)))
    if rng.random() < 0.06 * roughness:
        seen = add_rain(seen, rng)
    seen = add_noise(seen, rng, level=float(rng.uniform(0, 10)) * roughness)
    if rng.random() < 0.5 * roughness:
        seen = compress_blocks(seen, rng, step=float(rng.uniform(5, 40)))
    # Cameras keep colour at half the resolution.
    half = (max(1, width // 2), max(1, height // 2))
    coarse = [
        cv2.resize(cv2.resize(plane, half, interpolation=cv2.INTER_AREA), (width, height))
        for plane in chroma
    ]
    merged = cv2.merge([np.clip(seen, 0, 255).astype(np.uint8), *coarse])
    return cv2.cvtColor(merged, cv2.COLOR_YCrCb2BGR).astype(np.uint8, copy=False)


def _deblock(picture: GreyFloat, step: np.float32) -> None:
    """Smooth the seams between blocks where they are no real edges, in place."""
    for seen in (picture, picture.T):
        before, after = seen[:, _BLOCK_PX - 1 : -1 : _BLOCK_PX], seen[:, _BLOCK_PX::_BLOCK_PX]
        jump = after - before
        moved = np.where(np.abs(jump) < step, jump / 4, np.float32(0))
        before += moved
        after -= moved


def _cut_noise(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Cut a piece out of the stored noise."""
    count = int(np.prod(shape))
    start = int(rng.integers(0, max(1, _NOISE.size - count)))
    if count > _NOISE.size:
        return np.resize(_NOISE, shape)
    return _NOISE[start : start + count].reshape(shape)
