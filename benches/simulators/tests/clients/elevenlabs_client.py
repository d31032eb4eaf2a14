"""ElevenLabs' own Python client against the simulated platform's voices. Arguments: the address, a key,
a key that is wrong."""

import sys

from elevenlabs import VoiceSettings
from elevenlabs.client import ElevenLabs
from elevenlabs.core import ApiError

address, key, wrong = sys.argv[1:]
TEXTS = ["Hello there. ", "Ask away. "]
# It puts one more space behind the last.
CHARACTERS = 24


def speak(key, voice="anna", **fields):
    client = ElevenLabs(api_key=key, base_url=address)
    # It speaks over TLS alone.
    client.text_to_speech._ws_base_url = address.replace("http", "ws")
    fields = {"model_id": "eleven_flash_v2_5", "output_format": "pcm_16000"} | fields
    stream = client.text_to_speech.convert_realtime(voice, text=iter(TEXTS), **fields)
    return b"".join(stream)


def refused(ask):
    try:
        ask()
    except Exception as error:  # what it raises is the WebSocket library's where none is its own
        return error
    raise AssertionError("it was not refused")


assert len(speak(key)) == CHARACTERS * 960 * 2
settings = VoiceSettings(stability=0.4, speed=1.2)
assert len(speak(key, voice_settings=settings)) == CHARACTERS * 800 * 2
assert "503" in str(refused(lambda: speak(key)))
broken = refused(lambda: speak(key))
assert isinstance(broken, ApiError), repr(broken)
assert isinstance(refused(lambda: speak(wrong)), ApiError)

client = ElevenLabs(api_key=key, base_url=address)
fields = {"text": "Hello there.", "model_id": "eleven_v3", "output_format": "pcm_16000"}
parts = list(client.text_to_speech.stream("anna", **fields))
assert sum(map(len, parts)) == 12 * 960 * 2
faster = client.text_to_speech.stream("anna", **fields, voice_settings=settings)
assert sum(map(len, faster)) == 12 * 800 * 2
busy = {"request_options": {"max_retries": 0}}
error = refused(lambda: list(client.text_to_speech.stream("anna", **fields, **busy)))
assert error.status_code == 503 and error.body["detail"]["status"] == "system_busy", error
error = refused(lambda: list(client.text_to_speech.stream("nobody", **fields)))
assert error.status_code == 404 and error.body["detail"]["status"] == "voice_not_found", error
stranger = ElevenLabs(api_key=wrong, base_url=address)
error = refused(lambda: list(stranger.text_to_speech.stream("anna", **fields)))
assert error.status_code == 401, error
