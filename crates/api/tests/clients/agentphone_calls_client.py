"""AgentPhone's own Python client against a server that holds a call. Arguments: the server's address,
a key, the agent's id, the call's id."""

import sys

from agentphone import AgentPhone

address, key, agent, call = sys.argv[1:]
client = AgentPhone(api_key=key, base_url=address)
calls = client.calls


def refused(done):
    try:
        done()
    except Exception as error:  # its errors have no common base that it exports
        return str(error)
    raise AssertionError("it was not refused")


running = calls.get(call)
assert (running.status, running.direction, running.agent_id) == ("in-progress", "inbound", agent)
assert running.agent_name == "Ann" and running.ended_at is None and not running.recording_available

events = []
for event in calls.stream_transcript(call):
    events.append(event)
    turns = [it for it in events if it["event"] == "turn"]
    if len(turns) == 3 and event["event"] == "turn":
        assert calls.list(status="in-progress", type="web").data[0].id == call
        assert calls.end(call) == {"id": call, "status": "ending"}
assert [it["event"] for it in events] == ["connected", "turn", "turn", "turn", "ended"], events
assert events[0]["data"]["callId"] == call
said = [(it["data"]["role"], it["data"]["content"]) for it in events[1:4]]
assert said == [
    ("agent", "Hello."),
    ("user", "When are you open?"),
    ("agent", "We open at eight."),
], said
assert events[2]["data"]["createdAt"] > running.started_at

over = calls.get(call)
assert over.status == "completed" and over.ended_at and over.duration_seconds >= 1
pairs = [(it.transcript, it.response) for it in over.transcripts]
assert pairs == [("", "Hello."), ("When are you open?", "We open at eight.")], pairs
assert over.recording_available and over.recording_url.startswith(address), over.recording_url
assert over.last_transcript_snippet == "We open at eight."
transcript = calls.get_transcript(call)["transcript"]
assert [(it["role"], it["content"]) for it in transcript] == said
again = [it["event"] for it in calls.stream_transcript(call)]
assert again == ["connected", "turn", "turn", "turn", "ended"]
recording = calls.get_recording(call)
assert recording.content_type == "audio/wav" and recording.content[:4] == b"RIFF"
assert "409" in refused(lambda: calls.end(call))
assert "404" in refused(lambda: calls.get("none"))

assert client.agents.list_calls(agent).data[0].id == call
assert calls.list(limit=5, direction="inbound", status="completed", search="ann").total == 1
assert calls.list(type="pstn").total == 0 and calls.list(direction="outbound").data == []
assert "422" in refused(lambda: calls.list(status="lost"))
assert "409" in refused(lambda: calls.make(agent_id=agent, to_number="+14155550100"))

web = calls.create_web_call(agent, metadata={"order": 7}, variables={"name": "Bea"})
assert web["agentId"] == agent and web["metadata"] == {"order": 7} and web["status"] == "registered"
address = "ws" + address.removeprefix("http")
assert web["websocketUrl"] == f"{address}/v1/session?token={web['accessToken']}", web
