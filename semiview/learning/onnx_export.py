"""Write a checkpoint as ONNX: (B, 1, H, W) scaled grey values to probabilities, H and W multiples of 32 from 64 on.

`python -m semiview.learning.onnx_export CHECKPOINT.safetensors OUT.onnx`

It is the network alone: what the checkpoint knows of how far its contours lie off, see `edge_placement`, is not in it.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import torch
from torch import nn

from semiview.files.durable_file import write_durably
from semiview.files.problem import FileProblem
from semiview.learning.checkpoint_file import load_network
from semiview.learning.networks import DOWNSCALING

EXAMPLE_PX = 2 * DOWNSCALING


def export(checkpoint: Path, out: Path) -> None:
    """Write the network of a checkpoint, with a sigmoid behind it.

    Raises
    ------
    FileProblem
        If the checkpoint cannot be used or the file not be written.
    """
    network, _ = load_network(checkpoint)
    free = {0: "batch", 2: "height", 3: "width"}
    with tempfile.TemporaryDirectory(prefix="semiview-onnx-") as scratch, warnings.catch_warnings():
        written = Path(scratch) / "network.onnx"
        warnings.simplefilter("ignore")  # the exporter that needs no further package is called the old one
        torch.onnx.export(
            nn.Sequential(network, nn.Sigmoid()).eval(),
            (torch.zeros(1, 1, EXAMPLE_PX, EXAMPLE_PX),),
            written,
            input_names=["sem"],
            output_names=["probability"],
            dynamic_axes={"sem": free, "probability": free},
            dynamo=False,
        )
        write_durably(out, written.read_bytes())


def main() -> int:
    """Export what the command line names."""
    if len(sys.argv) != 3:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        export(Path(sys.argv[1]), Path(sys.argv[2]))
    except FileProblem as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except torch.onnx.OnnxExporterError as error:
        sys.stderr.write(f"{error} Install what it takes: pip install 'semiview[onnx]'\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
