"""Makes requests as three carriers would, has their own packages sign them and check them, as they
are and after each of ten changes, and prints what came out, a request a line."""

import base64
import json
import random
import sys
import time
import urllib.parse

from nacl.signing import SigningKey
from plivo.utils.signature_v3 import construct_post_url, get_signature_v3, validate_v3_signature
from telnyx.lib.webhook_verification import WebhookVerificationError, verify_webhook_signature
from twilio.request_validator import RequestValidator

dice = random.Random(int(sys.argv[1]))
NOW = int(time.time())


def text(most):
    letters = "abcXYZ0189+-_.~ &=%/?#'\"<>éß日"
    return "".join(dice.choice(letters) for _ in range(dice.randint(1, most)))


def fields():
    made = {"CallSid": "CA" + text(8), "From": "+15550100", "To": "+15550111", "Empty": ""}
    for _ in range(dice.randint(0, 6)):
        made[text(5)] = text(12)
    return made


def address(host):
    query = {"".join(dice.choice("abcd") for _ in range(3)): str(dice.randint(0, 99)) for _ in range(dice.randint(0, 3))}
    port = dice.choice(["", ":8443"])
    url = f"https://{host}{port}/v1/carriers/incoming"
    return url + ("?" + urllib.parse.urlencode(query) if query else "")


def form(made):
    return urllib.parse.urlencode(list(made.items())).encode()


def fields_of(body):
    made = {}
    for name, value in urllib.parse.parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True):
        made.setdefault(name, []).append(value)
    return made


class Fields(dict):
    """Fields that may have several values, as web frameworks hand them over."""

    def getlist(self, name):
        return self[name]


def twilio(key):
    url, body = address("voice.example"), form(fields())
    signed = url if dice.random() < 0.5 else url.replace("voice.example/", "voice.example:443/")
    signature = RequestValidator(key).compute_signature(signed, Fields(fields_of(body)))
    return url, {"x-twilio-signature": signature}, body


def twilio_takes(key, url, headers, body, now):
    signature = headers.get("x-twilio-signature")
    return signature is not None and RequestValidator(key).validate(url, Fields(fields_of(body)), signature)


def plivo(key):
    url, body = address("voice.example"), form(fields())
    nonce = str(dice.randint(10**19, 10**20))
    made = {name: value[0] if len(value) == 1 else value for name, value in fields_of(body).items()}
    signature = get_signature_v3(key, construct_post_url(url, made).decode(), nonce).decode()
    if dice.random() < 0.3:
        signature = base64.b64encode(b"of another account").decode() + "," + signature
    return url, {"x-plivo-signature-v3": signature, "x-plivo-signature-v3-nonce": nonce}, body


def plivo_takes(key, url, headers, body, now):
    made = {name: value[0] if len(value) == 1 else value for name, value in fields_of(body).items()}
    signature, nonce = headers.get("x-plivo-signature-v3"), headers.get("x-plivo-signature-v3-nonce")
    if signature is None or nonce is None:
        return False
    return validate_v3_signature("POST", url, nonce, key, signature, made)


def telnyx(key, signer):
    body, now = form(fields()), str(NOW + dice.randint(-290, 290))
    signature = signer.sign(now.encode() + b"|" + body).signature
    headers = {"telnyx-signature-ed25519": base64.b64encode(signature).decode(), "telnyx-timestamp": now}
    return address("voice.example"), headers, body


def telnyx_takes(key, url, headers, body, now):
    real = time.time
    time.time = lambda: now
    try:
        verify_webhook_signature(body, headers, key)
        return True
    except WebhookVerificationError:
        return False
    finally:
        time.time = real


def other(word):
    """Another letter or digit somewhere in a word."""
    at = dice.choice([at for at, it in enumerate(word[: len(word) - 4]) if it.isalnum()])
    return word[:at] + ("A" if word[at] != "A" else "B") + word[at + 1 :]


def changes(key, url, headers, body, now, wrong_key):
    names = list(headers)
    yield key, url, {**headers, names[0]: other(headers[names[0]].split(",")[-1])}, body, now
    yield key, url, {**headers, names[0]: ""}, body, now
    yield key, url, {name: headers[name] for name in names[1:]}, body, now
    yield wrong_key, url, headers, body, now
    yield key, url, headers, body + b"&More=1", now
    yield key, url, headers, body.replace(b"15550111", b"15550112"), now
    yield key, url, headers, body.replace(b"CallSid", b"Callsid"), now
    yield key, url, headers, b"", now
    # Two carriers sign the address and a nonce or nothing, one the time: what it signs is changed.
    if "telnyx-timestamp" in headers:
        yield key, url, headers, body, now + 1_000
        yield key, url, {**headers, "telnyx-timestamp": str(int(headers["telnyx-timestamp"]) + 1)}, body, now
    else:
        yield key, url.replace("/v1/", "/v2/"), headers, body, now
        yield key, url.replace("voice.example", "voice.invalid"), headers, body, now


def tell(carrier, takes, request, should=None):
    key, url, headers, body, now = request
    taken = bool(takes(*request))
    assert should is None or taken == should, (carrier, should, url, headers, body)
    told = {"carrier": carrier, "key": key, "url": url, "headers": headers, "body": list(body), "now": now}
    print(json.dumps({**told, "is_taken": taken}))


for _ in range(int(sys.argv[2])):
    signer = SigningKey(bytes(dice.randrange(256) for _ in range(32)))
    public = base64.b64encode(bytes(signer.verify_key)).decode()
    stranger = base64.b64encode(bytes(SigningKey(bytes(32)).verify_key)).decode()
    token, foreign = "%032x" % dice.getrandbits(128), "%032x" % dice.getrandbits(128)
    for carrier, key, wrong, takes, made in [
        ("twilio", token, foreign, twilio_takes, twilio(token)),
        ("plivo", token, foreign, plivo_takes, plivo(token)),
        ("telnyx", public, stranger, telnyx_takes, telnyx(public, signer)),
    ]:
        whole = (key, *made, NOW)
        tell(carrier, takes, whole, True)
        for changed in changes(*whole, wrong):
            tell(carrier, takes, changed, False)
