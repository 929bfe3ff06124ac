"""What the networks cost is counted from their graphs."""

import numpy as np
import pytest

pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper

from edge_lpr.training.model_costs import Cost, count_operations
from edge_lpr.vision.models import load_models

pytestmark = pytest.mark.torch  # onnx comes with the same extra


def small_network() -> bytes:
    """Two groups of channels, a stride, and a fully connected layer behind them."""
    weights = {
        "kernel": np.ones((8, 2, 3, 3), np.float32),
        "matrix": np.ones((5, 8 * 4 * 4), np.float32),
    }
    nodes = [
        helper.make_node(
            "Conv", ["picture", "kernel"], ["seen"], group=2, pads=[1, 1, 1, 1], strides=[2, 2]
        ),
        helper.make_node("Flatten", ["seen"], ["flat"]),
        helper.make_node("Gemm", ["flat", "matrix"], ["out"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["n", 4, "h", "w"])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(weight, name) for name, weight in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def test_operations_are_those_counted_by_hand() -> None:
    picture = np.zeros((1, 4, 8, 8), np.float32)
    convolution = 2 * (8 * 4 * 4) * (2 * 3 * 3)
    matrix = 2 * 5 * (8 * 4 * 4)
    assert count_operations(small_network(), {"picture": picture}) == convolution + matrix


def test_two_plates_cost_twice_as_much_as_one() -> None:
    reader = load_models().reader
    one, two = (
        count_operations(
            reader.onnx,
            {
                reader.entry.input: np.zeros(
                    (number, 1, reader.entry.height_px, reader.entry.width_px), np.float32
                )
            },
        )
        for number in (1, 2)
    )
    assert two == 2 * one > 0


def test_rate_is_work_by_time() -> None:
    assert Cost("something", 10, 0.5).rate == 20.0
