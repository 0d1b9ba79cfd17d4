// From a request's fields to an order, by the contract's rules. Nothing here calls AWS.
import { createHash, randomUUID } from "node:crypto";

const TEXT = 255;
const NOTES = 5_000;
const LINES = 50;
const PIECES = 99;
const MAX_AMOUNT = 999_999_999;
const EMAIL = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/;
// Minor units of the currencies that do not have two digits.
const DIGITS = { BIF: 0, CLP: 0, ISK: 0, JPY: 0, KRW: 0, PYG: 0, UGX: 0, VND: 0, XAF: 0, XOF: 0, BHD: 3, JOD: 3, KWD: 3, OMR: 3, TND: 3 };
// What the function in Rust takes and this one does not: the comparison is of a paid cart of new lines.
const NOT_HERE = ["confirmation_token", "is_free", "bouquet_ids", "categories"];

/** Why a request is refused: HTTP status, a code for programs, a sentence for people, the fields that broke a rule. */
export class Refusal extends Error {
  constructor(status, code, message, details) {
    super(message);
    Object.assign(this, { status, code, details });
  }

  static unauthorized() {
    return new Refusal(401, "unauthorized", "Invalid or missing API key.");
  }

  static invalid(details) {
    return new Refusal(422, "invalid", details[0].message, details);
  }
}

/** Reads the fields of one object and collects the rules they break. */
class Fields {
  constructor(body, prefix = "", errors = []) {
    Object.assign(this, { body, prefix, errors });
  }

  refuse(name, rule) {
    const field = this.prefix + name;
    this.errors.push({ field, message: `\`${field}\` ${rule}.` });
    return null;
  }

  required(name, value) {
    const field = this.prefix + name;
    if (value === null && !this.errors.some((error) => error.field === field)) this.refuse(name, "is required");
    return value;
  }

  text(name, max = TEXT) {
    const value = this.body[name] ?? "";
    if (typeof value !== "string") return this.refuse(name, "must be a string");
    if ([...value].length > max) return this.refuse(name, `must have at most ${max} characters`);
    return value || null;
  }

  textOrInteger(name) {
    const value = this.body[name];
    return Number.isSafeInteger(value) ? String(value) : this.text(name);
  }

  number(name) {
    const value = this.body[name] ?? "";
    if (value === "") return null;
    const number = typeof value === "string" ? Number(value.trim() || NaN) : value;
    return Number.isFinite(number) ? number : this.refuse(name, "must be a number");
  }

  integer(name, min, max) {
    const rule = max === Number.MAX_SAFE_INTEGER ? "must be a positive integer" : `must be an integer from ${min} to ${max}`;
    const value = this.body[name] ?? "";
    if (value === "") return null;
    const number = typeof value === "string" ? Number(value.trim() || NaN) : value;
    return Number.isSafeInteger(number) && number >= min && number <= max ? number : this.refuse(name, rule);
  }

  id(name) {
    return this.integer(name, 1, Number.MAX_SAFE_INTEGER);
  }
}

/** The request in a body; throws a Refusal that names every field that breaks a rule. */
export function readRequest(body, headers) {
  const fields = new Fields(body);
  const email = fields.required("customer_email", fields.text("customer_email", 1_000)?.trim() ?? null);
  if (email !== null && (!EMAIL.test(email) || email.length > 254)) {
    fields.refuse("customer_email", "must be an e-mail address such as john@example.com, of at most 254 characters");
  }
  const request = {
    customer: {
      email,
      name: fields.text("customer_name"),
      phone: fields.text("customer_phone"),
      address: fields.text("customer_address"),
    },
    items: readItems(fields),
    paymentMethodId: fields.id("payment_method_id"),
    transactionId: fields.text("payment_transaction_id"),
    amount: fields.number("payment_amount"),
    wcOrderId: fields.textOrInteger("wc_order_id"),
    notes: fields.text("notes", NOTES),
    source: fields.text("source") ?? "api",
  };
  fields.required("payment_method_id", request.paymentMethodId);
  for (const name of NOT_HERE) {
    const value = body[name];
    if (Array.isArray(value) ? value.length : value) fields.refuse(name, "is not taken here");
  }
  if (headers?.["idempotency-key"]) fields.refuse("Idempotency-Key", "is not taken here");
  if (fields.errors.length) throw Refusal.invalid(fields.errors);
  return request;
}

function readItems(fields) {
  const values = fields.required("items", fields.body.items ?? null);
  if (values === null) return [];
  if (!Array.isArray(values)) return fields.refuse("items", "must be an array");
  if (values.length > LINES) return fields.refuse("items", `must have at most ${LINES} entries`);
  if (!values.length) return fields.refuse("items", `must have 1 to ${LINES} entries`);
  const items = values.map((value, index) => {
    if (value === null || typeof value !== "object") return fields.refuse(`items[${index}]`, "must be an object");
    const item = new Fields(value, `items[${index}].`, fields.errors);
    const productId = item.required("product_id", item.id("product_id"));
    const intent = item.required("intent", item.text("intent"));
    if (intent !== null && intent !== "new_activation") item.refuse("intent", "must be new_activation here");
    return { productId, qty: item.integer("qty", 1, PIECES) ?? 1 };
  });
  const newLines = items.reduce((sum, item) => sum + (item?.qty ?? 0), 0);
  if (newLines > PIECES) {
    fields.refuse("items", `must not ask for more than ${PIECES} new lines (the sum of their \`qty\`)`);
  }
  return items;
}

/** SHA-256 over length-prefixed parts: ("ab", "c") and ("a", "bc") differ. */
function digest(parts) {
  const hash = createHash("sha256");
  for (const part of parts) {
    const bytes = Buffer.from(part);
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(bytes.length));
    hash.update(length).update(bytes);
  }
  return hash.digest();
}

/** The order's uuid: of the shop's order id, else of the transaction, so that two copies of a request make one order. */
export function orderUuid(shop, request) {
  const [kind, value] =
    request.wcOrderId !== null
      ? ["shop_order", request.wcOrderId]
      : ["transaction", request.transactionId && `${request.paymentMethodId}:${request.transactionId}`];
  if (!value) return { uuid: randomUUID(), kind: null };
  const bytes = digest([shop, "complete_order", kind, value]).subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const uuid = bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return { uuid, kind };
}

/** Everything of the order but its number, from what was found in the catalogue. */
export function draft(request, found, shop, uuid, kind) {
  const errors = [];
  const refuse = (field, rule) => errors.push({ field, message: `\`${field}\` ${rule}.` });
  const method = found.method;
  const id = request.paymentMethodId;
  if (!method) refuse("payment_method_id", `names no payment method: there is none with id ${id}`);
  else if (!method.active) refuse("payment_method_id", `names payment method ${id}, which is not active`);
  else if (method.mode !== "automated") {
    const rule = `names payment method ${id}, which is manual; record the order with create_work_order instead`;
    refuse("payment_method_id", rule);
  }
  const cart = [];
  let currency = null;
  request.items.forEach(({ productId, qty }, index) => {
    const field = `items[${index}].product_id`;
    const product = found.products.get(productId);
    if (!product) return refuse(field, `names no product: there is none with id ${productId}`);
    if (!product.active) refuse(field, `names product ${productId}, which is not for sale`);
    currency ??= product.currency;
    if (currency !== product.currency) {
      refuse(field, "has another currency than the products before it; a cart has one currency");
    }
    cart.push(cartLine(product, qty));
  });
  if (errors.length) throw Refusal.invalid(errors);

  const unit = 10 ** (DIGITS[currency] ?? 2);
  const sum = cart.reduce((total, line) => total + Math.round(Number(line.price) * unit) * line.qty, 0);
  const paid = request.amount === null ? sum : minorUnits(request.amount, unit);
  const now = new Date();
  const at = now.toISOString();
  const payment = { amount: text(paid, unit), at, transaction_id: request.transactionId, method: method.display_label ?? method.name };
  const remark = paid === 0 && request.transactionId ? `transaction ${request.transactionId}` : null;
  return {
    uuid,
    shop,
    source: request.source,
    customer: request.customer,
    currency,
    cart,
    adjustment: adjustment(paid - sum, unit),
    payment_method: {
      id: method.id,
      label: method.display_label ?? method.name,
      processor: method.processor,
      mode: method.mode,
      instructions: method.instructions,
      config: method.config,
    },
    wc_order_id: request.wcOrderId,
    notes: request.notes,
    bouquet_ids: [],
    categories: [],
    created_status: "queued",
    token_version: null,
    once: kind && {
      kind,
      request: asked(request),
      payment: fingerprint([String(id), request.transactionId ?? "", request.amount === null ? "" : text(paid, unit)]),
    },
    created_at: at,
    updated_at: at,
    queued_at: at,
    next_attempt_at: null,
    resends: 0,
    failure: null,
    submission: null,
    version: 1,
    status: "queued",
    payments: paid ? [payment] : [],
    history: [{ at, by: `key:${shop}`, from: null, to: "queued", note: remark }],
  };
}

function cartLine(product, qty) {
  return {
    product_id: product.id,
    name: product.name,
    price: product.price,
    duration_months: product.duration_months,
    connections: product.connections,
    is_trial: product.is_trial,
    bouquet_ids: product.bouquet_ids,
    panel_product_id: product.panel_product_id,
    intent: "new_activation",
    activation_id: null,
    qty,
  };
}

function fingerprint(parts) {
  return digest(parts).toString("hex");
}

/** PHP sends 9.99 as 9.9900000000000002: what is within 0.000001 of a minor unit is that unit. */
function minorUnits(amount, unit) {
  const field = "payment_amount";
  const refuse = (rule) => Refusal.invalid([{ field, message: `\`${field}\` ${rule}.` }]);
  const units = Math.round(amount * unit);
  if (Math.abs(amount - units / unit) > 0.000_001) {
    throw refuse(amount < 0 ? "must not be negative" : `must have at most ${Math.log10(unit)} decimal places`);
  }
  if (units < 0) throw refuse("must not be negative");
  if (units > MAX_AMOUNT * unit) throw refuse(`must not be more than ${MAX_AMOUNT}`);
  return units;
}

function text(units, unit) {
  return String(units / unit);
}

function adjustment(difference, unit) {
  if (!difference) return null;
  const direction = difference > 0 ? "fee" : "discount";
  return { direction, label: "Adjusted at checkout", amount: text(Math.abs(difference), unit) };
}

/** What two copies of a request have in common: customer and items. Between two hooks of a shop the payment may still change. */
function asked({ customer, items }) {
  const lines = items.map(({ productId, qty }) => `new_activation ${productId}  ${qty}`);
  return fingerprint([customer.email.toLowerCase(), "", ...lines]);
}

/** Was `existing` made by a copy of this request? */
export function madeBy(existing, request) {
  return existing.once?.request === asked(request);
}

export function referenceCode(order) {
  return `WO-${order.created_at.slice(0, 4)}-${String(order.number).padStart(5, "0")}`;
}
