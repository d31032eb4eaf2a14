"""ElevenLabs' own Python client against a server: every method on agents, tools, secrets and numbers
that the server covers. Arguments: the server's address, a key."""

import sys

from elevenlabs import ElevenLabs
from elevenlabs.core.api_error import ApiError

address, key = sys.argv[1:]
platform = ElevenLabs(api_key=key, base_url=address).conversational_ai


def status_of(call):
    try:
        call()
    except ApiError as error:
        return error.status_code, error.body
    raise AssertionError("it was not refused")


agents = platform.agents
made = agents.create(
    name="Ann",
    tags=["desk"],
    conversation_config={
        "agent": {"first_message": "Hi.", "prompt": {"prompt": "Be brief."}},
        "tts": {"voice_id": "heart"},
    },
)
agent = agents.get(made.agent_id)
assert (agent.name, agent.tags) == ("Ann", ["desk"])
assert agent.conversation_config.agent.first_message == "Hi."
assert agent.conversation_config.turn.turn_timeout == 7
assert agent.metadata.created_at_unix_secs > 0
changed = agents.update(
    made.agent_id, name="Bea", conversation_config={"turn": {"turn_eagerness": "eager"}}
)
assert changed.name == "Bea"
assert changed.conversation_config.turn.turn_eagerness == "eager"
assert changed.conversation_config.agent.prompt.prompt == "Be brief."
copy = agents.duplicate(made.agent_id, name="Cleo")
page = agents.list(page_size=1)
assert [it.name for it in page.agents] == ["Cleo"] and page.has_more
rest = agents.list(page_size=1, cursor=page.next_cursor)
assert [it.name for it in rest.agents] == ["Bea"] and not rest.has_more
assert [it.name for it in agents.list(search="cle").agents] == ["Cleo"]
assert agents.link.get(made.agent_id).agent_id == made.agent_id
assert status_of(lambda: agents.get("none"))[0] == 404
status, body = status_of(
    lambda: agents.update(made.agent_id, conversation_config={"turn": {"turn_timeout": 99}})
)
assert status == 422 and body["detail"][0]["loc"][-1] == "turn_timeout", body

config = {"type": "client", "name": "open_page", "description": "Opens a page."}
tool = platform.tools.create(request={"tool_config": config})
assert platform.tools.get(tool.id).tool_config.name == "open_page"
platform.tools.update(tool.id, request={"tool_config": config | {"name": "close_page"}})
assert [it.tool_config.name for it in platform.tools.list().tools] == ["close_page"]
platform.tools.delete(tool.id)

secret = platform.secrets.create(name="crm", value="hush")
assert [it.secret_id for it in platform.secrets.list().secrets] == [secret.secret_id]
platform.secrets.update(secret.secret_id, name="crm", value="hush hush")
platform.secrets.delete(secret.secret_id)

number = platform.phone_numbers.create(
    request={
        "provider": "twilio",
        "phone_number": "+14155550100",
        "label": "Desk",
        "sid": "AC1",
        "token": "hush",
    }
)
assigned = platform.phone_numbers.update(number.phone_number_id, agent_id=made.agent_id)
assert assigned.assigned_agent.agent_name == "Bea"
assert [it.label for it in platform.phone_numbers.list()] == ["Desk"]
assert platform.phone_numbers.get(number.phone_number_id).phone_number == "+14155550100"
platform.phone_numbers.delete(number.phone_number_id)

agents.delete(copy.agent_id)
agents.delete(made.agent_id)
assert agents.list().agents == []
