"""``python -m edge_lpr.training.model_costs``: how far the networks are from this machine's limit.

1. Multiplications and additions of each network, counted from its graph at a device's input sizes
2. How many a second this machine does at its best: a large matrix product with NumPy, and a matrix
   product and a convolution with ONNX Runtime
3. What each network takes, and what share of the best rate that is

Only convolutions and matrix products are counted, which is all but a few per cent of the work.
"""

import argparse
import math
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

from edge_lpr.core.errors import EdgeLprError
from edge_lpr.vision.adapters.onnxruntime_session import open_session
from edge_lpr.vision.models import load_models
from edge_lpr.vision.patch import PATCH_HEIGHT_PX, PATCH_WIDTH_PX
from edge_lpr.vision.rectify import RECTIFIED_HEIGHT_PX, RECTIFIED_WIDTH_PX

_GIGA: Final = 1e9

_DETECTOR_SHAPE: Final = (1, 3, 384, 640)
"""What is left of 1280x720 at the default ``long_side_px``, padded to the network's stride."""

_CORNERS_SHAPE: Final = (1, 3, PATCH_HEIGHT_PX, PATCH_WIDTH_PX)
_READER_SHAPE: Final = (1, 1, RECTIFIED_HEIGHT_PX, RECTIFIED_WIDTH_PX)

_MATRIX_SIDE: Final = 512
"""Large enough that packing and starting threads hardly count, small enough to be done before the
kernel gives the core to somebody else."""

_CONV_CHANNELS: Final = 64
_CONV_SIZE: Final = (48, 80)
"""A layer as the detector has them."""

_TIMED_S: Final = 2.0
_FEWEST_TIMES: Final = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """What something takes on this machine."""

    name: str
    """What it is."""
    operations: int
    """Multiplications and additions, each counted."""
    seconds: float
    """Least time that one run took: what disturbs only adds."""

    @property
    def rate(self) -> float:
        """Operations a second."""
        return self.operations / self.seconds


def count_operations(onnx_bytes: bytes, inputs: Mapping[str, NDArray[np.float32]]) -> int:
    """Count the multiplications and additions of one inference.

    Args:
        onnx_bytes: The network; its weights are initializers.
        inputs: Input by name. Not modified.

    Returns:
        Operations of all convolutions and matrix products.
    """
    model = onnx.load_from_string(onnx_bytes)
    weights = {weight.name: tuple(weight.dims) for weight in model.graph.initializer}
    counted = [node for node in model.graph.node if node.op_type in {"Conv", "Gemm", "MatMul"}]
    # The graph works its sizes out as it runs, so it is run once with every such size as an output.
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=node.output[0]) for node in counted)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    outputs = session.run(None, dict(inputs))
    return sum(
        2 * np.asarray(output).size * _terms(node, weights)
        for node, output in zip(counted, outputs, strict=True)
    )


def _terms(node: onnx.NodeProto, weights: Mapping[str, tuple[int, ...]]) -> int:
    """Return how many products are summed up for each value that a node puts out."""
    shape = weights[node.input[1]]
    if node.op_type == "Conv":
        return math.prod(shape[1:])
    is_transposed = any(entry.name == "transB" and entry.i for entry in node.attribute)
    return shape[1] if is_transposed else shape[0]


def network_costs(threads: int) -> list[Cost]:
    """Count and time the shipped networks, each for one frame of 1280x720 with one plate.

    Args:
        threads: Threads of the inference library.

    Returns:
        Costs of detector, corner finder and reader.

    Raises:
        ModelError: A model is missing or damaged.
    """
    models = load_models()
    detector, corners, reader = models.detector, models.corners, models.reader
    of_detector = {detector.entry.input: 4, detector.entry.output: 3}
    of_corners = {corners.entry.input: 4, corners.entry.output: 3, corners.entry.odds: 1}
    of_reader = {reader.entry.input: 4, reader.entry.output: 3}
    rng = np.random.default_rng(0)
    costs = []
    for name, onnx_bytes, wanted, input_name, shape in (
        ("detector", detector.onnx, of_detector, detector.entry.input, _DETECTOR_SHAPE),
        ("corner finder", corners.onnx, of_corners, corners.entry.input, _CORNERS_SHAPE),
        ("reader", reader.onnx, of_reader, reader.entry.input, _READER_SHAPE),
    ):
        session = open_session(onnx_bytes, file=name, threads=threads, wanted=wanted)
        feed = {input_name: rng.uniform(0, 1, shape).astype(np.float32)}
        costs.append(Cost(name, count_operations(onnx_bytes, feed), _least_s(session, feed)))
    return costs


def best_rates(threads: int) -> list[Cost]:
    """Measure what this machine does at its best.

    Args:
        threads: Threads of the libraries.

    Returns:
        Costs of a matrix product with NumPy and ONNX Runtime, and of a convolution.
    """
    side = _MATRIX_SIDE
    with _fresh_process(threads) as pool:
        numpy_s = pool.submit(_numpy_product_s).result()
    rng = np.random.default_rng(0)
    one, two = (rng.uniform(-1, 1, (side, side)).astype(np.float32) for _ in range(2))
    product = _session(
        helper.make_node("MatMul", ["a", "b"], ["c"]), {"a": (side, side)}, {"b": two}, threads
    )
    channels, (rows, columns) = _CONV_CHANNELS, _CONV_SIZE
    kernel = rng.uniform(-1, 1, (channels, channels, 3, 3)).astype(np.float32)
    picture = rng.uniform(-1, 1, (1, channels, rows, columns)).astype(np.float32)
    convolution = _session(
        helper.make_node("Conv", ["a", "b"], ["c"], pads=[1, 1, 1, 1]),
        {"a": picture.shape},
        {"b": kernel},
        threads,
    )
    return [
        Cost(f"NumPy, {side} x {side} matrices", 2 * side**3, numpy_s),
        Cost(f"ONNX Runtime, {side} x {side} matrices", 2 * side**3, _least_s(product, {"a": one})),
        Cost(
            f"ONNX Runtime, convolution 3 x 3, {channels} channels, {columns} x {rows}",
            2 * rows * columns * channels * channels * 9,
            _least_s(convolution, {"a": picture}),
        ),
    ]


def _fresh_process(threads: int) -> ProcessPoolExecutor:
    """Start a process whose NumPy takes this many threads, which it decides when it is imported."""
    for library in ("OPENBLAS", "MKL", "OMP"):
        os.environ[f"{library}_NUM_THREADS"] = str(threads)
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def _numpy_product_s() -> float:
    """Time NumPy's matrix product."""
    rng = np.random.default_rng(0)
    one, two = (
        rng.uniform(-1, 1, (_MATRIX_SIDE, _MATRIX_SIDE)).astype(np.float32) for _ in range(2)
    )
    out = np.empty_like(one)
    return _least_time_s(lambda: np.matmul(one, two, out=out))


def _session(
    node: onnx.NodeProto,
    inputs: Mapping[str, tuple[int, ...]],
    weights: Mapping[str, NDArray[np.float32]],
    threads: int,
) -> onnxruntime.InferenceSession:
    """Make a network of a single node."""
    graph = helper.make_graph(
        [node],
        "one node",
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in inputs.items()
        ],
        [onnx.ValueInfoProto(name=node.output[0])],
        [onnx.numpy_helper.from_array(weight, name) for name, weight in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _least_s(
    session: onnxruntime.InferenceSession, feed: Mapping[str, NDArray[np.float32]]
) -> float:
    """Time a session."""
    return _least_time_s(lambda: session.run(None, dict(feed)))


def _least_time_s(work: Callable[[], object]) -> float:
    """Do some work over and over for a while, and return the least time that it took."""
    times_s: list[float] = []
    while len(times_s) < _FEWEST_TIMES or sum(times_s) < _TIMED_S:
        begun_s = time.perf_counter()
        work()
        times_s.append(time.perf_counter() - begun_s)
    return min(times_s)


def main() -> int:
    """Print what the networks cost, and how near to the limit that is.

    Returns:
        Exit status.
    """
    parser = argparse.ArgumentParser(prog="edge_lpr.training.model_costs", description=__doc__)
    parser.add_argument("--threads", type=int, default=2, help="threads of the libraries")
    threads = parser.parse_args().threads
    try:
        networks = network_costs(threads)
    except EdgeLprError as error:
        print(error, file=sys.stderr)
        return 1
    rates = best_rates(threads)
    best = max(cost.rate for cost in rates)
    row = "{:<62} {:>8} {:>9} {:>9} {:>8}"
    print(row.format(f"{threads} threads, float32", "GFLOP", "ms", "GFLOP/s", "of best"))
    for cost in (*rates, *networks):
        print(
            row.format(
                cost.name,
                f"{cost.operations / _GIGA:.3f}",
                f"{1000 * cost.seconds:.2f}",
                f"{cost.rate / _GIGA:.1f}",
                f"{cost.rate / best:.0%}",
            )
        )
    operations = sum(cost.operations for cost in networks)
    seconds = sum(cost.seconds for cost in networks)
    print(
        row.format(
            "the three together: one frame with one plate",
            f"{operations / _GIGA:.3f}",
            f"{1000 * seconds:.2f}",
            f"{operations / seconds / _GIGA:.1f}",
            f"{operations / seconds / best:.0%}",
        )
    )
    print(f"at the best rate they would take {1000 * operations / best:.2f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
