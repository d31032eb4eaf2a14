"""ElevenLabs' own conversations, spoken and typed, with an agent of a server whose models go by a
script. Arguments: the server's address, a key, the agent's id.

The caller is loud for a while when it speaks. The script hears "When are you open?", then "Stop.",
and answers with a long sentence, then with "We are open on Sunday."."""

import queue
import struct
import sys
import threading
import time

from elevenlabs import ElevenLabs
from elevenlabs.conversational_ai.conversation import (
    AudioInterface,
    Conversation,
    ConversationInitiationData,
)

address, key, agent = sys.argv[1:]
platform = ElevenLabs(api_key=key, base_url=address)
PATIENCE = 30
CHUNK = 4_000
QUIET, LOUD = 0, 8_000


class Telephone(AudioInterface):
    """Sends a quarter of a second at a time, as the client's own microphone does."""

    def __init__(self):
        self.level = QUIET
        self.played = 0
        self.interrupted_after = None
        self.hung_up = threading.Event()

    def start(self, input_callback):
        def speak():
            while not self.hung_up.wait(0.25):
                input_callback(struct.pack("<h", self.level) * CHUNK)

        threading.Thread(target=speak, daemon=True).start()

    def stop(self):
        self.hung_up.set()

    def output(self, audio):
        self.played += len(audio) // 2

    def interrupt(self):
        self.interrupted_after = self.played

    def say(self, seconds):
        self.level = LOUD
        time.sleep(seconds)
        self.level = QUIET


class Told(queue.Queue):
    """What the client calls back with, in order."""

    def expect(self, kind):
        deadline = time.monotonic() + PATIENCE
        while True:
            found = self.get(timeout=max(0.01, deadline - time.monotonic()))
            if found[0] == kind:
                return found[1:]


def conversation(told, audio_interface, **more):
    def tell(kind):
        return lambda *args: told.put((kind, *args))

    return Conversation(
        platform,
        agent,
        audio_interface=audio_interface,
        callback_agent_response=tell("response"),
        callback_agent_response_correction=tell("correction"),
        callback_user_transcript=tell("transcript"),
        callback_latency_measurement=tell("latency"),
        callback_disconnect=tell("over"),
        **more,
    )


def spoken():
    told, telephone = Told(), Telephone()
    config = ConversationInitiationData(dynamic_variables={"name": "Ann"})
    talk = conversation(
        told, telephone, config=config, user_id="u1", requires_auth=True
    )
    talk.start_session()
    assert told.expect("response") == ("Hello Ann.",)
    time.sleep(1.5)
    assert telephone.played > 4_000, telephone.played
    telephone.say(1.0)
    assert told.expect("transcript") == ("When are you open?",)
    (written,) = told.expect("response")
    assert written.startswith("We open at eight"), written
    before = telephone.played
    time.sleep(1.0)
    assert telephone.played > before
    telephone.say(1.5)
    original, heard = told.expect("correction")
    assert original == written and written.startswith(heard) and len(heard) < len(written), heard
    assert telephone.interrupted_after is not None
    assert told.expect("response") == ("We are open on Sunday.",)
    talk.end_session()
    (details,) = told.expect("over")
    assert details.reason == "user", details
    return talk.wait_for_session_end(), heard


def typed():
    told = Told()
    config = ConversationInitiationData(dynamic_variables={"name": "Bea"})
    talk = conversation(told, None, config=config, requires_auth=False)
    talk.start_session()
    assert told.expect("response") == ("Hello Bea.",)
    talk.send_contextual_update("The user sees the prices.")
    talk.send_user_message("And on Sunday?")
    assert told.expect("response") == ("We are open on Sunday.",)
    talk.register_user_activity()
    talk.end_session()
    return talk.wait_for_session_end()


def refused():
    told = Told()
    talk = conversation(told, None, requires_auth=False)
    talk.start_session()
    (details,) = told.expect("over")
    assert (details.reason, details.close_code) == ("error", 1008), details
    assert details.close_reason == "missing dynamic variables: name", details


def on_record(spoken_id, heard, typed_id):
    talks = platform.conversational_ai.conversations
    deadline = time.monotonic() + PATIENCE
    while (found := talks.get(spoken_id)).status == "in-progress":
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    assert (found.status, found.agent_id, found.user_id) == ("done", agent, "u1")
    said = [(it.role, it.message, bool(it.interrupted)) for it in found.transcript]
    assert said[0] == ("agent", "Hello Ann.", False), said
    assert ("user", "When are you open?", False) in said, said
    assert ("agent", heard, True) in said, (heard, said)
    assert found.conversation_initiation_client_data.dynamic_variables["name"] == "Ann"
    assert found.metadata.conversation_initiation_source == "python_sdk"
    page = talks.list(agent_id=agent, page_size=1)
    assert [it.conversation_id for it in page.conversations] == [typed_id] and page.has_more
    rest = talks.list(agent_id=agent, page_size=1, cursor=page.next_cursor)
    assert [it.conversation_id for it in rest.conversations] == [spoken_id]
    mine = talks.list(user_id="u1").conversations
    assert [it.conversation_id for it in mine] == [spoken_id]
    assert talks.list(call_successful="success").conversations == []
    assert [it.conversation_id for it in talks.list(search="open at").conversations] == [spoken_id]
    started = found.metadata.start_time_unix_secs
    assert talks.list(call_start_before_unix=started - 60).conversations == []
    talks.feedback.create(spoken_id, feedback="like")
    assert talks.get(spoken_id).metadata.feedback.overall_score == "like"
    talks.delete(typed_id)
    assert [it.conversation_id for it in talks.list().conversations] == [spoken_id]


spoken_id, heard = spoken()
typed_id = typed()
refused()
on_record(spoken_id, heard, typed_id)
