import pytest

from semiview.files.layer_roles import LayerRole, parse_layers


def test_that_roles_layers_and_datatypes_are_read() -> None:
    assert parse_layers("target:1/0; ignore : 200 / 3;7;") == (
        LayerRole(1, 0, "target"),
        LayerRole(200, 3, "ignore"),
        LayerRole(7, 0, "target", stated=False),
    )
    assert parse_layers("") == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("M1", "is no layer; write role:layer/datatype"),
        ("target:1-0", "is no layer"),
        ("wafer:1/0", 'role "wafer" is not known; it is one of target'),
        ("target:1/0;fill:1", "layer 1/0 stands there twice"),
    ],
)
def test_that_a_wrong_layer_says_how_to_write_it(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_layers(text)
