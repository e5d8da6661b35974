"""A network as bytes: safetensors, with its card as JSON in the file's metadata. Nothing is ever unpickled."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save

from semiview.files.problem import FileProblem
from semiview.learning.messages import Answers, plain
from semiview.learning.networks import PatternNet, architecture, build
from semiview.learning.registry import CONTENT, CheckpointRef, check_content, content_sha256, read_reference


def to_bytes(network: PatternNet, card: Mapping[str, Any]) -> bytes:
    """A checkpoint's content; the card gets what is needed to build the network again."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    full_card = plain({**card, "architecture": architecture(network)})
    full_card.pop(CONTENT, None)  # of the checkpoint that it was made from
    bare = save(tensors, {"card": json.dumps(full_card, allow_nan=False)})
    return save(tensors, {"card": json.dumps({**full_card, CONTENT: content_sha256(bare)}, allow_nan=False)})


def load_network(path: Path, answers: Answers = "pattern") -> tuple[PatternNet, CheckpointRef]:
    """The network of a checkpoint, on the CPU, and what its card says.

    Raises
    ------
    FileProblem
        If the file is missing, damaged, of a network this version does not have, or of one for the other way.
    """
    reference = read_reference(path)
    if reference.generates != (answers == "sem"):
        told = "it makes SEM pictures" if reference.generates else "it finds patterns"
        raise FileProblem(path, f"the checkpoint is for the other way: {told}.", "Take another checkpoint.")
    check_content(reference)
    try:
        network = build(dict(reference.card.get("architecture", {})))
        network.load_state_dict(load_file(path))
    except (ValueError, SafetensorError, RuntimeError) as error:
        raise FileProblem(
            path, f"the checkpoint does not fit: {str(error).splitlines()[0]}", "Promote another checkpoint."
        ) from error
    return network.eval(), reference
