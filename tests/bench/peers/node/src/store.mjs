// The table and the queue. Clients are made once, outside the handler, so that invocations share their connections.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { BatchGetCommand, DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { unmarshall } from "@aws-sdk/util-dynamodb";

const { TABLE_NAME, QUEUE_URL } = process.env;
const config = { maxAttempts: 3, requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000 } };
const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient(config));
const sqs = new SQSClient(config);

let calls = 0;
for (const client of [dynamodb, sqs]) {
  client.middlewareStack.add(
    (next) => (args) => {
      calls += 1;
      return next(args);
    },
    { step: "finalizeRequest", name: "countCalls", priority: "low" },
  );
}

/** AWS calls of this environment so far, attempts that were repeated included. */
export function callsMade() {
  return calls;
}

// A revoked key is to be refused within 60 seconds.
const KEEP_MS = 45_000;
const cache = new Map();

/** What a request names, in one consistent read: its key, its payment method, its products. Known items are not read. */
export async function lookUp(keyHash, request) {
  const now = Date.now();
  const keyName = { pk: `key#${keyHash}`, sk: "key" };
  const methodName = request && { pk: "catalogue", sk: `method#${request.paymentMethodId}` };
  const productIds = request ? [...new Set(request.items.map((item) => item.productId))] : [];
  const productName = (id) => ({ pk: "catalogue", sk: `product#${id}` });
  const names = [keyName, ...(methodName ? [methodName] : []), ...productIds.map(productName)];
  const known = (name) => {
    const entry = cache.get(`${name.pk} ${name.sk}`);
    return entry && now - entry.at < KEEP_MS ? entry.item : undefined;
  };
  const read = new Map();
  let keys = names.filter((name) => !known(name));
  for (let attempt = 1; keys.length; attempt += 1) {
    const answer = await dynamodb.send(
      new BatchGetCommand({ RequestItems: { [TABLE_NAME]: { Keys: keys, ConsistentRead: true } } }),
    );
    for (const item of answer.Responses?.[TABLE_NAME] ?? []) {
      read.set(`${item.pk} ${item.sk}`, item);
      cache.set(`${item.pk} ${item.sk}`, { at: now, item });
    }
    keys = answer.UnprocessedKeys?.[TABLE_NAME]?.Keys ?? [];
    if (keys.length && attempt === 5) throw new Error("keys were left unprocessed");
    if (keys.length) await new Promise((resolve) => setTimeout(resolve, 25 * 2 ** attempt));
  }
  const find = (name) => read.get(`${name.pk} ${name.sk}`) ?? known(name);
  return {
    key: find(keyName),
    method: methodName && find(methodName),
    products: new Map(productIds.map((id) => [id, find(productName(id))])),
  };
}

// Numbers are leased in blocks that grow with the pace, so that a busy counter stays cool and a quiet one dense.
const FAST_MS = 30_000;
const SLOW_MS = 120_000;
const MAX_BLOCK = 256;
const lease = { free: [], block: 0, at: 0 };

export async function takeNumber() {
  const now = Date.now();
  const lasted = now - lease.at;
  // An order made now under a number of long ago would stand far down a list that is newest first by number.
  if (lasted > SLOW_MS) lease.free = [];
  if (!lease.free.length) {
    const paced = lasted <= FAST_MS ? lease.block * 2 : lasted > SLOW_MS ? Math.floor(lease.block / 2) : lease.block;
    const block = Math.min(Math.max(paced, 1), MAX_BLOCK);
    const answer = await dynamodb.send(
      new UpdateCommand({
        TableName: TABLE_NAME,
        Key: { pk: "sequence", sk: "work_order" },
        UpdateExpression: "SET #next = if_not_exists(#next, :first) + :block, #first = if_not_exists(#first, :first)",
        ExpressionAttributeNames: { "#next": "next", "#first": "first" },
        ExpressionAttributeValues: { ":first": 1, ":block": block },
        ReturnValues: "UPDATED_NEW",
      }),
    );
    const end = answer.Attributes.next;
    lease.free = Array.from({ length: block }, (_, index) => end - block + index);
    lease.block = block;
    lease.at = now;
  }
  return lease.free.shift();
}

export function giveBackNumber(number) {
  lease.free.unshift(number);
}

/** Stores the order if there is none of its uuid; returns the one that is there otherwise. */
export async function createOrder(order) {
  const item = {
    ...order,
    pk: `order#${order.uuid}`,
    sk: "order",
    customer_key: order.customer.email.toLowerCase(),
    open_key: `${order.status}#${parseInt(order.uuid.slice(-2), 16) % 32}`,
  };
  const put = new PutCommand({
    TableName: TABLE_NAME,
    Item: stated(item),
    ConditionExpression: "attribute_not_exists(#pk)",
    ExpressionAttributeNames: { "#pk": "pk" },
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  });
  try {
    await dynamodb.send(put);
    return null;
  } catch (error) {
    if (error.name !== "ConditionalCheckFailedException" || !error.Item) throw error;
    const existing = unmarshall(error.Item);
    // The SDK's first attempt may have taken effect although its answer was lost.
    const own = existing.change_ids.includes(order.change_ids[0]) || existing.number === order.number;
    return own ? null : existing;
  }
}

/** What is stated: nothing is stored that is null or undefined. */
function stated(value) {
  if (Array.isArray(value)) return value.map(stated);
  if (value == null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner != null);
  return Object.fromEntries(entries.map(([name, inner]) => [name, stated(inner)]));
}

/** The order of this uuid, as of now. */
export async function findOrder(uuid) {
  const key = { pk: `order#${uuid}`, sk: "order" };
  const answer = await dynamodb.send(new GetCommand({ TableName: TABLE_NAME, Key: key, ConsistentRead: true }));
  return answer.Item ?? null;
}

/** From the order's number to the order. */
export async function pointToOrder(order) {
  const item = { pk: `number#${order.number}`, sk: "order", order: order.uuid };
  await dynamodb.send(new PutCommand({ TableName: TABLE_NAME, Item: item }));
}

/** Tells the queue that the order is to be provisioned. */
export async function sendOrder(order) {
  const body = JSON.stringify({ order: order.uuid, number: order.number });
  await sqs.send(new SendMessageCommand({ QueueUrl: QUEUE_URL, MessageBody: body }));
}
