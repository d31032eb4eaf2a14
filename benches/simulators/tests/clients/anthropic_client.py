"""Anthropic's own Python client against the simulated platform. Arguments: the address, a key, a key
that is wrong."""

import sys

import anthropic

address, key, wrong = sys.argv[1:]
client = anthropic.Anthropic(api_key=key, base_url=address, max_retries=0)
OLD, NEW = "claude-haiku-4-5", "claude-opus-4-8"
ANSWER = "I heard: Are you open? Is there anything else that I can do for you?"


def refused(kind, ask):
    try:
        ask()
    except kind as error:
        return error
    raise AssertionError(f"it was not refused as {kind}")


def fields(**others):
    system = {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}
    messages = [{"role": "user", "content": "Are you open?"}]
    return {"model": OLD, "max_tokens": 50, "system": [system], "messages": messages} | others


def ask(**others):
    return client.messages.create(**fields(**others))


assert OLD in [it.id for it in client.models.list()]

whole = ask()
assert whole.content[0].text == ANSWER and whole.stop_reason == "end_turn"
assert whole.usage.output_tokens == 15 and whole.usage.cache_read_input_tokens == 0

with client.messages.stream(**fields()) as stream:
    assert "".join(stream.text_stream) == ANSWER
    final = stream.get_final_message()
assert final.stop_reason == "end_turn" and final.usage.output_tokens == 15

kinds = [it.type for it in ask(stream=True, max_tokens=3)]
assert kinds == [
    "message_start",
    "content_block_start",
    *["content_block_delta"] * 3,
    "content_block_stop",
    "message_delta",
    "message_stop",
], kinds

thinking = {"type": "enabled", "budget_tokens": 1024}
with client.messages.stream(**fields(thinking=thinking, max_tokens=1074)) as stream:
    final = stream.get_final_message()
assert [it.type for it in final.content] == ["thinking", "text"]
assert final.content[0].thinking == "Hm." and final.content[1].text == ANSWER

long = [{"type": "text", "text": "Be brief. " * 1000, "cache_control": {"type": "ephemeral"}}]
first, second = ask(system=long), ask(system=long)
assert first.usage.cache_creation_input_tokens == second.usage.cache_read_input_tokens > 1024
assert second.usage.cache_creation_input_tokens == 0

busy = refused(anthropic.RateLimitError, ask)
assert busy.response.headers["retry-after"] == "2" and busy.body["error"]["type"] == "rate_limit_error"
loaded = refused(anthropic.APIStatusError, ask)
assert (loaded.status_code, loaded.body["error"]["type"]) == (529, "overloaded_error")
refused(anthropic.InternalServerError, lambda: ask(stream=True))
broken = refused(anthropic.APIStatusError, lambda: list(ask(stream=True)))
assert "Overloaded" in str(broken), broken

refused(anthropic.NotFoundError, lambda: ask(model="gpt-4o"))
hot = {"extra_body": {"temperature": 0.5}}
assert "version" in str(refused(anthropic.BadRequestError, lambda: ask(**hot)))
hot["extra_headers"] = {"anthropic-version": "2023-06-01"}
ask(**hot)
assert "deprecated" in str(refused(anthropic.BadRequestError, lambda: ask(model=NEW, **hot)))
backwards = [{"role": "assistant", "content": "Hello."}]
assert "user" in str(refused(anthropic.BadRequestError, lambda: ask(messages=backwards)))
stranger = anthropic.Anthropic(api_key=wrong, base_url=address, max_retries=0)
refused(anthropic.AuthenticationError, stranger.models.list)
