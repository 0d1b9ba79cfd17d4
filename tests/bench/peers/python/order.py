"""From a request's fields to an order, by the contract's rules. Nothing here calls AWS."""

import hashlib
import re
from datetime import datetime, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from uuid import UUID, uuid4

TEXT = 255
NOTES = 5_000
LINES = 50
PIECES = 99
MAX_ID = 2**53 - 1
MAX_AMOUNT = 999_999_999
NOISE = Decimal("0.000001")
EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")
# Minor units of the currencies that do not have two digits.
DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}
# What the function in Rust takes and this one does not: the comparison is of a paid cart of new lines.
NOT_HERE = ("confirmation_token", "is_free", "bouquet_ids", "categories")


class Refusal(Exception):
    """Why a request is refused: HTTP status, a code for programs, a sentence for people, the fields that broke a rule."""

    def __init__(self, status, code, message, details=None):
        super().__init__(message)
        self.status, self.code, self.message, self.details = status, code, message, details

    @classmethod
    def unauthorized(cls):
        return cls(401, "unauthorized", "Invalid or missing API key.")

    @classmethod
    def invalid(cls, details):
        return cls(422, "invalid", details[0]["message"], details)


def broken(field, rule):
    return {"field": field, "message": f"`{field}` {rule}."}


class Fields:
    """Reads the fields of one object and collects the rules they break."""

    def __init__(self, body, prefix="", errors=None):
        self.body, self.prefix = body, prefix
        self.errors = [] if errors is None else errors

    def refuse(self, name, rule):
        self.errors.append(broken(self.prefix + name, rule))

    def required(self, name, value):
        if value is None and not any(error["field"] == self.prefix + name for error in self.errors):
            self.refuse(name, "is required")
        return value

    def text(self, name, longest=TEXT):
        value = self.body.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            return self.refuse(name, "must be a string")
        if len(value) > longest:
            return self.refuse(name, f"must have at most {longest} characters")
        return value or None

    def text_or_integer(self, name):
        value = self.body.get(name)
        return str(value) if type(value) is int else self.text(name)

    def number(self, name):
        value = self.body.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            return self.refuse(name, "must be a number")
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            return self.refuse(name, "must be a number")
        return number if number.is_finite() else self.refuse(name, "must be a number")

    def integer(self, name, least, most):
        value = self.body.get(name)
        if value is None or value == "":
            return None
        rule = "must be a positive integer" if most == MAX_ID else f"must be an integer from {least} to {most}"
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            return self.refuse(name, rule)
        if isinstance(value, bool) or number != number.to_integral_value() or not least <= number <= most:
            return self.refuse(name, rule)
        return int(number)

    def id(self, name):
        return self.integer(name, 1, MAX_ID)


def read_request(body, headers):
    """The request in a body; raises a Refusal that names every field that breaks a rule."""
    fields = Fields(body)
    email = fields.text("customer_email", 1_000)
    email = fields.required("customer_email", email and email.strip())
    if email is not None and (not EMAIL.fullmatch(email) or len(email) > 254):
        fields.refuse(
            "customer_email", "must be an e-mail address such as john@example.com, of at most 254 characters"
        )
    request = {
        "customer": {
            "email": email,
            "name": fields.text("customer_name"),
            "phone": fields.text("customer_phone"),
            "address": fields.text("customer_address"),
        },
        "items": read_items(fields),
        "payment_method_id": fields.id("payment_method_id"),
        "transaction_id": fields.text("payment_transaction_id"),
        "amount": fields.number("payment_amount"),
        "wc_order_id": fields.text_or_integer("wc_order_id"),
        "notes": fields.text("notes", NOTES),
        "source": fields.text("source") or "api",
    }
    fields.required("payment_method_id", request["payment_method_id"])
    for name in NOT_HERE:
        if body.get(name):
            fields.refuse(name, "is not taken here")
    if headers.get("idempotency-key"):
        fields.refuse("Idempotency-Key", "is not taken here")
    if fields.errors:
        raise Refusal.invalid(fields.errors)
    return request


def read_items(fields):
    values = fields.required("items", fields.body.get("items"))
    if values is None:
        return []
    if not isinstance(values, list):
        return fields.refuse("items", "must be an array")
    if len(values) > LINES:
        return fields.refuse("items", f"must have at most {LINES} entries")
    if not values:
        return fields.refuse("items", f"must have 1 to {LINES} entries")
    items = []
    for index, value in enumerate(values):
        if not isinstance(value, dict):
            fields.refuse(f"items[{index}]", "must be an object")
            continue
        item = Fields(value, f"items[{index}].", fields.errors)
        product_id = item.required("product_id", item.id("product_id"))
        intent = item.required("intent", item.text("intent"))
        if intent is not None and intent != "new_activation":
            item.refuse("intent", "must be new_activation here")
        items.append({"product_id": product_id, "qty": item.integer("qty", 1, PIECES) or 1})
    if sum(item["qty"] for item in items) > PIECES:
        fields.refuse("items", f"must not ask for more than {PIECES} new lines (the sum of their `qty`)")
    return items


def digest(parts):
    """SHA-256 over length-prefixed parts: ("ab", "c") and ("a", "bc") differ."""
    hashed = hashlib.sha256()
    for part in parts:
        part = part.encode()
        hashed.update(len(part).to_bytes(8, "big"))
        hashed.update(part)
    return hashed


def order_uuid(shop, request):
    """The order's uuid: of the shop's order id, else of the transaction, so that two copies of a request make one order."""
    if request["wc_order_id"] is not None:
        kind, value = "shop_order", request["wc_order_id"]
    elif request["transaction_id"] is not None:
        kind, value = "transaction", f"{request['payment_method_id']}:{request['transaction_id']}"
    else:
        return str(uuid4()), None
    octets = bytearray(digest((shop, "complete_order", kind, value)).digest()[:16])
    octets[6] = octets[6] & 0x0F | 0x80
    octets[8] = octets[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(octets))), kind


def draft(request, found, shop, uuid, kind):
    """Everything of the order but its number, from what was found in the catalogue."""
    errors = []
    method, method_id = found["method"], request["payment_method_id"]
    if method is None:
        rule = f"names no payment method: there is none with id {method_id}"
        errors.append(broken("payment_method_id", rule))
    elif not method["active"]:
        errors.append(broken("payment_method_id", f"names payment method {method_id}, which is not active"))
    elif method["mode"] != "automated":
        rule = f"names payment method {method_id}, which is manual; record the order with create_work_order instead"
        errors.append(broken("payment_method_id", rule))
    cart, currency = [], None
    for index, item in enumerate(request["items"]):
        field, product_id = f"items[{index}].product_id", item["product_id"]
        product = found["products"][product_id]
        if product is None:
            errors.append(broken(field, f"names no product: there is none with id {product_id}"))
            continue
        if not product["active"]:
            errors.append(broken(field, f"names product {product_id}, which is not for sale"))
        currency = currency or product["currency"]
        if currency != product["currency"]:
            errors.append(broken(field, "has another currency than the products before it; a cart has one currency"))
        cart.append(cart_line(product, item["qty"]))
    if errors:
        raise Refusal.invalid(errors)

    total = sum(Decimal(line["price"]) * line["qty"] for line in cart)
    paid = total if request["amount"] is None else amount(request["amount"], DIGITS.get(currency, 2))
    label = method.get("display_label") or method["name"]
    transaction_id = request["transaction_id"]
    at = now()
    payment = {"amount": text(paid), "at": at, "transaction_id": transaction_id, "method": label}
    remark = f"transaction {transaction_id}" if not paid and transaction_id else None
    stated = "" if request["amount"] is None else text(paid)
    once = {
        "kind": kind,
        "request": asked(request),
        "payment": digest((str(method_id), transaction_id or "", stated)).hexdigest(),
    }
    return {
        "uuid": uuid,
        "shop": shop,
        "source": request["source"],
        "customer": request["customer"],
        "currency": currency,
        "cart": cart,
        "adjustment": adjustment(paid - total),
        "payment_method": {
            "id": method["id"],
            "label": label,
            "processor": method.get("processor"),
            "mode": method["mode"],
            "instructions": method.get("instructions"),
            "config": method["config"],
        },
        "wc_order_id": request["wc_order_id"],
        "notes": request["notes"],
        "bouquet_ids": [],
        "categories": [],
        "created_status": "queued",
        "token_version": None,
        "once": once if kind else None,
        "created_at": at,
        "updated_at": at,
        "queued_at": at,
        "next_attempt_at": None,
        "resends": 0,
        "failure": None,
        "submission": None,
        "version": 1,
        "status": "queued",
        "payments": [payment] if paid else [],
        "history": [{"at": at, "by": f"key:{shop}", "from": None, "to": "queued", "note": remark}],
    }


def cart_line(product, qty):
    kept = ("name", "price", "duration_months", "connections", "is_trial", "bouquet_ids", "panel_product_id")
    line = {name: product[name] for name in kept}
    return {"product_id": product["id"], **line, "intent": "new_activation", "activation_id": None, "qty": qty}


def amount(value, digits):
    """PHP sends 9.99 as 9.9900000000000002: what is within 0.000001 of a minor unit is that unit."""
    unit = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP) if abs(value) <= MAX_AMOUNT else value
    rule = None
    if unit > MAX_AMOUNT:
        rule = f"must not be more than {MAX_AMOUNT}"
    elif unit < 0 or value < -NOISE:
        rule = "must not be negative"
    elif abs(value - unit) > NOISE:
        rule = f"must have at most {digits} decimal places"
    if rule:
        raise Refusal.invalid([broken("payment_amount", rule)])
    return unit


def text(value):
    return format(value.normalize(), "f")


def adjustment(difference):
    if not difference:
        return None
    direction = "fee" if difference > 0 else "discount"
    return {"direction": direction, "label": "Adjusted at checkout", "amount": text(abs(difference))}


def asked(request):
    """What two copies of a request have in common: customer and items. Between two hooks of a shop the payment may change."""
    lines = (f"new_activation {item['product_id']}  {item['qty']}" for item in request["items"])
    return digest((request["customer"]["email"].lower(), "", *lines)).hexdigest()


def made_by(existing, request):
    """Was `existing` made by a copy of this request?"""
    return "once" in existing and existing["once"]["request"] == asked(request)


def reference_code(order):
    return f"WO-{order['created_at'][:4]}-{int(order['number']):05}"


def now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
