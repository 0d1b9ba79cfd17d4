"""The table and the queue. Clients are made once, outside the handler, so that invocations share their connections."""

import json
import os
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.config import Config
from botocore.exceptions import ClientError

TABLE_NAME = os.environ["TABLE_NAME"]
QUEUE_URL = os.environ["QUEUE_URL"]

_config = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})
_dynamodb = boto3.client("dynamodb", config=_config)
_sqs = boto3.client("sqs", config=_config)
_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize
# The message goes while the pointer is written.
_sender = ThreadPoolExecutor(max_workers=1)

_calls = 0


def _count_call(**_):
    global _calls
    _calls += 1


for _client in (_dynamodb, _sqs):
    _client.meta.events.register("before-send", _count_call)


def calls_made():
    """AWS calls of this environment so far, attempts that were repeated included."""
    return _calls


def _to_item(values):
    return {name: _serialize(value) for name, value in values.items()}


def _from_item(item):
    return {name: _deserialize(value) for name, value in item.items()}


# A revoked key is to be refused within 60 seconds.
KEEP_SECONDS = 45
_cache = {}


def look_up(key_hash, request):
    """What a request names, in one consistent read: key, payment method, products. Known items are not read."""
    now = time.time()
    key_name = (f"key#{key_hash}", "key")
    method_name = request and ("catalogue", f"method#{request['payment_method_id']}")
    ids = {item["product_id"] for item in request["items"]} if request else ()
    products = {id: ("catalogue", f"product#{id}") for id in ids}
    names = [name for name in (key_name, method_name, *products.values()) if name]
    found = {name: item for name in names for at, item in [_cache.get(name, (0, None))] if now - at < KEEP_SECONDS}
    keys = [_to_item({"pk": pk, "sk": sk}) for pk, sk in names if (pk, sk) not in found]
    attempt = 0
    while keys:
        answer = _dynamodb.batch_get_item(RequestItems={TABLE_NAME: {"Keys": keys, "ConsistentRead": True}})
        for item in map(_from_item, answer["Responses"].get(TABLE_NAME, [])):
            name = (item["pk"], item["sk"])
            found[name] = item
            _cache[name] = (now, item)
        keys = answer.get("UnprocessedKeys", {}).get(TABLE_NAME, {}).get("Keys", [])
        if keys:
            attempt += 1
            if attempt == 5:
                raise RuntimeError("keys were left unprocessed")
            time.sleep(0.025 * 2**attempt)
    return {
        "key": found.get(key_name),
        "method": found.get(method_name),
        "products": {id: found.get(name) for id, name in products.items()},
    }


# Numbers are leased in blocks that grow with the pace, so that a busy counter stays cool and a quiet one dense.
FAST_SECONDS = 30
SLOW_SECONDS = 120
MAX_BLOCK = 256
_free = deque()
_block, _leased_at = 0, 0.0


def take_number():
    global _block, _leased_at
    now = time.time()
    lasted = now - _leased_at
    # An order made now under a number of long ago would stand far down a list that is newest first by number.
    if lasted > SLOW_SECONDS:
        _free.clear()
    if not _free:
        paced = _block * 2 if lasted <= FAST_SECONDS else _block // 2 if lasted > SLOW_SECONDS else _block
        _block = min(max(paced, 1), MAX_BLOCK)
        answer = _dynamodb.update_item(
            TableName=TABLE_NAME,
            Key=_to_item({"pk": "sequence", "sk": "work_order"}),
            UpdateExpression="SET #next = if_not_exists(#next, :first) + :block, #first = if_not_exists(#first, :first)",
            ExpressionAttributeNames={"#next": "next", "#first": "first"},
            ExpressionAttributeValues=_to_item({":first": 1, ":block": _block}),
            ReturnValues="UPDATED_NEW",
        )
        end = int(answer["Attributes"]["next"]["N"])
        _free.extend(range(end - _block, end))
        _leased_at = now
    return _free.popleft()


def give_back_number(number):
    _free.appendleft(number)


def create_order(order):
    """Stores the order if there is none of its uuid; returns the one that is there otherwise."""
    item = {
        **order,
        "pk": f"order#{order['uuid']}",
        "sk": "order",
        "customer_key": order["customer"]["email"].lower(),
        "open_key": f"{order['status']}#{int(order['uuid'][-2:], 16) % 32}",
    }
    try:
        _dynamodb.put_item(
            TableName=TABLE_NAME,
            Item=_to_item(_stated(item)),
            ConditionExpression="attribute_not_exists(#pk)",
            ExpressionAttributeNames={"#pk": "pk"},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return None
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException" or "Item" not in error.response:
            raise
        existing = _from_item(error.response["Item"])
        # The SDK's first attempt may have taken effect although its answer was lost.
        own = order["change_ids"][0] in existing["change_ids"] or existing["number"] == order["number"]
        return None if own else existing


def _stated(value):
    """What is stated: nothing is stored that is none."""
    if isinstance(value, dict):
        return {name: _stated(inner) for name, inner in value.items() if inner is not None}
    return [_stated(inner) for inner in value] if isinstance(value, list) else value


def find_order(uuid):
    """The order of this uuid, as of now."""
    key = _to_item({"pk": f"order#{uuid}", "sk": "order"})
    answer = _dynamodb.get_item(TableName=TABLE_NAME, Key=key, ConsistentRead=True)
    return _from_item(answer["Item"]) if "Item" in answer else None


def point_to_order(order):
    """From the order's number to the order."""
    item = {"pk": f"number#{order['number']}", "sk": "order", "order": order["uuid"]}
    _dynamodb.put_item(TableName=TABLE_NAME, Item=_to_item(item))


def start_sending(order):
    """Tells the queue, in a thread of its own, that the order is to be provisioned."""
    body = json.dumps({"order": order["uuid"], "number": int(order["number"])})
    return _sender.submit(_sqs.send_message, QueueUrl=QUEUE_URL, MessageBody=body)
