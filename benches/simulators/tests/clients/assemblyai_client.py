"""AssemblyAI's own Python client against the simulated platform. Arguments: the address, a key, a key that
is wrong."""

import math
import os
import queue
import struct
import sys
import traceback

from assemblyai.streaming.v3 import (
    StreamingClient,
    StreamingClientOptions,
    StreamingEvents,
    StreamingParameters,
    StreamingSessionParameters,
)

address, key, wrong = sys.argv[1:]
host = address.replace("http", "ws")
tone = [int(8000 * math.sin(at / 10)) for at in range(16_000)]
speech = struct.pack(f"<{len(tone)}h", *tone)
chunks = [speech[start : start + 3_200] for start in range(0, len(speech), 3_200)]


def fail(*problem):
    """Ends the run, which the client's threads would go on with."""
    traceback.print_exception(*problem)
    sys.stderr.flush()
    os._exit(1)


sys.excepthook = fail


def connected(key, **parameters):
    """A client, and the queue of its events."""
    options = StreamingClientOptions(api_key=key, api_host=host, max_connection_retries=0)
    client, events = StreamingClient(options), queue.Queue()
    for kind in StreamingEvents:
        client.on(kind, lambda _, event: events.put(event))
    client.connect(StreamingParameters(sample_rate=16_000, **parameters))
    return client, events


def until(events, is_it):
    while True:
        event = events.get(timeout=10)
        if is_it(event):
            return event


def kind(name):
    return lambda event: getattr(event, "type", "") == name


def over(event):
    return kind("Turn")(event) and event.end_of_turn


client, events = connected(key, speech_model="u3-rt-pro", session_heartbeat=True)
begun = until(events, kind("Begin"))
assert begun.configuration.model == "u3-rt-pro", begun
client.set_params(StreamingSessionParameters(keyterms_prompt=["Sunday"]))
client.keep_alive()
client.stream(iter(chunks))
partial = until(events, kind("Turn"))
assert not partial.end_of_turn and partial.words[0].text == "coffee", partial
until(events, kind("Heartbeat"))
client.force_endpoint()
turn = until(events, over)
assert turn.turn_is_formatted and turn.transcript.startswith("coffee tea"), turn
assert turn.words[0].end > turn.words[0].start and turn.words[-1].word_is_final
client.disconnect(terminate=True)
assert until(events, kind("Termination")).audio_duration_seconds == 1

# By itself it ends turns where the caller is silent, and writes them out where that is asked for.
english = {"speech_model": "universal-streaming-english", "format_turns": True}
client, events = connected(key, **english)
client.stream(iter(chunks + [bytes(3_200)] * 16))
turn = until(events, over)
assert not turn.turn_is_formatted and turn.transcript.startswith("coffee tea"), turn
turn = until(events, over)
assert turn.turn_is_formatted and turn.transcript.startswith("coffee tea"), turn
client.stream(bytes(320))
error = until(events, lambda event: isinstance(event, Exception))
assert error.code == 3007, error
client.disconnect()

_, events = connected(key, **english)
assert until(events, lambda event: isinstance(event, Exception)).code == 503
_, events = connected(wrong, **english)
assert until(events, lambda event: isinstance(event, Exception)).code == 401
