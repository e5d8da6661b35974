import json
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semiview.learning.gate import ChangedSample, Figure, GateReport, GateRules
from semiview.learning.messages import (
    Command,
    EpochDone,
    Event,
    FineTuneJob,
    PredictItem,
    PredictJob,
    TrainingOptions,
    decode,
    encode,
)

TEXT = st.text(max_size=30)
NUMBERS = st.floats()
OPTIONS = st.builds(
    TrainingOptions,
    epochs=st.integers(1, 999),
    patch_px=st.integers(2, 32).map(lambda n: 32 * n),
    learning_rate=st.floats(1e-9, 0.5),
    replay_share=st.floats(0, 0.9),
    batch=st.integers(1, 64),
    steps_per_epoch=st.integers(1, 999),
    patience=st.integers(1, 99),
)
JOBS = st.one_of(
    st.builds(PredictJob, TEXT, st.lists(st.builds(PredictItem, TEXT, TEXT, NUMBERS, NUMBERS, TEXT)).map(tuple)),
    st.builds(FineTuneJob, snapshot=st.lists(st.tuples(TEXT, TEXT)).map(tuple), options=OPTIONS),
)
REPORTS = st.builds(
    GateReport,
    figures=st.lists(st.builds(Figure), max_size=3).map(tuple),
    worst_changed=st.lists(st.builds(ChangedSample), max_size=3).map(tuple),
    reasons=st.lists(TEXT, max_size=3).map(tuple),
)
st.register_type_strategy(GateReport, REPORTS)
EVENTS = st.one_of(*[st.from_type(kind) for kind in typing.get_args(Event)])
MESSAGES = st.one_of(JOBS, EVENTS, st.builds(Command, st.sampled_from(["stop", "cancel"])))


@given(MESSAGES)
def test_that_every_message_comes_back_from_its_line(message):
    line = encode(message)
    again = decode(line)
    assert type(again) is type(message)
    assert encode(again) == line
    # repr and not ==: NaN equals NaN there
    assert repr(again) == repr(message)


@given(MESSAGES)
def test_that_a_message_is_one_line_of_standard_json(message):
    line = encode(message)
    assert "\n" not in line
    json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_that_a_command_is_written_as_the_design_says():
    assert json.loads(encode(Command("stop"))) == {"command": "stop"}
    assert decode('{"command": "cancel"}') == Command("cancel")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Downloading: 100 %", "not a line of JSON"),
        ("[1, 2]", "not a message"),
        ('{"kind": "Sing"}', "not a message of this version"),
        ('{"command": "dance"}', "stop or cancel"),
        ('{"kind": "Progress", "done": 1}', "incomplete"),
        ('{"kind": "Progress", "done": "one", "total": 2, "text": ""}', "int is expected"),
        ('{"kind": "Progress", "done": 1, "total": 2, "text": "", "colour": 3}', "no colour"),
    ],
)
def test_that_a_broken_line_is_refused_with_the_reason(line, words):
    with pytest.raises(ValueError, match=words):
        decode(line)


@pytest.mark.parametrize(
    "options", [{"epochs": 0}, {"patch_px": 100}, {"learning_rate": 0.0}, {"replay_share": 1.0}, {"batch": 0}]
)
def test_that_impossible_options_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        TrainingOptions(**options)


def test_that_numbers_json_cannot_hold_survive():
    event = EpochDone(1, 2, 0.5, float("nan"), 1e-3, 2.0, float("nan"), 1.0, float("inf"), 1)
    again = decode(encode(event))
    assert isinstance(again, EpochDone)
    assert str(again.validation_loss) == "nan"
    assert again.remaining_s == float("inf")
    assert GateRules().worst_epe_nm == float("inf")
