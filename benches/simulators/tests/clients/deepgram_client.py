"""Deepgram's own Python client against the simulated platform. Arguments: the address, a key, a key that
is wrong."""

import math
import struct
import sys

from deepgram import DeepgramClient
from deepgram.environment import DeepgramClientEnvironment
from deepgram.speak.v1.types import SpeakV1Text

address, key, wrong = sys.argv[1:]
socket = address.replace("http", "ws")
place = DeepgramClientEnvironment(
    base=address, production=socket, agent=socket, agent_rest=address
)
client = DeepgramClient(api_key=key, environment=place)
VOICE = {"model": "aura-2-thalia-en", "encoding": "linear16", "sample_rate": "16000"}


def refused(ask):
    try:
        ask()
    except Exception as error:  # what it raises is the WebSocket library's where none is its own
        return error
    raise AssertionError("it was not refused")


def until(connection, kind):
    """What comes up to a message of that kind: how many bytes of sound, and the message."""
    sound = 0
    while True:
        message = connection.recv()
        if isinstance(message, bytes):
            sound += len(message)
        elif message.type == kind:
            return sound, message


with client.speak.v1.connect(**VOICE) as connection:
    assert until(connection, "Metadata")[1].model_name == "aura-2-thalia-en"
    for number, text in enumerate(["Hello there.", "Ask away."]):
        connection.send_text(SpeakV1Text(text=text))
        connection.send_flush()
        sound, flushed = until(connection, "Flushed")
        assert sound == len(text) * 960 * 2, sound
        assert flushed.sequence_id == number
    connection.send_text(SpeakV1Text(text="Never mind."))
    connection.send_clear()
    assert until(connection, "Cleared")[0] == 0
    connection.send_flush()
    assert until(connection, "Flushed")[0] == 0
    for _ in range(18):
        connection.send_flush()
    warning = until(connection, "Warning")[1]
    assert "flush" in warning.description.lower(), warning
    connection.send_close()

with client.speak.v1.connect(**VOICE, speed=1.25) as connection:
    connection.send_text(SpeakV1Text(text="Hello there."))
    connection.send_flush()
    assert until(connection, "Flushed")[0] == 12 * 768 * 2


def opened(client, **fields):
    with client.speak.v1.connect(**VOICE | fields) as connection:
        connection.recv()


assert "503" in str(refused(lambda: opened(client))), "the platform has a bad day"
assert "400" in str(refused(lambda: opened(client, model="nobody")))
stranger = DeepgramClient(api_key=wrong, environment=place)
assert "401" in str(refused(lambda: opened(stranger)))

tone = [int(8000 * math.sin(at / 10)) for at in range(16_000)]
speech = struct.pack(f"<{len(tone)}h", *tone)
hearing = {"model": "nova-3", "encoding": "linear16", "sample_rate": "16000"}
with client.listen.v1.connect(**hearing, interim_results="true") as connection:
    connection.send_media(speech)
    _, interim = until(connection, "Results")
    assert not interim.is_final
    connection.send_finalize()
    while True:
        _, result = until(connection, "Results")
        if result.is_final:
            break
    best = result.channel.alternatives[0]
    assert best.transcript.startswith("coffee tea"), best
    assert best.words[0].word == "coffee" and best.words[0].end > best.words[0].start
    assert result.from_finalize and result.metadata.model_info.name
    connection.send_keep_alive()
    connection.send_close_stream()
    assert until(connection, "Metadata")[1].duration == 1.0

flux = {"model": "flux-general-en", "encoding": "linear16", "sample_rate": "16000"}
with client.listen.v2.connect(**flux, eot_threshold="1.0", keyterm=["Sunday"]) as connection:
    assert until(connection, "Connected")[1].sequence_id == 0
    connection.send_force_end_turn()  # there is no turn: nothing is said to it
    connection.send_media(speech)
    _, info = until(connection, "TurnInfo")
    assert (info.event, info.turn_index) == ("StartOfTurn", 0), info
    connection.send_force_end_turn()
    while info.event != "EndOfTurn":
        _, info = until(connection, "TurnInfo")
    assert info.trigger == "manual" and info.transcript.startswith("coffee tea"), info
    assert info.words[0].word == "coffee" and info.audio_window_end == 1.0
    connection.send_close_stream()

# By itself it ends turns where the caller is silent.
with client.listen.v2.connect(**flux, eager_eot_threshold="0.4") as connection:
    connection.send_media(speech + bytes(2 * 16_000))
    events = []
    while "EndOfTurn" not in events:
        _, info = until(connection, "TurnInfo")
        events.append(info.event)
    assert info.trigger == "model" and "EagerEndOfTurn" in events, events
