"""OpenAI's Python client against the routes that speak as its API does: chat, models, speech and
transcriptions. Arguments: the server's address, a key."""

import io
import sys
import wave

from openai import NotFoundError, OpenAI, UnprocessableEntityError

address, key = sys.argv[1:]
client = OpenAI(api_key=key, base_url=f"{address}/wordcab/v1", max_retries=0)

messages = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "When do you close?"}]},
]
tools = [{"type": "function", "function": {"name": "book", "parameters": {"type": "object"}}}]
answer = client.chat.completions.create(model="qwen3.5-4b", messages=messages, tools=tools)
assert answer.object == "chat.completion" and answer.id.startswith("chatcmpl_")
(choice,) = answer.choices
assert (choice.message.role, choice.message.content) == ("assistant", "We close at six. Bye now.")
assert choice.finish_reason == "stop" and choice.message.tool_calls is None
assert answer.usage.completion_tokens == 6 and answer.created > 0

stream = client.chat.completions.create(
    model="qwen3.5-4b",
    messages=messages,
    stream=True,
    stream_options={"include_usage": True},
    temperature=0,
)
chunks = list(stream)
assert chunks[0].choices[0].delta.role == "assistant"
text = "".join(it.choices[0].delta.content or "" for it in chunks if it.choices)
assert text == "We close at six. Bye now.", text
assert [it.choices[0].finish_reason for it in chunks if it.choices][-1] == "stop"
assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == 6
assert len(chunks) > 5, "word by word"

for stop in [" Bye", ["zz", " Bye"]]:
    cut = client.chat.completions.create(model="m", messages=messages, stop=stop)
    assert cut.choices[0].message.content == "We close at six.", cut


def refused(kind, call):
    try:
        call()
    except kind as error:
        return error.body
    raise AssertionError("it was not refused")


body = refused(
    UnprocessableEntityError,
    lambda: client.chat.completions.create(
        model="m", messages=messages, tools=tools, tool_choice="required"
    ),
)
assert (body["type"], body["param"]) == ("invalid_request_error", "tool_choice"), body
refused(UnprocessableEntityError, lambda: client.chat.completions.create(model="m", messages=[]))

models = {it.id: it for it in client.models.list().data}
assert models["local/small"].owned_by == "offhook"
assert models["qwen3.5-4b"].served_by == "local/small"
assert client.models.retrieve("local/small").object == "model"
refused(NotFoundError, lambda: client.models.retrieve("gpt-9"))

speak = client.audio.speech.create
spoken = speak(model="qwen3-tts", voice="ember", input="Hello there.", response_format="wav")
assert spoken.response.headers["content-type"] == "audio/wav"
with wave.open(io.BytesIO(spoken.content)) as file:
    assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (16000, 1, 6400)
fast = speak(model="kokoro", voice="onyx", input="Hello there.", response_format="pcm", speed=2)
assert len(fast.content) == 6400
body = refused(
    UnprocessableEntityError,
    lambda: speak(model="kokoro", voice="onyx", input="Hi.", response_format="mp3"),
)
assert body["param"] == "response_format" and "wav" in body["message"], body
with client.audio.speech.with_streaming_response.create(
    model="kokoro", voice="ash", input="Hello there.", response_format="opus"
) as streamed:
    assert b"".join(streamed.iter_bytes()).startswith(b"OggS")

heard = client.audio.transcriptions.create(
    model="whisper-large-v3", file=("call.wav", spoken.content), language="en"
)
assert heard.text == "good morning", heard
whole = client.audio.transcriptions.create(
    model="whisper-large-v3", file=("call.wav", spoken.content), response_format="verbose_json"
)
assert (whole.text, whole.duration, whole.segments[0].text) == ("again", 0.4, "again")
body = refused(
    UnprocessableEntityError,
    lambda: client.audio.transcriptions.create(model="m", file=("call.mp3", b"ID3 no wave")),
)
assert body["param"] == "file" and "WAV" in body["message"], body
