"""Cartesia's own Python client against the simulated platform. Arguments: the address, a key, a key that
is wrong."""

import sys

from cartesia import Cartesia

address, key, wrong = sys.argv[1:]
FORMAT = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000}
VOICE = {"mode": "id", "id": "anna"}


def connected(key):
    place = address.replace("http", "ws")
    client = Cartesia(api_key=key, websocket_base_url=place, max_retries=0)
    return client.tts.websocket_connect()


def refused(ask):
    try:
        ask()
    except Exception as error:  # what it raises is the WebSocket library's where none is its own
        return error
    raise AssertionError("it was not refused")


def context(connection, voice=VOICE):
    fields = {"model_id": "sonic-3", "voice": voice, "output_format": FORMAT, "language": "en"}
    return connection.context(**fields, add_timestamps=True)


with connected(key) as connection:
    said = context(connection)
    said.push("Hello there. ")
    said.push("Ask away.")
    said.no_more_inputs()
    words, sound = [], 0
    for event in said.receive():
        if event.type == "chunk":
            sound += len(event.audio)
        elif event.type == "timestamps":
            times = event.word_timestamps
            words += zip(times.words, times.start, times.end)
    assert event.type == "done", event
    assert sound == 22 * 960 * 2, sound
    rounded = [(word, round(start, 2), round(end, 2)) for word, start, end in words]
    assert rounded == [
        ("Hello", 0.0, 0.3),
        ("there.", 0.36, 0.72),
        ("Ask", 0.78, 0.96),
        ("away.", 1.02, 1.32),
    ], rounded

    unknown = context(connection, {"mode": "id", "id": "nobody"})
    unknown.push("Hello.", continue_=False)
    error = next(iter(unknown.receive()))
    assert (error.type, error.status_code) == ("error", 400) and "not found" in error.message


def opened(key):
    with connected(key):
        pass


assert "503" in str(refused(lambda: opened(key)))
assert "401" in str(refused(lambda: opened(wrong)))
