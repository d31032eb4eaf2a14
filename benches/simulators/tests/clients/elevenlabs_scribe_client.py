"""ElevenLabs' own Python client against the simulated live recognition. Arguments: the address, a key, a
key that is wrong."""

import asyncio
import base64
import math
import struct
import sys

from elevenlabs.client import ElevenLabs
from elevenlabs.realtime import AudioFormat, CommitStrategy, RealtimeEvents

address, key, wrong = sys.argv[1:]
tone = [int(8000 * math.sin(at / 10)) for at in range(16_000)]
speech = struct.pack(f"<{len(tone)}h", *tone)
OPTIONS = {
    "model_id": "scribe_v2_realtime",
    "audio_format": AudioFormat.PCM_16000,
    "sample_rate": 16_000,
    "language_code": "en",
    "keyterms": ["Sunday", "Offhook"],
    "include_timestamps": True,
}


async def connected(key, **options):
    """A connection, and the queue of its events."""
    client = ElevenLabs(api_key=key, base_url=address)
    connection = await client.speech_to_text.realtime.connect(OPTIONS | options)
    events = asyncio.Queue()
    for event in RealtimeEvents:
        if event is not RealtimeEvents.CLOSE:
            connection.on(event, lambda data=None: data and events.put_nowait(data))
    return connection, events


async def until(events, kind):
    while True:
        event = await asyncio.wait_for(events.get(), 10)
        if event.get("message_type") == kind:
            return event


async def say(connection, audio):
    for start in range(0, len(audio), 3_200):
        chunk = base64.b64encode(audio[start : start + 3_200]).decode()
        await connection.send({"audio_base_64": chunk})


async def main():
    connection, events = await connected(key)
    started = await until(events, "session_started")
    assert started["config"]["sample_rate"] == 16_000, started
    await say(connection, speech)
    partial = await until(events, "partial_transcript")
    assert partial["text"].startswith("coffee"), partial
    await connection.commit()
    committed = await until(events, "committed_transcript")
    assert committed["text"].startswith("coffee tea"), committed
    timed = await until(events, "committed_transcript_with_timestamps")
    assert timed["words"][0]["text"] == "coffee" and timed["text"] == committed["text"]
    await connection.commit()
    await until(events, "commit_throttled")
    await connection.close()

    connection, events = await connected(key, commit_strategy=CommitStrategy.VAD)
    await say(connection, speech + bytes(2 * 2 * 16_000))
    await until(events, "committed_transcript")
    await connection.close()

    _, events = await connected(key, model_id="scribe_v0")
    assert "not available" in (await until(events, "invalid_request"))["error"]
    _, events = await connected(wrong)
    await until(events, "auth_error")
    try:
        await connected(key)
    except Exception as error:  # what it raises is the WebSocket library's
        assert "503" in str(error), error
    else:
        raise AssertionError("the platform has a bad day")


asyncio.run(main())
