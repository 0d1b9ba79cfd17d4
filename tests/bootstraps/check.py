"""Every function's release binary under the runtime interface emulator: check.py BOOTSTRAPS EMULATOR DYNAMODB_URL SQS_URL

Environment, timeout and routes of a function are what template.yaml gives it. The functions share the local service's table, but
have a queue of their own: the local service's is worked off by the local service.
"""

import base64
import copy
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

bootstraps, emulator, dynamodb_url, sqs_url = sys.argv[1:]
root = pathlib.Path(__file__).resolve().parents[2]
events = root / "tests" / "events"
REGION = "us-east-1"
TABLE = "work-orders"
TOKEN_SECRET = "a-secret-of-this-check-and-of-nothing-else"
ENDPOINT_SECRET = "whsec_" + base64.b64encode(b"a-secret-of-this-checks-endpoint").decode()


# --- template.yaml


class Tagged:
    """A value with a tag of CloudFormation's, such as !Ref Table."""

    def __init__(self, tag, value):
        self.tag, self.value = tag, value


class Loader(yaml.SafeLoader):
    pass


def tagged(loader, tag, node):
    if isinstance(node, yaml.ScalarNode):
        return Tagged(tag, loader.construct_scalar(node))
    if isinstance(node, yaml.SequenceNode):
        return Tagged(tag, loader.construct_sequence(node, deep=True))
    return Tagged(tag, loader.construct_mapping(node, deep=True))


Loader.add_multi_constructor("!", tagged)
template = yaml.load((root / "template.yaml").read_text(), Loader)
everywhere = template["Globals"]["Function"]
functions = {
    resource["Metadata"]["BuildProperties"]["Binary"]: resource["Properties"]
    for resource in template["Resources"].values()
    if resource["Type"] == "AWS::Serverless::Function"
}


def variables(name, queues):
    """A function's own variables, each with what stands for it here."""
    own = functions[name].get("Environment", {}).get("Variables", {})
    values = queues | {
        "TABLE_NAME": TABLE,
        "TOKEN_SECRET": TOKEN_SECRET,
        # Set only when the secret was rotated, which a new stack's was not.
        "TOKEN_SECRET_PREVIOUS": None,
        "TOKEN_SECRET_NEXT": None,
        # Set only with a provisioner.
        "PROVISIONER_SECRET": None,
    }
    given = {}
    for variable, value in (everywhere.get("Environment", {}).get("Variables", {}) | own).items():
        if variable in values:
            value = values[variable]
        elif isinstance(value, Tagged) and value.tag == "Ref" and value.value in template["Parameters"]:
            value = template["Parameters"][value.value]["Default"]
        elif isinstance(value, Tagged):
            raise AssertionError(f"template.yaml gives {name} a {variable}, and nothing here says what stands for it")
        if value is not None:
            given[variable] = str(value)
    return given


def routes(name):
    """The keys of a function's routes."""
    found = set()
    for event in functions[name].get("Events", {}).values():
        if event["Type"] == "HttpApi":
            properties = event["Properties"]
            found.add(f"{properties['Method']} {properties['Path']}" if "Path" in properties else "$default")
    return found


# --- AWS, as far as it is needed here


def call(url, target, version, **fields):
    """A call of an AWS API in JSON. The signature is none: the local service reads it as little as it needs to."""
    request = urllib.request.Request(url, json.dumps(fields).encode(), method="POST")
    request.add_header("content-type", f"application/x-amz-json-{version}")
    request.add_header("x-amz-target", target)
    request.add_header("x-amz-date", time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
    credential = f"check/{time.strftime('%Y%m%d', time.gmtime())}/{REGION}/check/aws4_request"
    signature = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
    request.add_header("authorization", signature)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or "{}")


def sqs(action, **fields):
    return call(sqs_url, f"AmazonSQS.{action}", "1.0", **fields)


def items():
    """The whole table."""
    found, start = [], {}
    while True:
        page = call(dynamodb_url, "DynamoDB_20120810.Scan", "1.0", TableName=TABLE, **start)
        found += page["Items"]
        if "LastEvaluatedKey" not in page:
            return found
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


# --- a function under the emulator


def free_port():
    """A port that is free and stays so: below those that the system gives to outgoing connections, and never the same twice."""
    for port in ports:
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                taken.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


ports = iter(random.sample(range(10_000, 32_768), 1_000))


def children(pid):
    """The processes below a process."""
    try:
        own = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [below for child in map(int, own) for below in [child, *children(child)]]


STOPS = {signal.SIGINT, signal.SIGTERM}


class Function:
    """A function's bootstrap. The emulator starts it with its first event, as Lambda does."""

    def __init__(self, name, queues, folder):
        self.name = name
        self.times = []
        self.process = None
        self.port = free_port()
        self.queues = queues
        self.log_file = folder / f"{name}.log"

    def start(self):
        name = self.name
        bootstrap = pathlib.Path(bootstraps, name, "bootstrap").resolve()
        assert bootstrap.is_file(), f"there is no {bootstrap}"
        environment = {
            "PATH": "/usr/bin:/bin",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url,
            "AWS_ENDPOINT_URL_SQS": sqs_url,
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(functions[name].get("Timeout", everywhere["Timeout"])),
        } | variables(name, self.queues)
        command = [emulator, "--runtime-interface-emulator-address", f"127.0.0.1:{self.port}"]
        command += ["--runtime-api-address", f"127.0.0.1:{free_port()}", str(bootstrap)]
        # A stop from outside waits until it is known which process there is to end.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                env=environment,
                cwd=bootstrap.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS),
            )
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"the emulator does not listen:\n{self.log()}")

    def send(self, event):
        """What the function answers to an event."""
        url = f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations"
        started = time.perf_counter()
        try:
            with urllib.request.urlopen(url, json.dumps(event).encode(), timeout=60) as answer:
                reply = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{self.name}: {error}\n{self.log()}") from error
        self.times.append((time.perf_counter() - started) * 1_000)
        failed = isinstance(reply, dict) and "errorType" in reply
        assert not failed, f"{self.name}: {reply}\n{self.log()}"
        return reply

    def log(self):
        return self.log_file.read_text(errors="replace")

    def stop(self):
        """Ends emulator and bootstrap. The bootstrap is in a process group of its own, so each is ended by its id."""
        if self.process is None:
            return
        below = children(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in below:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


# --- events


def read(file):
    return json.loads((events / f"{file}.json").read_text())


def event(file, query=None, body=None, order=None):
    """An event, with some of its values replaced by those of this run."""
    changed = copy.deepcopy(read(file))
    if query:
        changed["queryStringParameters"] |= query
        changed["rawQueryString"] = urllib.parse.urlencode(changed["queryStringParameters"])
    if body:
        changed["body"] = json.dumps(json.loads(changed["body"]) | body)
    if order:
        for place, key in ((changed, "rawPath"), (changed["requestContext"]["http"], "path")):
            place[key] = place[key].replace(changed["pathParameters"]["id"], order)
        changed["pathParameters"]["id"] = order
    return changed


def body_of(reply, status=200):
    """The JSON in an HTTP function's reply."""
    assert reply["statusCode"] == status, reply
    assert reply["headers"]["content-type"] == "application/json", reply
    assert reply["headers"]["cache-control"] == "no-store", reply
    assert reply["headers"]["x-request-id"], reply
    assert not reply.get("isBase64Encoded"), reply
    return json.loads(reply["body"])


def data_of(reply):
    """What a Panelr reply carries."""
    envelope = body_of(reply)
    assert list(envelope) == ["success", "data", "error"], envelope
    assert (envelope["success"], envelope["error"]) == (True, None), envelope
    return envelope["data"]


def same(found, wanted):
    assert found == wanted, f"\nfound  {found}\nwanted {wanted}"


def reference_of(data, **rest):
    """A new order's reference, once its reply is known to be right."""
    number = data["work_order_id"]
    reference = data["reference_code"]
    assert isinstance(number, int) and re.fullmatch(rf"WO-\d{{4}}-{number:05}", reference), data
    same(data, {"work_order_id": number, "reference_code": reference} | rest)
    return reference


demo = json.loads((root / "infra/local/demo.json").read_text())


def received(queue_url, count):
    """So many messages of a queue."""
    messages = []
    while len(messages) < count:
        batch = sqs("ReceiveMessage", QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages")
        assert batch, f"only {len(messages)} messages of {count} are in {queue_url}"
        messages += batch
    return messages


def run_events(function, queues):
    """The table's stream into the queue of events, and that to an endpoint."""
    # The address of nobody, which a deployed function does not call.
    there, gone = "ep_0123456789ab", "ep_ba9876543210"
    endpoint = {"id": there, "url": "https://127.0.0.1/private-url", "events": [], "secret": ENDPOINT_SECRET}
    item = {name: {"L": value} if isinstance(value, list) else {"S": value} for name, value in endpoint.items()}
    item |= {"pk": {"S": "webhooks"}, "sk": {"S": f"endpoint#{there}"}, "created_at": {"S": "2026-11-23T17:00:00Z"}}
    call(dynamodb_url, "DynamoDB_20120810.PutItem", "1.0", TableName=TABLE, Item=item)
    same(function("publish_events").send(read("publish_events")), {"batchItemFailures": []})
    published = [json.loads(message["Body"]) for message in received(queues["EVENTS_QUEUE_URL"], 2)]
    kinds = sorted((event["endpoint"], event["id"], json.loads(event["body"])["type"]) for event in published)
    order = "evt_8c0f2f6e5a0b8d1c9e4f0a1b2c3d4e5f"
    same(kinds, [(there, f"{order}_1", "order.queued"), (there, f"{order}_2", "order.completed")])
    assert sum("john" in event["body"].lower() for event in published) == 0, published

    sent = read("deliver_events")
    for record in sent["Records"]:
        sqs("SendMessage", QueueUrl=queues["EVENTS_QUEUE_URL"], MessageBody=record["body"])
    by_body = {message["Body"]: message for message in received(queues["EVENTS_QUEUE_URL"], 2)}
    for record in sent["Records"]:
        message = by_body[record["body"]]
        record["messageId"], record["receiptHandle"] = message["MessageId"], message["ReceiptHandle"]
    kept, dropped = sent["Records"]
    same((json.loads(kept["body"])["endpoint"], json.loads(dropped["body"])["endpoint"]), (there, gone))
    same(function("deliver_events").send(sent), {"batchItemFailures": [{"itemIdentifier": kept["messageId"]}]})
    assert "127.0.0.1" not in function("deliver_events").log()


def run(function, queue_url, tokens):
    """Sends the events in an order in which each finds what it names."""

    def send(file, **values):
        name = file.removesuffix("_base64")
        sent = event(file, **values)
        assert sent["routeKey"] in routes(name), f"{file}.json: {sent['routeKey']} is no route of {name}"
        return function(name).send(sent)

    # A paid cart, twice the same: the second reply is the first one.
    reply = send("complete_order")
    queued = {"status": "queued", "type": "new_activation", "item_count": 1}
    paid = reference_of(data_of(reply), **queued)
    same(send("complete_order")["body"], reply["body"])
    in_base64 = reference_of(data_of(send("complete_order_base64")), **queued)

    def look(reference):
        return data_of(send("get_work_order", query={"ref": reference, "email": "john@example.com"}))

    order = look(paid)
    same((order["reference_code"], order["status"]), (paid, "awaiting_webhook"))
    same((order["order_total"], order["balance_due"]), (9.99, 0))
    same(look(in_base64)["customer_name"], "John Dœ")

    # The messages that complete_order sent, one of them with an unreadable one in a batch.
    sent = read("provision")
    good, unreadable = sent["Records"]
    sqs("SendMessage", QueueUrl=queue_url, MessageBody=unreadable["body"])
    messages = received(queue_url, 3)
    number = int(paid.rsplit("-", 1)[1])
    named = [message for message in messages if f'"number":{number}}}' in message["Body"]]
    other = [message for message in messages if message["Body"] == unreadable["body"]]
    for record, message in zip((good, unreadable), (*named, *other), strict=True):
        record["body"], record["messageId"] = message["Body"], message["MessageId"]
        record["receiptHandle"], record["md5OfBody"] = message["ReceiptHandle"], message["MD5OfBody"]
    again = [{"itemIdentifier": unreadable["messageId"]}]
    same(function("provision").send(sent), {"batchItemFailures": again})
    order = look(paid)
    same(order["status"], "completed")
    assert order["cart"][0]["linked_username"], order

    # An order that waits for its payment.
    data = data_of(send("create_work_order"))
    token = data.pop("confirmation_token")
    tokens.append(token)
    assert re.fullmatch(r"[A-Za-z0-9]{22,}", token), "a token of another form"
    waiting = reference_of(data, status="pending_payment", type="new_activation", item_count=1)
    by_token = event("get_work_order")
    by_token["queryStringParameters"] = {"ref": waiting, "token": token}
    by_token["rawQueryString"] = urllib.parse.urlencode(by_token["queryStringParameters"])
    order = data_of(function("get_work_order").send(by_token))
    same((order["status"], order["order_total"], order["balance_due"]), ("pending_payment", 10.49, 10.49))
    instructions = send("send_payment_instructions", body={"work_order_id": data["work_order_id"]})
    same(data_of(instructions), {"sent": False, "reference_code": waiting})
    payment = data_of(send("submit_payment", body={"reference_code": waiting}))
    submitted = {"status": "payment_submitted", "fully_paid": False, "amount_paid": 5, "balance_due": 5.49}
    same(reference_of(payment, **submitted), waiting)

    # Shoppex's side.
    completed = body_of(send("complete_pending_order", order=waiting))["data"]
    same((completed["id"], completed["status"], completed["payment_status"]), (waiting, "COMPLETED", "COMPLETED"))
    same((completed["status_details"], completed["total"], len(completed)), ("Completed", 10.49, 25))
    one = body_of(send("get_order", order=paid))["data"]
    same((one["id"], one["status"], one["total"], one["gateway"], len(one)), (paid, "COMPLETED", 9.99, "STRIPE", 25))
    page = body_of(send("list_orders"))
    same(list(page), ["data", "pagination"])
    same([listed["id"] for listed in page["data"]], [waiting, in_base64, paid])
    same(page["pagination"], {"next_cursor": None, "has_more": False})

    # The catalogue.
    def ids(file):
        return [entry["id"] for entry in data_of(send(file))]

    same(ids("get_products"), [product["id"] for product in demo["products"]])
    same(ids("get_payment_methods"), [method["id"] for method in demo["payment_methods"]])
    same(data_of(send("get_bouquets")), demo["bouquets"])

    same(send("not_found")["statusCode"], 404)
    refusal = body_of(send("not_found"), 404)
    same((refusal["success"], refusal["data"], refusal["error"]), (False, None, "Unknown action."))
    same(function("sweep").send(read("sweep")), None)


# --- logs


def private_values(tokens):
    """What no log may show: all that the events say of a person or a payment, and what the service made of it."""
    found = {TOKEN_SECRET, ENDPOINT_SECRET, "private-url", "203.0.113.9", "John D", "john@", *tokens}
    for file in events.glob("*.json"):
        sent = json.loads(file.read_text())
        found |= {value.removeprefix("Bearer ") for name, value in sent.get("headers", {}).items()
                  if name in ("x-panelr-api-key", "authorization", "idempotency-key")}
        if "headers" not in sent or "body" not in sent:
            continue
        body = sent["body"]
        found.add(body)
        text = base64.b64decode(body).decode() if sent["isBase64Encoded"] else body
        # Shorter ones, such as a shop's order number, are found in any clock's digits.
        public = ("status", "adjustment_direction", "reference_code")
        found |= {value for name, value in json.loads(text).items()
                  if isinstance(value, str) and len(value) > 5 and name not in public}
    stored = items()
    passwords = {item["password"]["S"] for item in stored if "S" in item.get("password", {})}
    assert passwords, "no line has a password"
    found |= passwords | {item["username"]["S"] for item in stored if "S" in item.get("username", {})}
    return {value.lower() for value in found}


def check_log(function, private):
    """One JSON line a request, no panic, nothing private."""
    log = function.log()
    assert "panicked" not in log, f"{function.name} panicked:\n{log}"
    given_away = [value for value in private if value in log.lower()]
    assert not given_away, f"the log of {function.name} gives away {given_away}:\n{log}"
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    own = [line for line in lines if line.get("action") == function.name]
    assert len(own) >= len(function.times), f"{function.name} logged {len(own)} lines:\n{log}"
    troubled = [line for line in own if line.get("outcome") == "fault" or line["level"] == "ERROR"]
    assert not troubled, f"{function.name}: {troubled}"


def main():
    # A stop from outside takes the way of every other end: through the `finally` below.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    found = {path.parent.name for path in pathlib.Path(bootstraps).glob("*/bootstrap")}
    same(sorted(found), sorted(functions))
    names = {"QUEUE_URL": "bootstraps", "EVENTS_QUEUE_URL": "bootstraps-events", "UNPUBLISHED_QUEUE_URL": "bootstraps-aside"}
    queues = {variable: sqs("CreateQueue", QueueName=name)["QueueUrl"] for variable, name in names.items()}
    running, tokens = {}, []
    with tempfile.TemporaryDirectory() as folder:

        def function(name):
            if name not in running:
                running[name] = Function(name, queues, pathlib.Path(folder))
                running[name].start()
            return running[name]

        try:
            run(function, queues["QUEUE_URL"], tokens)
            run_events(function, queues)
            # What has no part in these: its event is answered with a success.
            for name in functions.keys() - running.keys():
                data_of(function(name).send(event(name)))
            private = private_values(tokens)
            assert len(private) > 20, f"only {len(private)} private values are known"
            for each in running.values():
                check_log(each, private)
        finally:
            for each in running.values():
                each.stop()
    print("function                     init and first   warm   (ms, by the clock of the caller)")
    for name, each in sorted(running.items()):
        first, *warm = each.times
        print(f"{name:28} {first:14.1f}   {min(warm):4.1f}" if warm else f"{name:28} {first:14.1f}      -")
    print(f"{len(running)} bootstraps: ok")


main()
