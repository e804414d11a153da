// What the daemon is asked, and what comes back; the same in every script. It decides nothing. It needs `endpoint` from
// the script around it, and fetch and AbortSignal from Auth0's sandbox.

const settings = /* @settings */ {};
// The whole script has 10 s of Auth0's 20; a second attempt begins only in the first 4.
const GUARD_MS = 10000;
const SECOND_ATTEMPT_MS = 4000;
const began = Date.now();
const reference = Array.from({ length: 16 }, () => Math.floor(Math.random() * 16).toString(16)).join("");

function used() {
  return Date.now() - began;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// Errors of fetch before the request was on its way: the daemon can't have done anything.
function neverLeft(error) {
  const code = String((error && error.cause && error.cause.code) || "");
  return /^(ECONNREFUSED|ENOTFOUND|EAI_|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT|CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code);
}

// One request. `ok`: the document is the daemon's answer; else `code` says why not, and only a problem document of the
// daemon has a code of the daemon: a status alone may come from anything between here and there. `heard`: something
// came back. `left`: the daemon may have got the request.
async function send(action, body) {
  const answer = { ok: false, code: "no_answer", document: {}, heard: false, left: true, retryAfter: Infinity, reference };
  const sent = Date.now();
  try {
    const response = await fetch(`${endpoint.url}/v1/${settings.connection}/${action}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${endpoint.token}`,
        "content-type": "application/json",
        accept: "application/json, application/problem+json",
        "user-agent": "idstore-auth0-scripts/1",
        "x-request-id": reference,
      },
      body: JSON.stringify(body),
      redirect: "error",
      signal: AbortSignal.timeout(Math.min(settings.attempt_ms, Math.max(GUARD_MS - 500 - used(), 1))),
    });
    answer.heard = true;
    understand(answer, response, await response.text());
  } catch (error) {
    answer.left = answer.heard || !neverLeft(error);
  }
  if (!answer.ok) console.log(`idstore ${action}: ${answer.code} (ref ${answer.reference}), ${Date.now() - sent} ms`);
  return answer;
}

function understand(answer, response, text) {
  answer.code = "not_understood";
  const type = (response.headers.get("content-type") || "").split(";")[0].trim().toLowerCase();
  let document = null;
  try {
    document = JSON.parse(text);
  } catch {
    return;
  }
  if (document === null || typeof document !== "object") return;
  if (response.ok && type === "application/json") {
    Object.assign(answer, { ok: true, code: "ok", document });
  } else if (!response.ok && type === "application/problem+json" && typeof document.code === "string") {
    Object.assign(answer, { code: document.code, document });
    if (typeof document.request_id === "string") answer.reference = document.request_id;
    const retryAfter = response.headers.get("retry-after");
    if (/^\d{1,6}$/.test(retryAfter || "")) answer.retryAfter = Number(retryAfter);
  }
}

// Whether the answer is one about a user; one that is not is none of the daemon's.
function aboutUser(answer) {
  const user = answer.document.user;
  return answer.ok && Boolean(user) && typeof user.user_id === "string" && user.user_id !== "";
}

// A question that changes nothing is asked a second time when nothing was heard, or when the daemon asks for that.
async function ask(action, body) {
  const first = await send(action, body);
  const lost = first.code === "no_answer" && !first.heard;
  const busy = verdict(first)[0] === "again" && first.retryAfter <= 1;
  if (!settings.repeat || !(lost || busy) || used() >= SECOND_ATTEMPT_MS) return first;
  if (busy) await pause(first.retryAfter * 1000);
  return send(action, body);
}

// What this script does with a refusal, as words. What is not in the table is an error.
function verdict(answer) {
  return (Object.hasOwn(settings.answers, answer.code) ? settings.answers[answer.code] : "error").split(" ");
}

// Auth0 writes `auth0|` before the ids of its own users, and the daemon does not.
function ownId(id) {
  return String(id).replace(/^auth0\|/, "");
}
