// Runs Auth0 scripts in a context that offers what Auth0's sandbox does and nothing else, and tells what they called back
// with and what they asked for. A list of cases comes as JSON on standard input, one result each goes to standard output.
//
// Each case has a server of its own between the script and the daemon: `replies` says what it does with the requests, the
// last one with all that follow: a reply to give, "forward" (to `upstream`), "reset", "silence" or "cut" (forwarded, and
// the answer is lost). Where there are none, nobody listens.
"use strict";
const http = require("node:http");
const net = require("node:net");
const vm = require("node:vm");

const read = async () => {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
};

async function forward(upstream, request, body) {
  const headers = { ...request.headers };
  delete headers.host;
  delete headers.connection;
  return new Promise((resolve, reject) => {
    const asked = http.request(upstream + request.url, { method: request.method, headers }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

async function serve(one, requests) {
  const replies = [...one.replies];
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    requests.push({ path: request.url, headers: request.headers, body: JSON.parse(body.toString()), at: Date.now() });
    const reply = replies.length > 1 ? replies.shift() : replies[0];
    if (reply === "reset") return request.socket.resetAndDestroy();
    if (reply === "silence") return;
    const given = reply === "forward" || reply === "cut" ? await forward(one.upstream, request, body) : reply;
    if (reply === "cut") return request.socket.resetAndDestroy();
    response.writeHead(given.status, given.headers);
    if (!given.half) return response.end(given.body);
    response.write(given.body, () => request.socket.resetAndDestroy());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

// A port on which nobody listens.
async function deadPort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// Auth0's error classes, which keep what they were made of.
class Kept extends Error {
  constructor(message, kept) {
    super(message);
    this.kept = kept;
  }
}
class WrongUsernameOrPasswordError extends Kept {
  constructor(...kept) {
    super(kept[1], kept);
  }
}
class ValidationError extends Kept {
  constructor(...kept) {
    super(kept[1], kept);
  }
}
class UnauthorizedError extends Kept {
  constructor(...kept) {
    super(kept[0], kept);
  }
}

function told(error) {
  if (error === null || error === undefined) return null;
  if (error instanceof Kept) return { kind: error.constructor.name, with: error.kept };
  return { kind: "Error", with: [String(error.message)] };
}

function sandbox(port, token, lines, more) {
  return vm.createContext({
    fetch, AbortSignal, setTimeout, clearTimeout,
    console: { log: (...words) => lines.push(words.join(" ")) },
    configuration: { IDSTORE_URL: `http://127.0.0.1:${port}`, IDSTORE_TOKEN: token },
    WrongUsernameOrPasswordError, ValidationError, UnauthorizedError,
    ...more,
  });
}

async function runScript(one, port, result) {
  // Where the ten seconds of a script are to be short.
  const impatient = { setTimeout: (work, ms) => setTimeout(work, ms === 10000 ? 300 : ms) };
  const context = sandbox(port, one.token, result.log, one.impatient ? impatient : {});
  const script = vm.runInContext(`(${one.script}\n)`, context);
  if (typeof script !== "function") throw new Error("the script is no function");
  const before = Object.keys(context).join();
  await new Promise((resolve) => {
    script(...one.args, (...calledBack) => {
      const [error, ...values] = calledBack;
      result.calls.push({ error: told(error), ...(values.length ? { result: values[0] } : {}) });
      resolve();
    });
  });
  result.globals = Object.keys(context).join() === before;
}

async function runAction(one, port, result) {
  const exports = {};
  const context = sandbox(port, one.token, result.log, { exports });
  vm.runInContext(one.script, context);
  const event = { ...one.event, secrets: { IDSTORE_URL: `http://127.0.0.1:${port}`, IDSTORE_TOKEN: one.token } };
  const denied = [];
  await exports.onExecutePostLogin(event, { access: { deny: (...why) => denied.push(why) } });
  result.denied = denied;
}

async function run(one) {
  const result = { calls: [], requests: [], log: [] };
  const began = Date.now();
  const server = one.replies.length ? await serve(one, result.requests) : null;
  const port = server ? server.address().port : await deadPort();
  await (one.event ? runAction : runScript)(one, port, result);
  result.ms = Date.now() - began;
  if (server) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  return result;
}

read().then(async (cases) => {
  // Many at once, for most of a case is waiting, and not so many that one waits for the others until its script gives up.
  // Results are told when nothing is left to run, so that a second call shows.
  const results = [];
  const left = cases.entries();
  const runLeft = async () => {
    for (const [number, one] of left) results[number] = await run(one);
  };
  await Promise.all(Array.from({ length: 64 }, runLeft));
  process.once("beforeExit", () => process.stdout.write(JSON.stringify(results)));
}).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
