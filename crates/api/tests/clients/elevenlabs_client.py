"""ElevenLabs' own Python client against a server: every method on agents, tools, secrets and numbers
that the server covers. Arguments: the server's address, a key."""

import sys

from elevenlabs import ElevenLabs, WebhookHmacSettings
from elevenlabs.core.api_error import ApiError
from elevenlabs_whole import whole

address, key = sys.argv[1:]
hooks = ElevenLabs(api_key=key, base_url=address).webhooks
lexicons = ElevenLabs(api_key=key, base_url=address).pronunciation_dictionaries
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
agent = whole(agents.get(made.agent_id))
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
page = whole(agents.list(page_size=1))
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

widget = whole(agents.widget.get(made.agent_id)).widget_config
assert (widget.variant, widget.language, widget.first_message) == ("full", "en", "Hi.")

config = {"type": "client", "name": "open_page", "description": "Opens a page."}
tool = whole(platform.tools.create(request={"tool_config": config}))
other = platform.tools.create(request={"tool_config": config | {"name": "hang_up"}})
assert platform.tools.get(tool.id).tool_config.name == "open_page"
platform.tools.update(tool.id, request={"tool_config": config | {"name": "close_page"}})
listed = whole(platform.tools.list(page_size=1))
assert [it.tool_config.name for it in listed.tools] == ["hang_up"] and listed.has_more
listed = platform.tools.list(page_size=1, cursor=listed.next_cursor)
assert [it.tool_config.name for it in listed.tools] == ["close_page"] and not listed.has_more
assert [it.id for it in platform.tools.list(search="close").tools] == [tool.id]
assert platform.tools.list(types=["webhook"]).tools == []
prompt = {"agent": {"prompt": {"tool_ids": [tool.id]}}}
agents.update(made.agent_id, conversation_config=prompt)
users = whole(platform.tools.get_dependent_agents(tool.id)).agents
assert [(it.type, it.id, it.name) for it in users] == [("available", made.agent_id, "Bea")]
assert [it.id for it in platform.tools.list(used_by_agent_id=made.agent_id).tools] == [tool.id]
assert status_of(lambda: platform.tools.delete(tool.id))[0] == 400
platform.tools.delete(tool.id, force=True)
assert agents.get(made.agent_id).conversation_config.agent.prompt.tool_ids == []
platform.tools.delete(other.id)

secret = whole(platform.secrets.create(name="crm", value="hush"))
key = {"custom_llm": {"url": "https://llm.example/v1", "api_key": {"secret_id": secret.secret_id}}}
agents.update(made.agent_id, conversation_config={"agent": {"prompt": key}})
header = {"url": "https://crm.example", "request_headers": {"key": {"secret_id": secret.secret_id}}}
hook = {"type": "webhook", "name": "look_up", "description": "Looks up.", "api_schema": header}
hook = platform.tools.create(request={"tool_config": hook})
[listed] = whole(platform.secrets.list()).secrets
assert listed.secret_id == secret.secret_id
assert [it.id for it in listed.used_by.agents] == [made.agent_id]
assert [it.name for it in listed.used_by.tools] == ["look_up"]
assert whole(platform.secrets.get(secret.secret_id)).used_by == listed.used_by
found = whole(platform.secrets.get_dependencies(secret.secret_id, "tools")).dependencies
assert [it.id for it in found] == [hook.id]
assert status_of(lambda: platform.secrets.delete(secret.secret_id))[0] == 400
platform.tools.delete(hook.id)
agents.update(made.agent_id, conversation_config={"agent": {"prompt": {"custom_llm": None}}})
assert platform.secrets.update(secret.secret_id, name="desk", value="hush hush").name == "desk"
assert [it.name for it in platform.secrets.list(search="DES").secrets] == ["desk"]
platform.secrets.delete(secret.secret_id)
assert status_of(lambda: platform.secrets.get(secret.secret_id))[0] == 404

numbers = platform.phone_numbers
number = numbers.create(
    request={
        "provider": "twilio",
        "phone_number": "+14155550100",
        "label": "Desk",
        "sid": "AC1",
        "token": "hush",
    }
)
assigned = whole(numbers.update(number.phone_number_id, agent_id=made.agent_id))
assert assigned.assigned_agent.agent_name == "Bea"
trunk = numbers.create(
    request={
        "provider": "sip_trunk",
        "phone_number": "+14155550101",
        "label": "Trunk",
        "outbound_trunk_config": {
            "address": "sip.example.com",
            "credentials": {"username": "ann", "password": "hush"},
        },
    }
)
shown = whole(numbers.get(trunk.phone_number_id))
assert (shown.provider, shown.outbound_trunk.username) == ("sip_trunk", "ann")
assert shown.outbound_trunk.has_auth_credentials and "hush" not in shown.model_dump_json()
changed = numbers.update(
    trunk.phone_number_id,
    outbound_trunk_config={
        "address": "sip2.example.com",
        "transport": "tls",
        "credentials": {"username": "bea", "password": "hush hush"},
    },
)
assert (changed.outbound_trunk.address, changed.outbound_trunk.username) == (
    "sip2.example.com",
    "bea",
)
assert [it.label for it in numbers.list()] == ["Trunk", "Desk"]
assert [it.label for it in numbers.list(provider="twilio")] == ["Desk"]
page = whole(numbers.list_v_2(page_size=1))
assert [it.label for it in page.phone_numbers] == ["Trunk"] and page.has_more
page = numbers.list_v_2(page_size=1, cursor=page.next_cursor)
assert [it.label for it in page.phone_numbers] == ["Desk"] and not page.has_more
assert numbers.get(number.phone_number_id).phone_number == "+14155550100"
status, body = status_of(
    lambda: numbers.create(
        request={"provider": "twilio", "phone_number": "+14155550102", "label": "X", "sid": "AC1"}
    )
)
assert status == 422 and body["detail"][0]["loc"] == ["body", "token"], body
call = {"agent_id": made.agent_id, "to_number": "+14155550199"}
for place, it in [(platform.twilio, number), (platform.sip_trunk, trunk)]:
    status, body = status_of(
        lambda: place.outbound_call(agent_phone_number_id=it.phone_number_id, **call)
    )
    assert (status, body["detail"]["status"]) == (400, "telephony_not_configured"), body
status, body = status_of(
    lambda: platform.sip_trunk.outbound_call(agent_phone_number_id=number.phone_number_id, **call)
)
assert status == 422 and body["detail"][0]["loc"] == ["body", "agent_phone_number_id"], body
batches = platform.batch_calls
status, body = status_of(
    lambda: batches.create(
        call_name="All", agent_id=made.agent_id, recipients=[{"phone_number": "+14155550199"}]
    )
)
assert (status, body["detail"]["status"]) == (400, "telephony_not_configured"), body
assert whole(batches.list()).batch_calls == []
for method in (batches.get, batches.cancel, batches.retry, batches.delete):
    assert status_of(lambda: method("none"))[0] == 404
numbers.delete(number.phone_number_id)
numbers.delete(trunk.phone_number_id)
assert platform.secrets.list().secrets == []

base = platform.knowledge_base
documents = base.documents
folder = documents.create_folder(name="Desk")
words = whole(documents.create_from_text(text="We open at nine.", name="Hours"))
page = documents.create_from_url(url="https://desk.example/hours")
data = ("menu.md", b"# Menu\n\nSoup.", "text/markdown")
file = documents.create_from_file(file=data, parent_folder_id=folder.id)
assert [it.id for it in file.folder_path] == [folder.id]
pdf = documents.create_from_file(file=("a.pdf", b"%PDF-1.4 \xff\xfe", "application/pdf"))
assert documents.get_content(pdf.id).startswith("%PDF-1.4")
shown = whole(documents.get(words.id))
assert (shown.type, shown.name, shown.extracted_inner_html) == ("text", "Hours", "We open at nine.")
assert shown.metadata.size_bytes == 16
shown = whole(documents.get(file.id))
assert (shown.filename, shown.extracted_inner_html) == ("menu.md", "# Menu\n\nSoup.")
assert whole(documents.get(page.id)).url == "https://desk.example/hours"
shown = whole(documents.get(folder.id))
assert (shown.children_count, shown.document_count) == (1, 1)
assert documents.get_content(words.id) == "We open at nine."
status, body = status_of(lambda: documents.get_content(page.id))
assert (status, body["detail"]["status"]) == (400, "no_content"), body
changed = documents.update(words.id, name="Times", content="We open at ten.")
assert (changed.name, changed.extracted_inner_html) == ("Times", "We open at ten.")
found = whole(base.list(page_size=2))
assert [it.id for it in found.documents] == [pdf.id, file.id] and found.has_more
found = base.list(page_size=10, cursor=found.next_cursor)
assert [it.id for it in found.documents] == [page.id, words.id, folder.id] and not found.has_more
assert [it.id for it in base.list(types=["text", "folder"]).documents] == [words.id, folder.id]
assert [it.id for it in base.list(parent_folder_id=folder.id).documents] == [file.id]
assert [it.id for it in base.list(search="tim").documents] == [words.id]
known = [{"type": "text", "name": "Times", "id": words.id}]
agents.update(made.agent_id, conversation_config={"agent": {"prompt": {"knowledge_base": known}}})
users = whole(documents.get_agents(words.id)).agents
assert [it.name for it in users] == ["Bea"]
[line] = base.list(search="tim").documents
assert [it.id for it in line.dependent_agents] == [made.agent_id]
assert whole(agents.knowledge_base.size(made.agent_id)).number_of_pages > 0
assert status_of(lambda: documents.delete(words.id))[0] == 400
documents.delete(words.id, force=True)
assert agents.get(made.agent_id).conversation_config.agent.prompt.knowledge_base == []
documents.move(file.id, move_to=None)
assert base.list(parent_folder_id=folder.id).documents == []
documents.bulk_move(document_ids=[file.id, page.id], move_to=folder.id)
assert len(base.list(parent_folder_id=folder.id).documents) == 2
assert status_of(lambda: documents.move(folder.id, move_to=folder.id))[0] == 422
assert status_of(lambda: documents.delete(folder.id))[0] == 400
told = documents.bulk_delete(document_ids=[folder.id, pdf.id, "none"], force=True)
assert [told[it].status for it in (folder.id, pdf.id, "none")] == ["success", "success", "failure"]
assert base.list().documents == []
status, body = status_of(lambda: documents.create_from_file(file=("a.exe", b"MZ", "x/y")))
assert status == 422 and body["detail"][0]["loc"] == ["body", "file"], body
status, body = status_of(lambda: documents.create_from_url(url="file:///etc/passwd"))
assert status == 422 and body["detail"][0]["loc"] == ["body", "url"], body

settings = whole(platform.settings.get())
assert (settings.can_use_mcp_servers, settings.rag_retention_period_days) == (False, 10)
hook = {"url": "https://desk.example/caller", "request_headers": {"key": "1"}}
platform.settings.update(conversation_initiation_client_data_webhook=hook)
settings = whole(platform.settings.update(rag_retention_period_days=3))
assert settings.conversation_initiation_client_data_webhook.url == hook["url"]
assert platform.settings.get() == settings

asked = WebhookHmacSettings(name="Calls", webhook_url="https://desk.example/after")
hook = whole(hooks.create(settings=asked))
assert hook.webhook_secret
platform.settings.update(webhooks={"post_call_webhook_id": hook.webhook_id, "events": ["transcript"]})
[listed] = whole(hooks.list(include_usages=True)).webhooks
assert (listed.name, listed.webhook_url, listed.is_disabled) == ("Calls", asked.webhook_url, False)
assert [it.usage_type for it in listed.usage] == ["ConvAI Settings"]
changed = hooks.update(hook.webhook_id, is_disabled=True, name="Off", retry_enabled=True)
assert whole(changed).status == "ok" and hooks.list().webhooks[0].is_disabled
assert status_of(lambda: hooks.delete(hook.webhook_id))[0] == 400
platform.settings.update(webhooks={"post_call_webhook_id": None})
assert whole(hooks.delete(hook.webhook_id)).status == "ok"

talks = platform.conversations
signed = whole(talks.get_signed_url(agent_id=made.agent_id)).signed_url
assert signed.startswith(address.replace("http", "ws") + "/v1/convai/conversation?"), signed
assert signed != talks.get_signed_url(agent_id=made.agent_id).signed_url
token = whole(talks.get_webrtc_token(agent_id=made.agent_id))
assert token.token and token.conversation_id.startswith("conv_")
assert status_of(lambda: talks.get_signed_url(agent_id="none"))[0] == 404

alias = {"type": "alias", "string_to_replace": "UN", "alias": "United Nations"}
phoneme = {
    "type": "phoneme",
    "string_to_replace": "Nguyen",
    "phoneme": "wɪn",
    "alphabet": "ipa",
    "word_boundaries": False,
}
made_words = whole(lexicons.create_from_rules(name="Names", rules=[alias, phoneme]))
assert made_words.version_rules_num == 2
shown = whole(lexicons.get(made_words.id))
assert (shown.name, shown.latest_version_id) == ("Names", made_words.version_id)
assert [(it.type, it.string_to_replace) for it in shown.rules] == [
    ("alias", "UN"),
    ("phoneme", "Nguyen"),
]
file = b"".join(lexicons.download(made_words.id, made_words.version_id))
again = whole(lexicons.create_from_file(name="From a file", file=("names.pls", file)))
assert again.version_rules_num == 2
more = whole(lexicons.rules.add(made_words.id, rules=[{**alias, "alias": "you en"}]))
assert more.version_rules_num == 2 and more.version_id != made_words.version_id
assert whole(lexicons.rules.remove(made_words.id, rule_strings=["UN"])).version_rules_num == 1
assert whole(lexicons.rules.set(made_words.id, rules=[alias])).version_rules_num == 1
assert whole(lexicons.update(again.id, archived=True)).archived_time_unix > 0
listed = whole(lexicons.list()).pronunciation_dictionaries
assert [it.id for it in listed] == [made_words.id]
assert len(lexicons.list(include_archived=True).pronunciation_dictionaries) == 2
assert status_of(lambda: lexicons.get("dict_none"))[0] == 404
locator = {"pronunciation_dictionary_id": made_words.id, "version_id": made_words.version_id}
agents.update(
    made.agent_id,
    conversation_config={
        "tts": {
            "pronunciation_dictionary_locators": [locator],
            "text_normalisation_type": "elevenlabs",
        }
    },
)
voice = whole(agents.get(made.agent_id)).conversation_config.tts
assert voice.pronunciation_dictionary_locators[0].version_id == made_words.version_id
assert voice.text_normalisation_type == "elevenlabs"

agents.delete(copy.agent_id)
agents.delete(made.agent_id)
assert agents.list().agents == []
