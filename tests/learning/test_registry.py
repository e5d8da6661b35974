import hashlib
import json

import pytest

from semiview.files.problem import FileProblem
from semiview.learning import registry as registry_module
from semiview.learning.registry import Registry, read_reference, shipped_paths


def checkpoint_bytes(checkpoint_id, payload=b"\0" * 16):
    header = {
        "__metadata__": {"card": json.dumps({"id": checkpoint_id, "made": "now"})},
        "weight": {"dtype": "F32", "shape": [len(payload) // 4], "data_offsets": [0, len(payload)]},
    }
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + payload


@pytest.fixture
def registry(tmp_path):
    made = Registry(tmp_path / "checkpoints")
    for name in ("a", "b"):
        made.add(name, checkpoint_bytes(name))
    return made


def test_that_the_shipped_checkpoint_is_current_until_one_is_promoted(tmp_path):
    empty = Registry(tmp_path / "none")
    assert empty.current().id == empty.list()[0].id
    assert empty.current().path.suffix == ".safetensors"
    assert empty.history() == ()


def test_that_all_shipped_checkpoints_are_listed_and_can_be_promoted(registry):
    first, other, *_ = registry.list()
    assert first.id == registry.current().id
    assert other.path.parent == first.path.parent
    assert registry.get(other.id).path == other.path
    registry.promote(other.id, by="engineer", reason="edges as measured")
    assert registry.current().id == other.id
    assert registry.rollback().id == first.id


def test_that_promotions_pile_up_and_rollbacks_take_them_down(registry):
    shipped = registry.current().id
    registry.promote("a", by="gate", reason="better")
    registry.promote("b", by="engineer", reason="also better")
    assert registry.current().id == "b"
    assert registry.rollback().id == "a"
    assert registry.rollback().id == shipped
    with pytest.raises(FileProblem, match="no earlier checkpoint"):
        registry.rollback()
    assert [entry["action"] for entry in registry.history()] == ["promote", "promote", "rollback", "rollback"]
    assert registry.history()[0]["by"] == "gate"


def test_that_another_window_sees_the_promotion(registry):
    registry.promote("a", by="gate", reason="")
    assert Registry(registry.folder).current().id == "a"


def test_that_a_failed_write_leaves_the_current_checkpoint(registry, monkeypatch):
    registry.promote("a", by="gate", reason="")
    before = (registry.folder / "current.json").read_bytes()

    def full_disk(path, data):
        raise FileProblem(path, "not saved, the disk is full.")

    monkeypatch.setattr(registry_module, "write_durably", full_disk)
    with pytest.raises(FileProblem, match="disk is full"):
        registry.promote("b", by="gate", reason="")
    assert (registry.folder / "current.json").read_bytes() == before
    assert registry.current().id == "a"


def test_that_an_unknown_checkpoint_is_not_promoted(registry):
    for name in ("c", "../a", ""):
        with pytest.raises(FileProblem):
            registry.promote(name, by="x", reason="")
    assert registry.history() == ()


def test_that_a_checkpoint_is_never_overwritten(registry):
    with pytest.raises(FileProblem, match="already"):
        registry.add("a", checkpoint_bytes("a"))


def test_that_a_checkpoint_that_is_gone_is_named_and_can_be_rolled_back_from(registry):
    shipped = registry.current().id
    registry.promote("a", by="gate", reason="")
    (registry.folder / "a.safetensors").unlink()
    with pytest.raises(FileProblem, match="gone"):
        registry.current()
    assert registry.rollback().id == shipped


@pytest.mark.parametrize("content", [b"", b"{", b'{"format": 1}', b'{"format": 1, "id": "b", "history": []}', b"[]"])
def test_that_a_damaged_pointer_is_said_and_not_guessed_around(registry, content):
    (registry.folder / "current.json").write_bytes(content)
    with pytest.raises(FileProblem, match="damaged"):
        registry.current()


def test_that_a_pointer_of_a_newer_version_is_left_alone(registry):
    (registry.folder / "current.json").write_text(json.dumps({"format": 99, "id": "a", "history": []}))
    with pytest.raises(FileProblem, match="newer version"):
        registry.promote("a", by="x", reason="")


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "cardless"])
def test_that_a_damaged_checkpoint_is_refused_and_left_out_of_the_list(registry, damage):
    path = registry.folder / "a.safetensors"
    whole = path.read_bytes()
    cardless = b'{"w": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}'
    path.write_bytes(
        {
            "cut": whole[:-5],
            "text": b"this is no checkpoint at all",
            "empty": b"",
            "cardless": len(cardless).to_bytes(8, "little") + cardless,
        }[damage]
    )
    with pytest.raises(FileProblem) as caught:
        read_reference(path)
    assert caught.value.advice
    assert [entry.id for entry in registry.list()[len(shipped_paths()) :]] == ["b"]


def test_that_the_hash_is_that_of_the_file(registry):
    entry = registry.get("a")
    assert entry.sha256 == hashlib.sha256(entry.path.read_bytes()).hexdigest()


def test_that_a_newer_shipped_checkpoint_does_not_damage_the_pointer(registry, monkeypatch, tmp_path):
    registry.promote("a", by="gate", reason="")
    registry.rollback()
    newer = tmp_path / "starter.safetensors"
    newer.write_bytes(checkpoint_bytes("starter-of-the-next-version"))
    monkeypatch.setattr(registry_module, "starter_path", lambda: newer)
    assert registry.current().id == "starter-of-the-next-version"
