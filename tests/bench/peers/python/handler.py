"""complete_order for a paid cart of new lines: validated, recorded once, queued. An API Gateway event (HTTP API, payload 2.0)."""

import base64
import hashlib
import json
import time
from datetime import datetime, timezone
from uuid import uuid4

import store
from order import Refusal, draft, made_by, order_uuid, read_request, reference_code

MAX_BODY = 256 * 1024
UNAVAILABLE = "The service cannot answer right now. Please try again in a moment."


def handler(event, context):
    started = time.perf_counter()
    calls_before = store.calls_made()
    try:
        reply = complete_order(event)
    except Refusal as refusal:
        reply = refused(refusal)
    except Exception as error:
        reply = fault(error)
    ms = (time.perf_counter() - started) * 1000
    log(context.aws_request_id, reply, ms, store.calls_made() - calls_before)
    count(reply)
    headers = {
        "content-type": "application/json",
        "cache-control": "no-store",
        "x-request-id": context.aws_request_id,
    }
    if reply["status"] == 503:
        headers["retry-after"] = "2"
    return {"statusCode": reply["status"], "headers": headers, "body": reply["body"]}


def complete_order(event):
    # A caller is told what is wrong with a request only once its key is known.
    try:
        request, errors = read(event), None
    except Refusal as refusal:
        request, errors = None, refusal
    secret = event.get("headers", {}).get("x-panelr-api-key", "").strip()
    if not secret:
        raise Refusal.unauthorized()
    found = store.look_up(hashlib.sha256(secret.encode()).hexdigest(), request)
    key = found["key"]
    if key is None or revoked(key):
        raise Refusal.unauthorized()
    if not {"orders.write", "*"} & set(key["scopes"]):
        raise Refusal(403, "forbidden", "This API key does not have the scope orders.write.")
    if errors is not None:
        raise errors

    uuid, kind = order_uuid(key["name"], request)
    try:
        order = draft(request, found, key["name"], uuid, kind)
    except Refusal:
        # The catalogue may have changed since a copy of the request was accepted: that copy's order answers this one.
        existing = store.find_order(uuid) if kind else None
        if existing is None:
            raise
        return replayed(existing, request)
    order["number"] = store.take_number()
    order["change_ids"] = [str(uuid4())]
    existing = store.create_order(order)
    if existing is not None:
        store.give_back_number(order["number"])
        return replayed(existing, request)
    # A message that cannot be sent is no reason to refuse: the sweep sends it.
    sending = store.start_sending(order)
    store.point_to_order(order)
    failure = sending.exception()
    return accepted(order, "accepted", failure and type(failure).__name__)


def replayed(existing, request):
    if not made_by(existing, request):
        sentence = f"This order was sent before with other contents; it is work order {reference_code(existing)}."
        raise Refusal(422, "already_used", sentence)
    # The first request may have ended between the order and its pointer.
    store.point_to_order(existing)
    return accepted(existing, "replayed")


def read(event):
    text = event.get("body") or ""
    if event.get("isBase64Encoded"):
        text = base64.b64decode(text).decode()
    if len(text.encode()) > MAX_BODY:
        raise Refusal(413, "too_large", "The body is larger than 256 KiB.")
    if not text.strip():
        raise Refusal(400, "malformed", "The request has no body; a JSON object is expected.")
    try:
        body = json.loads(text)
    except ValueError:
        raise Refusal(400, "malformed", "The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise Refusal(400, "malformed", "The body must be a JSON object.")
    return read_request(body, event.get("headers", {}))


def revoked(key):
    at = key.get("revoked_at")
    return at is not None and datetime.fromisoformat(at) <= datetime.now(timezone.utc)


def accepted(order, outcome, cause=None):
    reference = reference_code(order)
    data = {
        "work_order_id": int(order["number"]),
        "reference_code": reference,
        "status": "queued",
        "type": "new_activation",
        "item_count": len(order["cart"]),
    }
    body = json.dumps({"success": True, "data": data, "error": None})
    return {"status": 200, "body": body, "outcome": outcome, "code": "ok", "reference": reference, "cause": cause}


def refused(refusal):
    body = {"success": False, "data": None, "error": refusal.message}
    if refusal.status != 401:
        body["code"] = refusal.code
    if refusal.details:
        body["details"] = refusal.details
    return {"status": refusal.status, "body": json.dumps(body), "outcome": "refused", "code": refusal.code}


def fault(error):
    body = json.dumps({"success": False, "data": None, "error": UNAVAILABLE, "code": "unavailable"})
    # The type alone: messages may quote what was sent.
    return {"status": 503, "body": body, "outcome": "fault", "code": "unavailable", "cause": type(error).__name__}


def log(request_id, reply, ms, calls):
    line = {
        "timestamp": datetime.now(timezone.utc).isoformat(),
        "level": "WARN" if reply.get("cause") else "INFO",
        "message": "request",
        "request_id": request_id,
        "action": "complete_order",
        "status": reply["status"],
        "outcome": reply["outcome"],
        "code": reply["code"],
        "reference": reply.get("reference"),
        "ms": round(ms, 2),
        "calls": calls,
        "cause": reply.get("cause"),
    }
    print(json.dumps({name: value for name, value in line.items() if value is not None}))


METRICS = {"accepted": "OrdersAccepted", "replayed": "OrdersReplayed", "refused": "OrdersRefused", "fault": "Faults"}


def count(reply):
    """Writes a line in CloudWatch's embedded metric format."""
    names = [METRICS[reply["outcome"]]]
    if reply["status"] == 200 and reply["cause"]:
        names.append("SendFailures")
    metrics = [{"Name": name, "Unit": "Count"} for name in names]
    line = {
        **{name: [1] for name in names},
        "Function": "complete_order",
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [{"Namespace": "WorkOrders", "Dimensions": [["Function"]], "Metrics": metrics}],
        },
    }
    print(json.dumps(line))
