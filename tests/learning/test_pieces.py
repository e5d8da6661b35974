import pytest
import torch

from semiview.learning import pieces
from semiview.learning.networks import PatternNet
from semiview.learning.pieces import ALL_AROUND, MARGIN, at_once, in_pieces
from tests.learning.test_inference import awake


def mean_around(border, plane):
    """A step that sees MARGIN px around: means that are cut where the plane was."""
    grown = torch.nn.functional.pad(plane, [MARGIN * here for here in border], mode="reflect")
    return torch.nn.functional.avg_pool2d(grown, 2 * MARGIN + 1, 1)


@pytest.mark.parametrize("values", [1, 16, 300, 10**6])
@pytest.mark.parametrize("shape", [(40, 40), (38, 6), (4, 50)])
def test_that_pieces_do_not_show(values, shape, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_VALUES", values)
    plane = torch.randn(2, 3, *shape)
    whole = at_once(mean_around, 3, plane)
    assert whole.shape == plane.shape
    torch.testing.assert_close(in_pieces(mean_around, 3, plane), whole, rtol=0, atol=1e-6)


def test_that_a_piece_is_no_larger_than_asked_for(monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_VALUES", 16 * 20**2)
    seen = []

    def step(border, plane):
        seen.append((border, tuple(plane.shape[2:])))
        return mean_around(border, plane)

    in_pieces(step, 16, torch.randn(1, 1, 50, 60))
    assert len(seen) == 9
    assert max(max(shape) for _, shape in seen) == 20 + 2 * MARGIN
    assert [border for border, _ in seen].count((False, False, False, False)) == 1
    in_pieces(step, 16, torch.randn(1, 1, 20, 20))
    assert seen[-1] == (ALL_AROUND, (20, 20))


@pytest.mark.parametrize(("height", "width"), [(64, 64), (96, 320)])
def test_that_a_network_says_the_same_in_pieces(height, width, monkeypatch):
    torch.manual_seed(2)
    network = awake(PatternNet()).to(memory_format=torch.channels_last)
    picture = torch.randn(1, 1, height, width).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        whole = network(picture)
        for values in (32 * 10**2, 32 * 40**2, 2**20):
            monkeypatch.setattr(pieces, "PIECE_VALUES", values)
            torch.testing.assert_close(network(picture, in_pieces), whole, rtol=0, atol=1e-4)
    assert whole.std() > 0.1
