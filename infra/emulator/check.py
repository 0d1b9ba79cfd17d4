"""An order through a stack that was deployed to the emulator: check.py STACK API_URL OPS CATALOGUE DEPLOY...

The stack's first key and catalogue come from the operator's command, as on a stack in AWS. Everything else goes through the API's
front door, which finds an API by its host name. DEPLOY is the command that deploys the stack again, to which parameters are added.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import boto3

import routes

stack, front_door, ops, catalogue, *deploy = sys.argv[1:]
cloudformation, functions = boto3.client("cloudformation"), boto3.client("lambda")
outputs = {
    output["OutputKey"]: output["OutputValue"]
    for output in cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
}
host = urllib.parse.urlsplit(outputs["Url"]).netloc
CART = {
    "customer_email": "john@example.com",
    "customer_name": "John Doe",
    "payment_method_id": 1,
    "items": [{"product_id": 1, "intent": "new_activation", "qty": 1}],
}


def request(method, path, body=None, key=None):
    """Status and JSON of an answer."""
    sent = urllib.request.Request(
        front_door + path,
        method=method,
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Host": host, "Content-Type": "application/json", **({"X-Panelr-API-Key": key} if key else {})},
    )
    try:
        with urllib.request.urlopen(sent, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def operate(*arguments):
    """What the operator's command prints, as JSON."""
    where = {
        "OPS_AS": "check",
        "TABLE_NAME": outputs["TableName"],
        "QUEUE_URL": outputs["QueueUrl"],
        "DEAD_LETTER_QUEUE_URL": outputs["DeadLetterQueueUrl"],
        "EVENTS_QUEUE_URL": outputs["EventsQueueUrl"],
        "EVENTS_DEAD_LETTER_QUEUE_URL": outputs["EventsDeadLetterQueueUrl"],
        "UNPUBLISHED_QUEUE_URL": outputs["UnpublishedQueueUrl"],
    }
    done = subprocess.run([ops, "--json", *arguments], env={**os.environ, **where}, capture_output=True, text=True)
    assert done.returncode == 0, f"ops {arguments[0]}: {done.stderr}"
    return json.loads(done.stdout)


def completed(reference, seconds=30):
    """The order, once it is completed."""
    end = time.monotonic() + seconds
    while True:
        status, answer = request("GET", f"/api/get_work_order?ref={reference}&email=john@example.com", key=key)
        assert status == 200, answer
        if answer["data"]["status"] == "completed":
            return answer["data"]
        assert time.monotonic() < end, f"not completed within {seconds} s: {answer['data']['status']}"
        time.sleep(0.1)


def every_route_has_its_function():
    """The names of the functions say to which one a route leads; each answers in the envelope of its side."""
    for key in routes.make(stack):
        method, path = ("GET", "/nothing/here") if key == "$default" else key.split()
        status, answer = request(method, path.replace("{id}", "1"), {} if method == "POST" else None)
        assert status in (400, 401, 404, 422), (key, status, answer)
        assert "success" in answer or "error" in answer, (key, answer)


def a_paid_cart_comes_out_provisioned(shop_order):
    cart = {**CART, "payment_transaction_id": f"pi_{shop_order}", "payment_amount": 9.99, "wc_order_id": shop_order}
    began = time.monotonic()
    status, first = request("POST", "/api/complete_order", cart, key=key)
    assert status == 200 and first["success"], (status, first)
    done = completed(first["data"]["reference_code"])
    assert done["cart"][0]["linked_username"], done
    print(f"order {shop_order}: accepted and provisioned in {time.monotonic() - began:.1f} s, cold starts included")
    _, again = request("POST", "/api/complete_order", cart, key=key)
    assert again == first, again


def a_token_is_of_the_stacks_secret():
    """A waiting order's reference and token."""
    cart = {**CART, "status": "pending_payment", "wc_order_id": "2001"}
    status, answer = request("POST", "/api/create_work_order", cart, key=key)
    assert status == 200, answer
    return answer["data"]["reference_code"], answer["data"]["confirmation_token"]


def a_token_opens_its_order(reference, token):
    status, answer = request("GET", f"/api/get_work_order?ref={reference}&token={token}", key=key)
    assert status == 200 and answer["data"]["status"] == "pending_payment", answer
    status, _ = request("GET", f"/api/get_work_order?ref={reference}&token={token[::-1]}", key=key)
    assert status == 404, status


def the_sweep_is_on_schedule():
    schedule = boto3.client("scheduler").get_schedule(Name=f"{stack}-sweep")
    assert schedule["ScheduleExpression"] == "rate(1 minute)" and schedule["State"] == "ENABLED", schedule
    arn = schedule["Target"]["Arn"]
    assert arn.endswith(":live"), arn
    swept = functions.invoke(FunctionName=arn, Payload=b"{}")
    assert "FunctionError" not in swept, swept["Payload"].read()


def versions():
    """The version of each function that its callers get."""
    resources = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    names = [each["PhysicalResourceId"] for each in resources if each["ResourceType"] == "AWS::Lambda::Function"]
    return {name: functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"] for name in names}


def an_upgrade_moves_every_alias():
    before = versions()
    deployed = subprocess.run([*deploy, "Release=2"], capture_output=True, text=True)
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    after = versions()
    assert after.keys() == before.keys()
    stayed = [name for name in before if before[name] == after[name]]
    assert not stayed, f"still served by the old version: {stayed}"
    print(f"upgrade: {len(after)} aliases moved")


every_route_has_its_function()
key = operate("keys", "create", "shop")["secret"]
operate("catalogue", "apply", catalogue, "--yes")
a_paid_cart_comes_out_provisioned("1001")
waiting = a_token_is_of_the_stacks_secret()
a_token_opens_its_order(*waiting)
the_sweep_is_on_schedule()
an_upgrade_moves_every_alias()
a_paid_cart_comes_out_provisioned("1002")
a_token_opens_its_order(*waiting)
status, _ = request("GET", "/api/get_products", key=key + "x")
assert status == 401, status
