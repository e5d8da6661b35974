"""Networks in ONNX files: any that maps (1, 1, H, W) scaled grey values to (1, 1, H, W) probabilities, H and W free.

Needs onnxruntime. `python -m semiview.learning.onnx_export CHECKPOINT OUT.onnx` writes one of this program's own.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from semiview.learning.predictors import Predictor
from semiview.learning.samples import Plane, scaled
from semiview.learning.worker_host import thread_count

MULTIPLE_PX = 32  # sides are grown by reflection to multiples of it, as networks with poolings want them
SMALLEST_PX = 64


def onnx_predictor(path: str) -> Predictor:
    """A predictor from a file; onnxruntime's own error if it is none."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def predict(pixels: npt.NDArray[Any], _design: Plane | None, _nm_per_px: tuple[float, float]) -> Plane:
        height, width = pixels.shape
        lacking = [(0, max(-(-side // MULTIPLE_PX) * MULTIPLE_PX, SMALLEST_PX) - side) for side in pixels.shape]
        values = np.pad(scaled(pixels), lacking, mode="symmetric")[None, None]
        answer = np.asarray(session.run(None, {name: values})[0], dtype=np.float32)
        result: Plane = np.clip(answer.reshape(answer.shape[-2:])[:height, :width], 0.0, 1.0)
        return result

    return predict
