"""Has carriers' own packages place and end calls against a network that is none, and prints what
each would have sent, a request a line."""

import json
import pathlib
import urllib.parse
from typing import get_type_hints

import httpx
import plivo
import requests
import telnyx
from telnyx.types.texml.accounts.call_calls_params import BodyWithURL
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from vonage_http_client import Auth, HttpClient
from vonage_jwt import jwt as vonage_jwt
from vonage_voice import CreateCallRequest, ListCallsFilter, Voice
from vonage_voice.models.ncco import Notify

FROM, TO = "+15550111", "+14155550100"
NEXT = "https://voice.example/a/next"
ANSWER, STATUS = "https://voice.example/a/answer", "https://voice.example/a/status"


def fields_of(content_type, body):
    """The fields that a body has, each a list of texts."""
    if not body:
        return {}
    if "json" in content_type:
        # Twilio's and Plivo's own words for true, and numbers, are texts in forms.
        return {name: [value] for name, value in json.loads(body).items()}
    return urllib.parse.parse_qs(body, keep_blank_values=True)


def tell(carrier, what, method, url, authorization, content_type, body):
    body = body.decode() if isinstance(body, bytes) else body or ""
    if method == "GET":
        url, _, body = url.partition("?")
        content_type = ""
    print(json.dumps({
        "carrier": carrier, "what": what, "method": method, "url": url,
        "authorization": authorization, "content_type": content_type,
        "fields": fields_of(content_type or "", body),
    }))


class Nowhere(TwilioHttpClient):
    def request(self, method, url, params=None, data=None, headers=None, auth=None, timeout=None, allow_redirects=False):
        # As `requests` encodes them, which the package hands them to.
        made = requests.Request(method.upper(), url, params=params, data=data, headers=headers, auth=auth).prepare()
        tell("twilio", self.what, made.method, made.url, made.headers["Authorization"], made.headers.get("Content-Type"), made.body)
        if method.upper() == "GET":
            return Response(200, json.dumps({"calls": []}))
        return Response(201, json.dumps({"sid": "CA1", "status": "queued"}))


nowhere = Nowhere()
client = Client("AC1", "token", http_client=nowhere)
for detects in (False, True):
    nowhere.what = "place, detecting" if detects else "place"
    more = {}
    if detects:
        more = dict(machine_detection="DetectMessageEnd", async_amd="true", async_amd_status_callback=STATUS, async_amd_status_callback_method="POST")
    client.calls.create(
        to=TO, from_=FROM, url=ANSWER, method="POST", status_callback=STATUS, status_callback_method="POST",
        status_callback_event=["initiated", "ringing", "answered", "completed"], timeout=40, time_limit=630, **more,
    )
nowhere.what = "hang up"
client.calls("CA1").update(status="completed")
nowhere.what = "redirect"
client.calls("CA1").update(url=NEXT, method="POST")
nowhere.what = "seek"
client.calls.page(to=TO, from_=FROM, page_size=20)


def telnyx_said(request):
    tell("telnyx", telnyx_said.what, request.method, str(request.url), request.headers["authorization"], request.headers.get("content-type"), request.content)
    return httpx.Response(200, json={"status": "queued", "data": {}})


WIRE = {
    name: next(part.alias for part in hint.__metadata__ if part.alias)
    for name, hint in get_type_hints(BodyWithURL, include_extras=True).items()
    if hasattr(hint, "__metadata__")
}
WIRE["url"] = "Url"
client = telnyx.Telnyx(api_key="token", http_client=httpx.Client(transport=httpx.MockTransport(telnyx_said)))
for detects in (False, True):
    telnyx_said.what = "place, detecting" if detects else "place"
    body = dict(
        to=TO, from_=FROM, url=ANSWER, url_method="POST", application_sid="12", status_callback=STATUS,
        status_callback_method="POST", status_callback_event="initiated ringing answered completed", timeout=40, time_limit=630,
    )
    if detects:
        body.update(machine_detection="DetectMessageEnd", async_amd=True, async_amd_status_callback=STATUS, async_amd_status_callback_method="POST")
    # The package sends the body of this request as it is given, so that its types say what names are.
    named = {WIRE[name]: value for name, value in body.items()}
    client.texml.accounts.calls.calls(account_sid="AC1", body=named)
telnyx_said.what = "hang up"
client.texml.accounts.calls.update(call_sid="CA1", account_sid="AC1", status="completed")
telnyx_said.what = "redirect"
client.texml.accounts.calls.update(call_sid="CA1", account_sid="AC1", url=NEXT, method="POST")
telnyx_said.what = "seek"
client.texml.accounts.calls.retrieve_calls(account_sid="AC1", to=TO, from_=FROM, page_size=20)


def plivo_said(session, request, **_):
    tell("plivo", plivo_said.what, request.method, request.url, request.headers["Authorization"], request.headers.get("Content-Type"), request.body)
    answer = requests.Response()
    answer.status_code, answer._content = (204, b"") if request.method == "DELETE" else (201, b'{"request_uuid": "r1", "calls": [], "objects": [], "meta": {}}')
    answer.request = request
    return answer


requests.Session.send = plivo_said
client = plivo.RestClient("MA000000000000000001", "token")
for detects in (False, True):
    plivo_said.what = "place, detecting" if detects else "place"
    more = {}
    if detects:
        more = dict(machine_detection="true", machine_detection_url=STATUS, machine_detection_method="POST")
    client.calls.create(
        from_=FROM.lstrip("+"), to_=TO.lstrip("+"), answer_url=ANSWER, answer_method="POST", ring_url=STATUS,
        ring_method="POST", hangup_url=STATUS, hangup_method="POST", ring_timeout=40, time_limit=630, **more,
    )
plivo_said.what = "take back"
client.calls.cancel("CA1")
plivo_said.what = "hang up"
client.calls.delete("CA1")
plivo_said.what = "redirect"
client.calls.transfer("CA1", legs="aleg", aleg_url=NEXT, aleg_method="POST")
plivo_said.what = "seek 0"
client.queued_calls.list_ids()
plivo_said.what = "seek 1"
client.live_calls.list_ids()
plivo_said.what = "seek 2"
client.calls.list(from_number=FROM.lstrip("+"), to_number=TO.lstrip("+"), limit=20)
plivo_said.what = "look 0"
client.queued_calls.get("CA1")
plivo_said.what = "look 1"
client.live_calls.get("CA1")

# The token says when it was made, and has an id of its own.
vonage_jwt.time, vonage_jwt.uuid4 = lambda: 1_700_000_000, lambda: "nonce"
key = (pathlib.Path(__file__).parent / "application.pem").read_text()
client = HttpClient(Auth(application_id="AC1", private_key=key))


def vonage_said(session, request, **_):
    tell("vonage", vonage_said.what, request.method, request.url, request.headers["Authorization"].decode(), request.headers.get("Content-Type"), request.body)
    answer = requests.Response()
    answer.status_code, answer._content = (204, b"") if request.method == "PUT" else (200, json.dumps({
        "uuid": "CA1", "status": "started", "direction": "outbound", "conversation_uuid": "C", "count": 0,
        "page_size": 20, "record_index": 0, "_embedded": {"calls": []},
        "_links": {"self": {"href": "/"}},
    }).encode())
    answer.headers["Content-Type"] = "application/json"
    answer.request = request
    return answer


requests.Session.send = vonage_said
voice = Voice(client)
for detects in (False, True):
    vonage_said.what = "place, detecting" if detects else "place"
    more = {}
    if detects:
        more = dict(advanced_machine_detection={"behavior": "continue", "mode": "default", "beep_timeout": 45})
    voice.create_call(CreateCallRequest(
        to=[{"type": "phone", "number": TO.lstrip("+")}], from_={"type": "phone", "number": FROM.lstrip("+")},
        answer_url=[ANSWER], answer_method="POST", event_url=[STATUS], event_method="POST", ringing_timer=40,
        length_timer=630, **more,
    ))
vonage_said.what = "hang up"
voice.hangup("CA1")
vonage_said.what = "redirect"
voice.transfer_call_ncco("CA1", [Notify(payload={"asks": "next"}, eventUrl=[NEXT], eventMethod="POST")])
for at, more in enumerate([{"status": "started"}, {"status": "ringing"}, {"status": "answered"}, {}]):
    vonage_said.what = f"seek {at}"
    voice.list_calls(ListCallsFilter(page_size=20, order="desc", **more))
