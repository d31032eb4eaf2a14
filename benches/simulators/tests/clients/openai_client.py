"""OpenAI's own Python client against the simulated platform. Arguments: the address, a key, a key that
is wrong."""

import io
import sys
import wave

import openai

address, key, wrong = sys.argv[1:]
client = openai.OpenAI(api_key=key, base_url=f"{address}/v1", max_retries=0)
messages = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Are you open?"},
]
ANSWER = "I heard: Are you open? Is there anything else that I can do for you?"


def refused(kind, ask):
    try:
        ask()
    except kind as error:
        return error
    raise AssertionError(f"it was not refused as {kind}")


assert "gpt-4o-mini" in [it.id for it in client.models.list()]


def chat(**fields):
    fields = {"model": "gpt-4o-mini", "messages": messages, "temperature": 0.2} | fields
    return client.chat.completions.create(**fields)


whole = chat()
assert whole.choices[0].message.content == ANSWER
assert whole.choices[0].finish_reason == "stop" and whole.usage.completion_tokens == 15

chunks = list(chat(stream=True, stream_options={"include_usage": True}))
text = [it.choices[0].delta.content for it in chunks if it.choices]
assert "".join(it or "" for it in text) == ANSWER
assert [it.choices[0].finish_reason for it in chunks if it.choices][-1] == "stop"
assert chunks[-1].usage.completion_tokens == 15 and chunks[0].usage is None

chunks = list(chat(stream=True, max_completion_tokens=3))
assert [it.choices[0].finish_reason for it in chunks][-1] == "length"

busy = refused(openai.RateLimitError, chat)
assert busy.code == "rate_limit_exceeded" and busy.response.headers["retry-after"] == "2"
refused(openai.InternalServerError, lambda: chat(stream=True))
broken = refused(openai.APIError, lambda: list(chat(stream=True)))
assert "had an error" in broken.message, broken.message
unknown = refused(openai.NotFoundError, lambda: chat(model="no such model"))
assert unknown.code == "model_not_found"
thinking = refused(openai.BadRequestError, lambda: chat(model="gpt-5-mini"))
assert thinking.param == "temperature"
stranger = openai.OpenAI(api_key=wrong, base_url=f"{address}/v1", max_retries=0)
assert refused(openai.AuthenticationError, stranger.models.list).code == "invalid_api_key"


def respond(**fields):
    fields = {"model": "gpt-4o-mini", "input": messages} | fields
    return client.responses.create(**fields)


whole = respond(store=False)
assert whole.output_text == ANSWER and whole.status == "completed"
assert whole.usage.output_tokens == 15 and whole.usage.input_tokens_details.cached_tokens == 0

with client.responses.stream(model="gpt-4o-mini", input=messages) as stream:
    kinds = []
    deltas = ""
    for event in stream:
        kinds.append(event.type)
        if event.type == "response.output_text.delta":
            deltas += event.delta
    final = stream.get_final_response()
assert kinds[0] == "response.created" and kinds[-1] == "response.completed", kinds
assert deltas == final.output_text == ANSWER
assert final.output[0].content[0].type == "output_text"

events = list(respond(stream=True, max_output_tokens=16, input="word " * 40))
assert events[-1].type == "response.incomplete"
assert events[-1].response.incomplete_details.reason == "max_output_tokens"
assert [it.sequence_number for it in events] == list(range(len(events)))

events = list(respond(stream=True))
assert (events[-1].type, events[-1].code) == ("error", "server_error"), events[-1]
small = refused(openai.BadRequestError, lambda: respond(max_output_tokens=3))
assert small.param == "max_output_tokens"

speech = {"model": "tts-1", "voice": "nova", "input": "Hello there.", "response_format": "pcm"}
sound = client.audio.speech.create(**speech).content
assert len(sound) == 12 * 1440 * 2, len(sound)
with client.audio.speech.with_streaming_response.create(**speech, speed=2.0) as response:
    parts = list(response.iter_bytes())
assert sum(map(len, parts)) == 12 * 720 * 2
refused(openai.BadRequestError, lambda: client.audio.speech.create(**speech | {"voice": "nobody"}))


def sound(seconds):
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(int(seconds * 16000) * 2))
    return ("speech.wav", buffer.getvalue())


def transcribe(seconds, **fields):
    fields = {"model": "whisper-1", "language": "en"} | fields
    return client.audio.transcriptions.create(file=sound(seconds), **fields)


assert transcribe(1.0).text == "I would like to know whether you are open on Sunday."
short = refused(openai.BadRequestError, lambda: transcribe(0.05))
assert short.code == "audio_too_short"
refused(openai.BadRequestError, lambda: transcribe(1.0, language="english"))
