// complete_order for a paid cart of new lines: validated, recorded once, queued. An API Gateway event (HTTP API, payload 2.0).
import { createHash, randomUUID } from "node:crypto";

import { draft, madeBy, orderUuid, readRequest, referenceCode, Refusal } from "./order.mjs";
import { callsMade, createOrder, findOrder, giveBackNumber, lookUp, pointToOrder, sendOrder, takeNumber } from "./store.mjs";

const MAX_BODY = 256 * 1024;
const UNAVAILABLE = "The service cannot answer right now. Please try again in a moment.";

export async function handler(event, context) {
  const started = performance.now();
  const callsBefore = callsMade();
  let reply;
  try {
    reply = await completeOrder(event);
  } catch (error) {
    reply = error instanceof Refusal ? refused(error) : fault(error);
  }
  log(context.awsRequestId, reply, performance.now() - started, callsMade() - callsBefore);
  count(reply);
  const headers = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-request-id": context.awsRequestId,
  };
  if (reply.status === 503) headers["retry-after"] = "2";
  return { statusCode: reply.status, headers, body: reply.body };
}

async function completeOrder(event) {
  const [request, errors] = read(event);
  const secret = (event.headers?.["x-panelr-api-key"] ?? "").trim();
  if (!secret) throw Refusal.unauthorized();
  const keyHash = createHash("sha256").update(secret).digest("hex");
  const found = await lookUp(keyHash, request);
  const key = found.key;
  if (!key || (key.revoked_at && new Date(key.revoked_at) <= new Date())) throw Refusal.unauthorized();
  if (!key.scopes.some((scope) => scope === "orders.write" || scope === "*")) {
    throw new Refusal(403, "forbidden", "This API key does not have the scope orders.write.");
  }
  if (errors) throw errors;

  const { uuid, kind } = orderUuid(key.name, request);
  let order;
  try {
    order = draft(request, found, key.name, uuid, kind);
  } catch (refusal) {
    // The catalogue may have changed since a copy of the request was accepted: that copy's order answers this one.
    const existing = refusal instanceof Refusal && kind ? await findOrder(uuid) : null;
    if (existing) return replayed(existing, request);
    throw refusal;
  }
  order.number = await takeNumber();
  order.change_ids = [randomUUID()];
  const existing = await createOrder(order);
  if (existing) {
    giveBackNumber(order.number);
    return replayed(existing, request);
  }
  // A message that cannot be sent is no reason to refuse: the sweep sends it.
  const send = sendOrder(order).then(() => null, (error) => error.name);
  const [, cause] = await Promise.all([pointToOrder(order), send]);
  return accepted(order, "accepted", cause);
}

async function replayed(existing, request) {
  if (!madeBy(existing, request)) {
    const sentence = `This order was sent before with other contents; it is work order ${referenceCode(existing)}.`;
    throw new Refusal(422, "already_used", sentence);
  }
  // The first request may have ended between the order and its pointer.
  await pointToOrder(existing);
  return accepted(existing, "replayed");
}

/** The request and the reason to refuse it: a caller is told that only once its key is known. */
function read(event) {
  const text = event.isBase64Encoded ? Buffer.from(event.body ?? "", "base64").toString("utf8") : (event.body ?? "");
  if (Buffer.byteLength(text) > MAX_BODY) {
    return [null, new Refusal(413, "too_large", "The body is larger than 256 KiB.")];
  }
  if (!text.trim()) {
    return [null, new Refusal(400, "malformed", "The request has no body; a JSON object is expected.")];
  }
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return [null, new Refusal(400, "malformed", "The body is not valid JSON.")];
  }
  if (body === null || typeof body !== "object" || Array.isArray(body)) {
    return [null, new Refusal(400, "malformed", "The body must be a JSON object.")];
  }
  try {
    return [readRequest(body, event.headers), null];
  } catch (error) {
    if (error instanceof Refusal) return [null, error];
    throw error;
  }
}

function accepted(order, outcome, cause = null) {
  const reference = referenceCode(order);
  const data = {
    work_order_id: order.number,
    reference_code: reference,
    status: "queued",
    type: "new_activation",
    item_count: order.cart.length,
  };
  const body = JSON.stringify({ success: true, data, error: null });
  return { status: 200, body, outcome, code: "ok", reference, cause };
}

function refused({ status, code, message, details }) {
  const body = { success: false, data: null, error: message };
  if (status !== 401) body.code = code;
  if (details) body.details = details;
  return { status, body: JSON.stringify(body), outcome: "refused", code };
}

function fault(error) {
  const body = JSON.stringify({ success: false, data: null, error: UNAVAILABLE, code: "unavailable" });
  // The name alone: messages may quote what was sent.
  return { status: 503, body, outcome: "fault", code: "unavailable", cause: error.name };
}

function log(requestId, { status, outcome, code, reference, cause }, ms, calls) {
  console.log(
    JSON.stringify({
      timestamp: new Date().toISOString(),
      level: cause ? "WARN" : "INFO",
      message: "request",
      request_id: requestId,
      action: "complete_order",
      status,
      outcome,
      code,
      reference,
      ms: Math.round(ms * 100) / 100,
      calls,
      ...(cause && { cause }),
    }),
  );
}

const METRICS = { accepted: "OrdersAccepted", replayed: "OrdersReplayed", refused: "OrdersRefused", fault: "Faults" };

/** A line in CloudWatch's embedded metric format. */
function count({ status, outcome, cause }) {
  const names = [METRICS[outcome]];
  if (status === 200 && cause) names.push("SendFailures");
  const metrics = names.map((name) => ({ Name: name, Unit: "Count" }));
  console.log(
    JSON.stringify({
      ...Object.fromEntries(names.map((name) => [name, [1]])),
      Function: "complete_order",
      _aws: {
        Timestamp: Date.now(),
        CloudWatchMetrics: [{ Namespace: "WorkOrders", Dimensions: [["Function"]], Metrics: metrics }],
      },
    }),
  );
}
