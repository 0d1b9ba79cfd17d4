// Lambda's runtime API, as the managed runtime's own loop asks it: aws-lambda-ric has to be compiled with CMake, which a
// comparison should not need. Usage: node runtime.mjs FILE, whose `handler` is called.
import http from "node:http";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body) {
  return new Promise((done, fail) => {
    const headers = body === undefined ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    const request = http.request({ host, port, agent, method, path: `/2018-06-01/runtime${path}`, headers }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", fail);
      response.on("end", () => done({ headers: response.headers, body: Buffer.concat(chunks).toString("utf8") }));
    });
    request.on("error", fail);
    request.end(body);
  });
}

function described(error) {
  return JSON.stringify({ errorType: error?.name ?? "Error", errorMessage: String(error?.message ?? error), trace: [] });
}

let handler;
try {
  ({ handler } = await import(pathToFileURL(resolve(process.argv[2]))));
} catch (error) {
  console.error(error);
  await call("POST", "/init/error", described(error));
  process.exit(1);
}

for (;;) {
  const { headers, body } = await call("GET", "/invocation/next");
  const id = headers["lambda-runtime-aws-request-id"];
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const context = { awsRequestId: id, getRemainingTimeInMillis: () => deadline - Date.now() };
  process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
  try {
    const reply = await handler(JSON.parse(body), context);
    await call("POST", `/invocation/${id}/response`, JSON.stringify(reply ?? null));
  } catch (error) {
    await call("POST", `/invocation/${id}/error`, described(error));
  }
}
