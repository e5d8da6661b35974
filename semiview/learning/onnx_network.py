"""Networks in ONNX files: any that maps (1, 1, H, W) scaled grey values to (1, 1, H, W) probabilities, H and W free.

Needs onnxruntime. `python -m semiview.learning.onnx_export CHECKPOINT OUT.onnx` writes one of this program's own.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from semiview.learning.fine_features import enlarging, settled_at_its_scale
from semiview.learning.predictors import Predictor
from semiview.learning.samples import Plane, scaled
from semiview.learning.tiles import Tiling
from semiview.learning.worker_host import thread_count

# Large pictures are seen in tiles, which do not show if the network looks no farther than the halo and begins its own
# windows, if it has any, on the grid. The program's own networks do.
TILING = Tiling(multiple_px=32, grid_px=256, halo_px=768, tile_px=1024)


def onnx_predictor(path: str) -> Predictor:
    """A predictor from a file; onnxruntime's own error if it is none."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def look(part: Plane) -> Plane:
        answer = np.asarray(session.run(None, {name: part[None, None]})[0], dtype=np.float32)
        return answer.reshape(answer.shape[-2:])

    def predict(pixels: npt.NDArray[Any], _design: Plane | None, _nm_per_px: tuple[float, float]) -> Plane:
        picture = scaled(pixels)

        def answer(factor: int) -> Plane:
            return np.clip(TILING.enlarging(factor).see(picture, enlarging(look, factor)), 0.0, 1.0)

        return settled_at_its_scale(picture, answer)[0]

    return predict
