"""AgentPhone's own Python client against a server: every method on agents, numbers and webhooks that
the server covers. Arguments: the server's address, a key."""

import sys

from agentphone import AgentPhone

address, key = sys.argv[1:]
client = AgentPhone(api_key=key, base_url=address)


def refused(call):
    try:
        call()
    except Exception as error:  # its errors have no common base that it exports
        return str(error)
    raise AssertionError("it was not refused")


agents = client.agents
agent = agents.create(
    name="Ann",
    voice_mode="hosted",
    system_prompt="Be brief.",
    max_silence_ms=20_000,
    voice_speed=1.2,
    language="en-GB",
    enable_backchannel=False,
)
assert (agent.max_silence_ms, agent.voice_speed, agent.language) == (20_000, 1.2, "en-GB")
assert agent.enable_backchannel is False and agent.interruption_sensitivity == 0.8
changed = agents.update(agent.id, interruption_sensitivity=0.3)
assert agents.get(agent.id) == changed and changed.system_prompt == "Be brief."
page = agents.list(limit=1)
assert (page.total, page.has_more, page.data[0].name) == (1, False, "Ann")
assert agents.list_voices()[0]["voice_id"]
assert agents.list_calls(agent.id).total == 0
assert agents.list_conversations(agent.id).data == []
assert "422" in refused(lambda: agents.update(agent.id, voice_speed=9))
assert "404" in refused(lambda: agents.get("none"))

# The client can only buy numbers; here their owner enters them.
number = client.numbers._post("/v1/numbers", phoneNumber="+14155550100")["id"]
assert client.numbers.get(number).phone_number == "+14155550100"
agents.attach_number(agent.id, number)
assert [it.id for it in agents.get(agent.id).numbers] == [number]
assert client.numbers.list().data[0].agent_id == agent.id
agents.detach_number(agent.id, number)
assert agents.get(agent.id).numbers == []
client.numbers.release(number)

assert client.webhooks.get() is None
hook = client.webhooks.set(url="https://hooks.test/a", context_limit=3)
assert (hook.context_limit, hook.timeout) == (3, 30) and hook.secret
assert client.webhooks.get() == hook
client.webhooks.delete()
assert agents.get_webhook(agent.id) is None
assert agents.set_webhook(agent.id, url="https://hooks.test/b").url == "https://hooks.test/b"
agents.delete_webhook(agent.id)

assert agents.delete(agent.id)["success"] is True
