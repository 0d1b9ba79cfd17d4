"""Shoppex's own Python SDK against the local service: python shoppex_sdk.py BASE_URL KEY"""

import sys
import time

import httpx
from shoppexio import ShoppexClient
from shoppexio.errors import ShoppexApiError

base_url, key = sys.argv[1:]
client = ShoppexClient(base_url=base_url, api_key=key)


def pending(wc_order_id):
    """An order that waits, made as the Panelr plugin makes it."""
    reply = httpx.post(
        f"{base_url}/api/api.php?action=create_work_order",
        headers={"X-Panelr-API-Key": key},
        json={
            "customer_email": "john@example.com",
            "status": "pending",
            "payment_method_id": 1,
            "wc_order_id": wc_order_id,
            "items": [{"product_id": 1, "intent": "new_activation"}],
        },
    )
    return reply.json()["data"]["reference_code"]


def refusal(call):
    try:
        call()
    except ShoppexApiError as error:
        return error
    raise AssertionError("it was not refused")


run = time.time_ns()
first, second, third = (pending(f"py-{run}-{number}") for number in range(3))

completed = client.orders.complete(first, {"note": "Completed by external gateway"}).data
assert (completed.status, completed["payment_status"]) == ("COMPLETED", "COMPLETED"), completed

again = refusal(lambda: client.orders.complete(first))
assert (again.status, again.code) == (422, "VALIDATION_ERROR"), vars(again)
assert again.doc_url == "https://docs.shoppex.io/api/errors#VALIDATION_ERROR", again.doc_url

one = client.orders.get(first).data
assert (one.id, one["total"]) == (first, 9.99), one

idempotency_key = f"complete-{run}"
for _ in range(2):
    replayed = client.orders.complete(second, {"note": "n"}, idempotency_key=idempotency_key).data
    assert replayed.status == "COMPLETED", replayed
other = refusal(lambda: client.orders.complete(third, {"note": "n"}, idempotency_key=idempotency_key))
assert other.status == 422, vars(other)

assert client.invoices.complete(one_uniqid := client.orders.get(third).data.uniqid).data.id == third, one_uniqid

page = client.orders.list({"limit": 2}).data
assert [order.id for order in page] == [third, second], page
listed = [order.id for order in client.orders.list_all({"limit": 2})]
assert listed[:3] == [third, second, first], listed

assert refusal(lambda: client.orders.get("WO-2026-99999")).code == "NOT_FOUND"
stranger = ShoppexClient(base_url=base_url, api_key="nobody's")
assert refusal(lambda: stranger.orders.list()).code == "UNAUTHORIZED"
print("Python SDK: ok")
