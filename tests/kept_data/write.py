"""Writes a kept data folder: write.py LOCAL OPS FOLDER COMMIT

LOCAL and OPS are the binaries of one build, COMMIT names it. The service of that build is driven until it holds orders, lines,
keys and endpoints in every state and shape that it stores. FOLDER then holds its data, and in expected.json what that build
reads of it. It takes about half a minute and needs Python's standard library alone.
"""

import atexit
import gzip
import http.server
import json
import pathlib
import queue
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

LOCAL, OPS, FOLDER, COMMIT = sys.argv[1:]
folder = pathlib.Path(FOLDER)
data = folder / "data"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DEMO_KEY = "demo-key-for-this-machine-only"
SHOP_KEY = "kept-shop-key-0123456789abcdef"
PLACES = 10**20  # A place in the stream is a record's number, and this.


# --- What the service calls: a provisioner and the webhook endpoints.


class Called(http.server.BaseHTTPRequestHandler):
    """`provisioner` and `hooks` say how it answers from now on."""

    provisioner = "ok"
    hooks = "ok"
    told = {}  # Bodies at the provisioner, by id.
    events = {}  # Bodies that an endpoint refused, by path and id.
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        name = self.headers["webhook-id"]
        if self.path.startswith("/hook/"):
            if Called.hooks != "ok":
                Called.events.setdefault(self.path, {})[name] = body
            return self.answer(200 if Called.hooks == "ok" else 503, {})
        Called.told[name] = body
        mode = Called.provisioner
        if mode == "hang":
            time.sleep(30)
        elif mode == "busy":
            self.answer(503, {})
        elif mode == "refuse" or (mode == "refuse_second" and "-u2-" in name):
            self.answer(422, {"code": "limit_reached"})
        else:
            line = json.loads(body)["line"]
            said = {"username": f"tv-{line['id']}", "host": "edge-1.example.net", "external_id": f"x-{line['id']}"}
            self.answer(200, said)

    def answer(self, status, said):
        text = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # The service calls from many connections at once.


server = Server(("127.0.0.1", 0), Called)
threading.Thread(target=server.serve_forever, daemon=True).start()
CALLED = f"http://127.0.0.1:{server.server_port}"


# --- The service, its API and its operator.


class Service:
    def __init__(self, provisioner, data=data):
        command = [LOCAL, "--port", "0", "--data", str(data)]
        if provisioner:
            command += ["--provisioner-url", f"{CALLED}/provisioner", "--provisioner-secret", SECRET]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        atexit.register(self.process.kill)
        lines = queue.Queue()
        threading.Thread(target=lambda: [lines.put(line) for line in self.process.stdout], daemon=True).start()
        found = {}
        while "API key" not in found:
            match = re.match(r"(Listening|DynamoDB|API key).*?\s(\S+)$", lines.get(timeout=30))
            if match:
                found[match[1]] = match[2]
        self.url, self.dynamodb = found["Listening"], found["DynamoDB"]

    def stop(self):
        self.process.terminate()
        assert self.process.wait(30) == 0

    def kill(self):
        self.process.kill()
        self.process.wait()

    def http(self, method, target, headers, body=None):
        sent = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + target, sent, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as answer:
            return answer.code, json.load(answer)

    def ops(self, *arguments):
        command = [OPS, f"--local={self.url}", *arguments, "--json", "--yes", "--as", "jane"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, (arguments, done)
        return json.loads(done.stdout)

    def items(self):
        """Every stored item, as DynamoDB's JSON."""
        target = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "DynamoDB_20120810.Scan",
            "X-Amz-Date": "20261201T000000Z",
            "Authorization": "AWS4-HMAC-SHA256 Credential=local/20261201/us-east-1/dynamodb/aws4_request,"
            " SignedHeaders=host;x-amz-date, Signature=" + "0" * 64,
        }
        items, more = [], {}
        while True:
            sent = json.dumps({"TableName": "work-orders", **more}).encode()
            with urllib.request.urlopen(urllib.request.Request(self.dynamodb, sent, target)) as answer:
                page = json.load(answer)
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                return sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


requests = []  # What a client may send again, with the reply it got.
orders = {}  # E-mail addresses by reference code.


def send(action, body, header=None, key=SHOP_KEY, again=True):
    """A request of the Panelr side. `again`: a repeat gets the same reply, and is kept for the test."""
    headers = {"X-Panelr-API-Key": key, "Content-Type": "application/json"}
    if header:
        headers["Idempotency-Key"] = header
    status, reply = service.http("POST", f"/api/{action}", headers, body)
    if again:
        requests.append(
            {"method": "POST", "target": f"/api/{action}", "headers": headers, "body": body, "status": status, "reply": reply}
        )
    made = (reply["data"] or {}).get("reference_code")
    if made and "customer_email" in body:
        orders[made] = body["customer_email"]
    return status, reply


def done(action, body, header=None, key=SHOP_KEY, again=True):
    status, reply = send(action, body, header, key, again)
    assert status == 200, (action, body, status, reply)
    return reply["data"]


def item(product=1, intent="new_activation", **more):
    return {"product_id": product, "intent": intent, **more}


def cart(email, *items, **more):
    return {"customer_email": email, "payment_method_id": 1, "items": list(items) or [item()], **more}


def waiting(wc, email="jane@example.com", status="pending_payment", method=2, **more):
    body = {"customer_email": email, "status": status, "payment_method_id": method, "wc_order_id": wc, "items": [item()]}
    return done("create_work_order", {**body, **more})


def state(reference):
    return service.ops("orders", "show", reference)["status"]


def until(reference, status):
    for _ in range(200):
        if state(reference) == status:
            return
        time.sleep(0.1)
    raise AssertionError(f"{reference} is {state(reference)}, not {status}")


def bought(email, *items, status="completed", header=None, **more):
    """A paid cart, once it is provisioned: its reference code and its lines."""
    reference = done("complete_order", cart(email, *items, **more), header)["reference_code"]
    until(reference, status)
    return reference, service.ops("orders", "show", reference)["lines"]


def delivered():
    """Waits until all events are published and delivered, and the place in the stream is kept."""
    for _ in range(600):
        time.sleep(0.1)
        with sqlite3.connect(data / "orders.sqlite") as database:
            last = database.execute("SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records").fetchone()[0]
        if (data / "events-place").exists() and int((data / "events-place").read_text()) - PLACES == last:
            return
    raise AssertionError("events are left")


# --- What the build reads of it.

expected = {"commit": COMMIT, "get_work_order": {}, "orders": {}, "lines": {}}
PANELR = {"X-Panelr-API-Key": SHOP_KEY}
SHOPPEX = {"Authorization": f"Bearer {SHOP_KEY}"}


def look(references, lines):
    def get(reference):
        query = urllib.parse.urlencode({"ref": reference, "email": orders[reference]})
        status, reply = service.http("GET", f"/api/get_work_order?{query}", PANELR)
        assert status == 200, reply
        expected["get_work_order"][reference] = reply["data"]
        expected["orders"][reference] = service.ops("orders", "show", reference, "--reveal")

    def line(number):
        expected["lines"][number] = service.ops("lines", "show", number, "--reveal")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(get, references))
        list(pool.map(line, lines))


def lines_of(items):
    return {item["pk"]["S"].removeprefix("line#") for item in items if item["sk"]["S"] == "line"}


data.mkdir(parents=True)
folder.joinpath("expected.json").unlink(missing_ok=True)

# --- The lines here are the record: no provisioner.

service = Service(provisioner=False)
seed = {
    "api_keys": [{"name": "shop", "secret": SHOP_KEY}],
    "products": [
        {"id": 7, "name": "Old", "price_decimal": 4, "duration_months": 12, "connections": 5, "active": False,
         "alternate_name": "Former", "panel_description": "Not sold now", "features_mode": "custom",
         "features_list": "one\ntwo", "sort_order": 9},
    ],
    "payment_methods": [
        {"id": 4, "name": "wire", "display_label": "Bank", "processor": "bank", "mode": "manual", "instructions": "IBAN",
         "config": {"iban": "XX00", "days": 3}, "adjustment_enabled": True, "adjustment_direction": "fee",
         "adjustment_mode": "fixed", "adjustment_value": 1.5},
        {"id": 5, "name": "cash", "mode": "manual", "active": False},
    ],
    "bouquets": [{"id": 9, "name": "Sport", "category": "live"}],
    "lines": [
        {"activation_id": 900, "product_id": 2, "customer_email": "ever@example.com", "customer_name": "Eve Ever",
         "username": "ever", "connections": 2},
        {"activation_id": 901, "product_id": 3, "customer_email": "try@example.com", "connections": 1, "is_trial": True,
         "expires_at": "2099-01-31 10:00:00"},
        {"activation_id": 902, "product_id": 1, "customer_email": "off@example.com", "connections": 1,
         "expires_at": "2099-01-31 10:00:00"},
    ],
}  # fmt: skip
folder.joinpath("seed.json").write_text(json.dumps(seed))
service.ops("catalogue", "apply", str(folder / "seed.json"))
folder.joinpath("seed.json").unlink()
secrets = {"shop": SHOP_KEY, "demo": DEMO_KEY}
secrets["reader"] = service.ops("keys", "create", "reader", "--scope", "orders.read", "--scope", "catalogue.read")["secret"]
older = service.ops("keys", "create", "rotated")
secrets["rotated, older"] = older["secret"]
secrets["rotated"] = service.ops("keys", "create", "rotated", "--rotate", "--scope", "orders.write")["secret"]
service.ops("keys", "revoke", "rotated", "--key", older["id"], "--at", "2099-01-01 00:00:00")
closed = service.ops("keys", "create", "closed")["secret"]
service.ops("keys", "revoke", "closed")
hooks = [service.ops("webhooks", "add", f"{CALLED}/hook/all")]
kinds = ["--event", "order.failed", "--event", "order.queued"]
hooks.append(service.ops("webhooks", "add", f"{CALLED}/hook/some?token=kept", *kinds))
time.sleep(6)  # A function remembers for five seconds that there was none.

full = cart(
    "jane@example.com", item(1, qty=2), item(2), wc_order_id="2001", customer_name="Jane Doe", customer_phone="+1 555 0100",
    customer_address="1 Main Street\nSpringfield", payment_transaction_id="pi_2001", payment_amount=50,
    bouquet_ids=[2, 9], categories=["live", "series"], notes="Gift \u2764", source="woocommerce",
)  # fmt: skip
done("complete_order", full)
until("WO-2026-00042", "completed")
done("complete_order", {**full, "payment_transaction_id": "pi_2001b"}, again=False)
plain, [plain_line] = bought("header@example.com", header="kept-cart", payment_amount="7.49")
bought("tx@example.com", payment_transaction_id="pi_kept")
bought("both@example.com", header="kept-both", wc_order_id="2002", customer_name="Bo Th")
bought("free@example.com", is_free=True, wc_order_id="2003")
trial, [trial_line] = bought("try@example.com", item(3), wc_order_id="2004")
busy_trial, [busy_trial_line] = bought("try@example.com", item(3), wc_order_id="2005")
unnamed = done("complete_order", cart("john@example.com"), key=DEMO_KEY, again=False)["reference_code"]
until(unnamed, "completed")
one = {"product_id": 2, "customer_email": "One@Example.com", "payment_method_id": 1, "payment_transaction_id": "pi_one"}
one = done("create_activation", one)["reference_code"]
orders[one] = "one@example.com"
renewal = {"activation_id": plain_line, "product_id": 2, "payment_method_id": 1, "payment_transaction_id": "pi_renewal"}
renewed = done("create_renewal", renewal)["reference_code"]
orders[renewed] = "header@example.com"
until(renewed, "completed")
bought("john@example.com", item(1, "renewal", activation_id=321, qty=2), item(), wc_order_id="2006")
bought("ever@example.com", item(2, "renewal", activation_id=900), wc_order_id="2007")
bought("try@example.com", item(2, "trial_upgrade", activation_id=trial_line), wc_order_id="2008")
bought("john@example.com", item(1, "trial_upgrade", activation_id=45), wc_order_id="2009")
service.ops("lines", "suspend", str(plain_line), "--reason", "shared password")
service.ops("lines", "resume", str(plain_line), "--reason", "changed")
service.ops("lines", "suspend", "902", "--reason", "asked to")

for number, status in enumerate(["pending", "pending_payment", "payment_submitted", "completed", "canceled", "payment_failed"]):
    waiting(str(3000 + number), status=status, payment_transaction_id=f"V{number}", payment_amount=5)
waiting("3010", status="payment_submitted")
waiting("3011", status="pending", method=3, adjustment_direction="fee", adjustment_label="Express", adjustment_amount=3)
waiting("3012", method=4, adjustment_direction=None, adjustment_label=None, adjustment_amount=None)
asked = waiting("3013", method=4)
done("send_payment_instructions", {"work_order_id": asked["work_order_id"], "confirm_url": "https://shop.example/1"}, again=False)


def submit(made, again=True, **more):
    return done("submit_payment", {"confirmation_token": made["confirmation_token"], **more}, again=again)


submit(waiting("3020"), payment_transaction_id="V3020", amount=10.49, customer_note="from my sister")
submit(waiting("3021"), payment_transaction_id="V3021", amount=4)
by_email = waiting("3022")
named = {"reference_code": by_email["reference_code"], "customer_email": "JANE@example.com"}
done("submit_payment", named, again=False)
partly = waiting("3023")
submit(partly, payment_transaction_id="V3023", amount=10.49, again=False)
service.ops("orders", "partial", partly["reference_code"], "4.50")
twice = waiting("3024")
submit(twice, payment_transaction_id="V3024", amount=10.49, again=False)
service.ops("orders", "partial", twice["reference_code"], "6")
submit(twice, payment_transaction_id="V3024b", amount=4.49)
approved = waiting("3025", method=3)
submit(approved, amount=7.49, again=False)
service.ops("orders", "approve", approved["reference_code"])


def by_token(made, header=None, **more):
    return send("complete_order", {"confirmation_token": made["confirmation_token"], **more}, header)


paid = waiting("3030")
assert by_token(paid, payment_transaction_id="pi_3030", payment_amount=10.49)[0] == 200
assert by_token(waiting("3031"), "kept-part", payment_amount=4)[0] == 422
assert by_token(waiting("3032"), payment_transaction_id="pi_3032", payment_amount=4, payment_method_id=1)[0] == 422
assert by_token(waiting("3033"), payment_amount=4)[0] == 422
rest = waiting("3034")
assert send("complete_order", {"confirmation_token": rest["confirmation_token"], "payment_amount": 4}, again=False)[0] == 422
assert by_token(rest, "kept-rest")[0] == 200
called_off = waiting("3040")["reference_code"]
service.ops("orders", "cancel", called_off, "--reason", "changed their mind")

# Shoppex, with a key that holds for a day.
shoppex = [waiting("3050", method=1, status="pending"), waiting("3051", method=1)]
complete = f"/dev/v1/orders/{shoppex[0]['reference_code']}/complete"
headers = {**SHOPPEX, "Content-Type": "application/json", "Idempotency-Key": "kept-shoppex"}
note = {"note": "Completed by external gateway"}
assert service.http("POST", complete, headers, note)[0] == 200
expected["claim"] = {"method": "POST", "target": complete, "headers": headers, "body": note}
assert service.http("POST", f"/dev/v1/invoices/{shoppex[1]['reference_code']}/complete", SHOPPEX, {})[0] == 200
for made in [paid, rest, *shoppex, approved, {"reference_code": one}]:
    until(made["reference_code"], "completed")
delivered()
service.stop()

# --- A provisioner that works, and one that refuses.

service = Service(provisioner=True)
served, served_lines = bought("tv@example.com", item(1, qty=2), wc_order_id="4001", customer_name="Tina V")
bought("tv@example.com", item(2, "renewal", activation_id=served_lines[0]), wc_order_id="4002")
bought("header@example.com", item(2, "renewal", activation_id=plain_line), wc_order_id="4003")
Called.provisioner = "refuse"
bought("no@example.com", wc_order_id="4010", status="failed")
bought("tv@example.com", item(1, "renewal", activation_id=served_lines[1]), wc_order_id="4011", status="failed")
retried, _ = bought("no@example.com", wc_order_id="4012", status="failed")
Called.provisioner = "refuse_second"
bought("half@example.com", item(1, qty=2), wc_order_id="4013", status="failed")
halves = [bought("half@example.com", item(1, qty=2), wc_order_id=wc, status="failed")[0] for wc in ["4014", "4015"]]
Called.provisioner = "ok"
service.ops("orders", "retry", retried)
until(retried, "completed")
service.ops("orders", "cancel", halves[0], "--reason", "half is not enough")
for _ in range(200):
    if not any(item.get("suspending") for item in service.items()):
        break
    time.sleep(0.1)
delivered()
settled = [reference for reference in orders if reference != halves[1]]
under_way = {str(900), str(901), str(busy_trial_line), *map(str, service.ops("orders", "show", halves[1])["lines"])}
look(settled, lines_of(service.items()) - under_way)

# --- Endpoints and provisioner fail: what is under way stays so.

Called.hooks = Called.provisioner = "busy"
service.ops("orders", "cancel", halves[1], "--reason", "nor here")
pending = [done("complete_order", cart("late@example.com", item(1, qty=2), wc_order_id="5001", customer_name="Late"))]
pending.append(done("complete_order", cart("ever@example.com", item(2, "renewal", activation_id=900), wc_order_id="5002")))
upgrade = item(2, "trial_upgrade", activation_id=busy_trial_line)
pending.append(done("complete_order", cart("try@example.com", upgrade, wc_order_id="5003")))
for order in pending:
    for _ in range(100):
        shown = service.ops("orders", "show", order["reference_code"])
        if shown["next_attempt_at"]:
            break
        time.sleep(0.1)
    assert shown["next_attempt_at"] and shown["status"] == "queued", shown
service.stop()

# One that does not answer keeps the queue's five consumers busy for five seconds: what is sent then is not begun. Nothing
# changes until they are over.
Called.provisioner = "hang"
service = Service(provisioner=True)
time.sleep(0.3)
for number in range(8):
    pending.append(done("complete_order", cart("late@example.com", wc_order_id=str(5010 + number)), header=f"kept-late-{number}"))
time.sleep(0.3)
items = service.items()
look([halves[1], *(order["reference_code"] for order in pending)], lines_of(items) - expected["lines"].keys())
status, listed = service.http("GET", "/dev/v1/orders?limit=100", SHOPPEX)
assert not listed["pagination"]["has_more"]
expected["list_orders"] = listed["data"]
for action in ["get_products", "get_payment_methods", "get_bouquets"]:
    expected[action] = service.http("GET", f"/api/{action}", PANELR)[1]["data"]
expected["keys"] = service.ops("keys", "list")
expected["webhooks"] = service.ops("webhooks", "list", "--reveal")
expected["catalogue"] = service.ops("catalogue", "export")
assert service.items() == items, "reading took longer than the consumers waited: run it again"
expected["written_at"] = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
service.kill()

# This build too answers a repeat as it says here; asked of a copy.
with tempfile.TemporaryDirectory() as copy:
    service = Service(provisioner=True, data=shutil.copytree(data, copy, dirs_exist_ok=True))
    for request in requests:
        answer = service.http(request["method"], request["target"], request["headers"], request["body"])
        assert answer[0] == request["status"] and answer[1]["data"] == request["reply"]["data"], (request, answer)
    service.kill()

# --- What is kept beside it.

sold = {item["uuid"]["S"]: item for item in items if "uuid" in item}
reserved = {}
for line in items:
    reservation = line.get("panel", {}).get("M", {}).get("reserved", {}).get("M")
    if line["sk"]["S"] == "line" and reservation:
        order = sold[reservation["order"]["S"]]
        sent = order["status"]["S"] == "queued" or "suspending" in order
        reserved[reservation["id"]["S"]] = {"under_way": sent, "body": reservation["body"]["S"]}
for name, body in Called.told.items():
    assert name not in reserved or reserved[name]["body"] == body, name
expected["reserved"] = reserved
expected["requests"] = requests
expected["secrets"] = {"work": secrets, "revoked": closed}
expected["hooks"] = {}
for hook in hooks:
    target = hook["url"].removeprefix(CALLED)
    expected["hooks"][target] = {"id": hook["id"], "secret": hook["secret"], "events": Called.events[target]}
made = lines_of(items)
assert any(made.isdisjoint(map(str, order["lines"])) for order in expected["orders"].values() if order["status"] == "queued")
database = sqlite3.connect(data / "orders.sqlite")
# What was published and delivered.
place = int((data / "events-place").read_text()) - PLACES
database.execute("DELETE FROM _stream_records WHERE CAST(sequence_number AS INTEGER) < ?", [place])
database.commit()
database.execute("VACUUM")
database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
database.close()
(folder / "orders.sqlite.gz").write_bytes(gzip.compress((data / "orders.sqlite").read_bytes(), mtime=0))
for name in ["events-place", "token-secret"]:
    (data / name).rename(folder / name)
for file in data.iterdir():
    file.unlink()
data.rmdir()


def text(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


# A record a line.
with (folder / "expected.json").open("w") as out:
    parts = []
    for name, value in sorted(expected.items()):
        if isinstance(value, dict):
            shown = "{\n" + ",\n".join(f"  {text(key)}: {text(entry)}" for key, entry in sorted(value.items())) + "\n }"
        elif isinstance(value, list):
            shown = "[\n" + ",\n".join(f"  {text(entry)}" for entry in value) + "\n ]"
        else:
            shown = text(value)
        parts.append(f" {text(name)}: {shown}")
    out.write("{\n" + ",\n".join(parts) + "\n}\n")
