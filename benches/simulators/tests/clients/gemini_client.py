"""Google's own Python client against the simulated Gemini API. Arguments: the address, a key, a key that
is wrong."""

import sys

from google import genai
from google.genai import errors, types

address, key, wrong = sys.argv[1:]


def connected(key):
    options = types.HttpOptions(base_url=address, api_version="v1beta")
    return genai.Client(api_key=key, http_options=options)


client = connected(key)
MODEL = "gemini-2.5-flash"
ANSWER = "I heard: Are you open? Is there anything else that I can do for you?"


def refused(kind, ask):
    try:
        ask()
    except kind as error:
        return error
    raise AssertionError(f"it was not refused as {kind}")


def config(budget=0, **others):
    thinking = types.ThinkingConfig(thinking_budget=budget)
    fields = {"system_instruction": "Be brief.", "temperature": 0.2, "thinking_config": thinking}
    return types.GenerateContentConfig(**fields | others)


def fields(**others):
    return {"model": MODEL, "contents": "Are you open?", "config": config()} | others


def ask(**others):
    return client.models.generate_content(**fields(**others))


def stream(**others):
    return list(client.models.generate_content_stream(**fields(**others)))


assert f"models/{MODEL}" in [it.name for it in client.models.list()]

whole = ask()
assert whole.text == ANSWER and whole.candidates[0].finish_reason == types.FinishReason.STOP
assert whole.usage_metadata.candidates_token_count == 15
assert whole.usage_metadata.thoughts_token_count is None

parts = stream()
assert "".join(it.text for it in parts) == ANSWER and len(parts) == 15
assert [it.candidates[0].finish_reason for it in parts[:-1]] == [None] * 14
assert parts[-1].candidates[0].finish_reason == types.FinishReason.STOP

cut = stream(config=config(max_output_tokens=3))
assert cut[-1].candidates[0].finish_reason == types.FinishReason.MAX_TOKENS
thought = ask(config=config(budget=500, max_output_tokens=550))
assert thought.usage_metadata.thoughts_token_count == 100 and thought.text == ANSWER

blocked = stream(contents="Say the unspeakable.")
assert blocked[-1].prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT
assert blocked[-1].text is None

busy = refused(errors.ClientError, ask)
assert (busy.code, busy.status) == (429, "RESOURCE_EXHAUSTED")
assert busy.details["error"]["details"][0]["retryDelay"] == "2s"
loaded = refused(errors.ServerError, stream)
assert (loaded.code, loaded.status) == (503, "UNAVAILABLE")
broken = refused(errors.ServerError, stream)
assert broken.code == 503 and "overloaded" in broken.message, broken

assert refused(errors.ClientError, lambda: ask(model="gpt-4o")).code == 404
always = refused(errors.ClientError, lambda: ask(model="gemini-2.5-pro"))
assert (always.code, always.status) == (400, "INVALID_ARGUMENT"), always
known_to_nobody = connected(wrong)
stranger = refused(errors.ClientError, lambda: list(known_to_nobody.models.list()))
assert "API key not valid" in stranger.message
