// Shoppex's own JavaScript SDK against the local service: node shoppex.mjs BASE_URL KEY
import assert from "node:assert/strict";
import { ShoppexApiError, ShoppexClient } from "@shoppexio/sdk";

const [baseUrl, apiKey] = process.argv.slice(2);
const client = new ShoppexClient({ baseUrl, apiKey });

/** An order that waits, made as the Panelr plugin makes it. */
async function pending(wcOrderId) {
  const reply = await fetch(`${baseUrl}/api/api.php?action=create_work_order`, {
    method: "POST",
    headers: { "X-Panelr-API-Key": apiKey, "Content-Type": "application/json" },
    body: JSON.stringify({
      customer_email: "john@example.com",
      status: "pending",
      payment_method_id: 1,
      wc_order_id: wcOrderId,
      items: [{ product_id: 1, intent: "new_activation" }],
    }),
  });
  return (await reply.json()).data.reference_code;
}

async function refusal(call) {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof ShoppexApiError, String(error));
    return error;
  }
  assert.fail("it was not refused");
}

const run = Date.now();
const [first, second, third] = [await pending(`js-${run}-1`), await pending(`js-${run}-2`), await pending(`js-${run}-3`)];

const completed = await client.orders.complete(first, { note: "Completed by external gateway" });
assert.equal(completed.data.status, "COMPLETED");
assert.equal(completed.data.payment_status, "COMPLETED");

const again = await refusal(() => client.orders.complete(first));
assert.equal(again.status, 422);
assert.equal(again.code, "VALIDATION_ERROR");
assert.equal(again.docUrl, "https://docs.shoppex.io/api/errors#VALIDATION_ERROR");
assert.ok(again.requestId, "a request id to quote");

const one = await client.orders.get(first);
assert.equal(one.data.id, first);
assert.equal(one.data.total, 9.99);

const options = { idempotencyKey: `complete-${run}` };
const replayed = [
  await client.orders.complete(second, { note: "n" }, options),
  await client.orders.complete(second, { note: "n" }, options),
];
assert.deepEqual(replayed.map((reply) => reply.data.status), ["COMPLETED", "COMPLETED"]);
assert.equal((await refusal(() => client.orders.complete(third, { note: "n" }, options))).status, 422);

const uniqid = (await client.orders.get(third)).data.uniqid;
assert.equal((await client.invoices.complete(uniqid)).data.id, third);

const page = await client.orders.list({ limit: 2 });
assert.deepEqual(page.data.map((order) => order.id), [third, second]);
assert.equal(page.pagination.has_more, true);
const all = [];
for await (const order of client.orders.iterateAll({ limit: 2 })) all.push(order.id);
assert.deepEqual(all.slice(0, 3), [third, second, first]);

assert.equal((await refusal(() => client.orders.get("a/b c"))).code, "NOT_FOUND");
const stranger = new ShoppexClient({ baseUrl, apiKey: "nobody's" });
assert.equal((await refusal(() => stranger.orders.list())).code, "UNAUTHORIZED");
console.log("JavaScript SDK: ok");
