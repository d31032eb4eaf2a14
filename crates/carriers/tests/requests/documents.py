"""Writes what three carriers are told to do with the calls of a transfer by their own packages, a document a
line."""

import json

from plivo import plivoxml
from twilio.twiml.voice_response import VoiceResponse
from vonage_voice.models.connect_endpoints import PhoneEndpoint
from vonage_voice.models.ncco import Connect, Conversation, Notify, Talk

FROM, TO = "+15550111", "+14155550100"
NEXT, STATUS = "https://voice.example/a/next?b=1&c=2", "https://voice.example/a/status"
TEXT = 'Ann & "Bob" <3 é'


def tell(carrier, what, document):
    # One of them lays its elements out on lines of their own.
    document = "".join(line.strip() for line in document.splitlines())
    print(json.dumps({"carrier": carrier, "what": what, "document": document.replace("encoding=\"utf-8\"", "")}))


said = VoiceResponse()
dial = said.dial(caller_id=FROM, timeout=30, time_limit=3600, action=NEXT, method="POST")
dial.number(
    TO, status_callback=STATUS, status_callback_method="POST",
    status_callback_event="initiated ringing answered completed",
)
tell("twilio", "dial", str(said))
said = VoiceResponse()
said.say(TEXT)
said.redirect(NEXT, method="POST")
tell("twilio", "say", str(said))
said = VoiceResponse()
said.dial().conference(
    "call7", beep="false", start_conference_on_enter=True, end_conference_on_exit=True, max_participants=2,
)
said.hangup()
tell("twilio", "join", str(said))

said = plivoxml.ResponseElement()
dial = plivoxml.DialElement(
    action=NEXT, method="POST", caller_id=FROM.lstrip("+"), timeout=30, time_limit=3600,
    callback_url=STATUS, callback_method="POST",
)
said.add(dial.add(plivoxml.NumberElement(TO.lstrip("+"))))
tell("plivo", "dial", said.to_string())
said = plivoxml.ResponseElement()
said.add(plivoxml.SpeakElement(TEXT))
said.add(plivoxml.RedirectElement(NEXT, method="POST"))
tell("plivo", "say", said.to_string())
said = plivoxml.ResponseElement()
said.add(plivoxml.ConferenceElement(
    "call7", start_conference_on_enter=True, end_conference_on_exit=True, max_members=2,
))
said.add(plivoxml.HangupElement())
tell("plivo", "join", said.to_string())


def tell_actions(what, *actions):
    actions = [it.model_dump(mode="json", by_alias=True, exclude_none=True) for it in actions]
    tell("vonage", what, json.dumps(actions))


tell_actions("dial", Connect(
    endpoint=[PhoneEndpoint(number=TO.lstrip("+"))], from_=FROM.lstrip("+"), timeout=30, limit=3600,
    eventType="synchronous", eventUrl=[NEXT], eventMethod="POST",
))
tell_actions("say", Talk(text=TEXT), Notify(payload={"asks": "next"}, eventUrl=[NEXT], eventMethod="POST"))
tell_actions("join", Conversation(name="call7", startOnEnter=True, endOnExit=True))
