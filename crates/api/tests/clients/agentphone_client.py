"""AgentPhone's own Python client against a server: every method on agents, numbers and webhooks that
the server covers. Arguments: the server's address, a key."""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread

from agentphone import AgentPhone, construct_event

address, key = sys.argv[1:]
client = AgentPhone(api_key=key, base_url=address)


received = Queue()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        received.put((self.path, self.headers, body))
        self.send_response(204 if self.path != "/broken" else 500)
        self.end_headers()

    def log_message(self, *_):
        pass


receiver = HTTPServer(("127.0.0.1", 0), Receiver)
Thread(target=receiver.serve_forever, daemon=True).start()
here = f"http://127.0.0.1:{receiver.server_port}"


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
assert "404" in refused(client.webhooks.test)
hook = client.webhooks.set(url=f"{here}/all", context_limit=3)
assert (hook.context_limit, hook.timeout, hook.status) == (3, 30, "active") and hook.secret
assert client.webhooks.get() == hook
tested = client.webhooks.test(message="Hello.", channel="sms")
assert tested["success"] is True and tested["httpStatus"] == 204, tested
path, headers, payload = received.get(timeout=5)
event = construct_event(
    payload,
    headers["X-Webhook-Signature"],
    secret=hook.secret,
    timestamp=headers["X-Webhook-Timestamp"],
)
assert (path, event.event, event.channel, event.test) == ("/all", "agent.message", "sms", True)
assert event.data.message == "Hello." and event.agent_id == agent.id
assert headers["X-Webhook-Event"] == "agent.message" and headers["X-Webhook-ID"]
again = client.webhooks.set(url=f"{here}/broken")
assert again.id == hook.id and again.secret != hook.secret and again.context_limit == 10
assert client.webhooks.test()["success"] is False
(failed, made) = client.webhooks.list_deliveries(hours=1)
assert (failed.status, failed.http_status, failed.attempt_count) == ("failed", 500, 1)
assert failed.error_message == "the receiver answered 500" and failed.next_retry_at is None
assert (made.status, made.http_status, made.event_type) == ("success", 204, "agent.message")
assert made.message_id and made.channel == "sms" and made.last_attempt_at and made.created_at
stats = client.webhooks.get_delivery_stats(hours=2)
assert (stats.total, stats.success, stats.failed, stats.pending) == (2, 1, 1, 0)
assert stats.success_rate == 50 and stats.by_event_type["agent.message"]["failed"] == 1
assert client.webhooks.get_all_time_stats()["total"] == 2
assert client.webhooks.delete()["success"] is True

assert agents.get_webhook(agent.id) is None
own = agents.set_webhook(agent.id, url=f"{here}/own", timeout=5)
assert (agents.get_webhook(agent.id), own.timeout) == (own, 5)
received.get(timeout=5)
assert agents.test_webhook(agent.id)["success"] is True
path, headers, payload = received.get(timeout=5)
assert path == "/own" and agent.id in payload.decode()
(delivery,) = agents.list_webhook_deliveries(agent.id)
assert (delivery.status, delivery.attempt_count) == ("success", 1)
agents.delete_webhook(agent.id)
assert "404" in refused(lambda: agents.list_webhook_deliveries(agent.id))

assert client.conversations.list().data == []
assert "404" in refused(lambda: client.conversations.get("none"))

assert agents.delete(agent.id)["success"] is True
