"""OpenAI's own Python client against the simulated live transcription. Arguments: the address, a key, a
key that is wrong."""

import base64
import math
import struct
import sys

import openai

address, key, wrong = sys.argv[1:]
client = openai.OpenAI(api_key=key, base_url=f"{address}/v1", max_retries=0)
TEXT = "conversation.item.input_audio_transcription"


def connected(client, **query):
    return client.realtime.connect(extra_query={"intent": "transcription"} | query)


def refused(ask):
    try:
        ask()
    except Exception as error:  # what it raises is the WebSocket library's where none is its own
        return error
    raise AssertionError("it was not refused")


def until(connection, kind):
    """What comes up to an event of that kind: the text that is told, and the event."""
    text = ""
    while True:
        event = connection.recv()
        if event.type == f"{TEXT}.delta":
            text += event.delta
        if event.type == kind:
            return text, event


def update(connection, model):
    form = {"type": "audio/pcm", "rate": 24_000}
    heard = {"format": form, "transcription": {"model": model, "language": "en"}}
    heard["turn_detection"] = None
    connection.session.update(session={"type": "transcription", "audio": {"input": heard}})


tone = [int(8000 * math.sin(at / 10)) for at in range(24_000)]
speech = struct.pack(f"<{len(tone)}h", *tone)


def say(connection):
    for start in range(0, len(speech), 4_800):
        audio = base64.b64encode(speech[start : start + 4_800]).decode()
        connection.input_audio_buffer.append(audio=audio)


with connected(client) as connection:
    assert until(connection, "session.created")[1].session.type == "transcription"
    update(connection, "gpt-0-transcribe")
    error = until(connection, "error")[1].error
    assert error.code == "model_not_found" and error.type == "invalid_request_error"
    for number, model in enumerate(["gpt-4o-transcribe", "gpt-live-transcribe"], 1):
        update(connection, model)
        updated = until(connection, "session.updated")[1].session
        assert updated.audio.input.transcription.model == model
        say(connection)
        told = ""
        if model == "gpt-live-transcribe":
            told, _ = until(connection, f"{TEXT}.delta")
        connection.input_audio_buffer.commit()
        assert until(connection, "input_audio_buffer.committed")[1].item_id == f"item_{number}"
        _, completed = until(connection, f"{TEXT}.completed")
        assert completed.item_id == f"item_{number}" and completed.usage.seconds == 1.0
        assert completed.transcript.startswith(told or "coffee tea"), (told, completed)
    connection.input_audio_buffer.commit()
    error = until(connection, "error")[1].error
    assert error.code == "input_audio_buffer_commit_empty", error
    connection.input_audio_buffer.clear()
    until(connection, "input_audio_buffer.cleared")


def opened(client):
    with connected(client) as connection:
        connection.recv()


assert "503" in str(refused(lambda: opened(client))), "the platform has a bad day"
stranger = openai.OpenAI(api_key=wrong, base_url=f"{address}/v1", max_retries=0)
assert "401" in str(refused(lambda: opened(stranger)))
