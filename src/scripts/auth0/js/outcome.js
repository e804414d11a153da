// How a script ends: one call of the callback, and what of an answer the user is shown; the same in every script.

const endpoint = { url: configuration.IDSTORE_URL, token: configuration.IDSTORE_TOKEN };
// The callback is always last; where the connection passes a context, that comes before it.
const callback = rest.pop();
const last = rest.pop();
const context = last !== null && typeof last === "object" ? last : {};
let finished = false;
const guard = setTimeout(() => finish(failed({ code: "out_of_time", reference })), GUARD_MS);

// The body, with the organization of the sign-in or sign-up where Auth0 passes one: the daemon compares it with the user's.
function inOrganization(body) {
  const organization = context.organization;
  if (!organization) return body;
  const named = {};
  for (const name of ["id", "name", "metadata"]) {
    if (organization[name]) named[name] = organization[name];
  }
  return { ...body, context: { organization: named } };
}

function finish(outcome) {
  if (finished) return;
  finished = true;
  clearTimeout(guard);
  if (outcome.error) callback(outcome.error);
  else if (outcome.result === undefined) callback(null);
  else callback(null, outcome.result);
}

// Runs the script's work, which answers an outcome: {}, { result } or { error }.
function conclude(work) {
  work()
    .catch(() => failed({ code: "script_failed", reference }))
    .then(finish);
}

// A text of the messages; the daemon's own sentence where the messages leave it to the daemon.
function text(key, answer) {
  const { detail, reason } = answer.document || {};
  const own = key === "password" ? settings.messages[`password_${reason}`] : settings.messages[key];
  const minutes = Number.isFinite(answer.retryAfter) ? Math.max(1, Math.ceil(answer.retryAfter / 60)) : 1;
  return String(own || detail || settings.messages.unavailable).replace("{minutes}", minutes);
}

// For whoever signs in. A login page that shows no text of an UnauthorizedError shows that of a ValidationError.
function shown(code, message) {
  return { error: settings.show === "ValidationError" ? new ValidationError(code, message) : new UnauthorizedError(message) };
}

// What is broken: never "wrong password", never "no such user". The code and the reference lead to the daemon's log.
function failed(answer, key) {
  return { error: new Error(`${text(key || "unavailable", answer)} (${answer.code}, ref ${answer.reference})`) };
}

// What a refusal is told as: the table's word for its code. `identifierValue` is for `wrong` alone.
function refused(answer, identifierValue) {
  const [word, first, second] = verdict(answer);
  const { user_id: userId, field } = answer.document;
  switch (word) {
    case "wrong":
      return { error: new WrongUsernameOrPasswordError(userId === undefined ? identifierValue : userId) };
    case "show":
      return shown(answer.code, text(first, answer));
    case "reject":
      return { error: new ValidationError(first, text(second, answer)) };
    case "exists":
      return { error: field === "username" ? new ValidationError("username_exists", text("username_exists", answer)) : new ValidationError("user_exists", text("user_exists", answer)) };
    case "nobody":
      return {};
    case "unchanged":
      return { result: false };
    default:
      return failed(answer, word === "error" ? first : undefined);
  }
}

// The store may have changed, and nobody knows: the daemon says so, or no answer came to a request that may have left.
function uncertain(answer) {
  return answer.code === "outcome_unknown" || (answer.code === "no_answer" && answer.left);
}

// The profile as Auth0 keeps it.
function profile(answer) {
  const user = {};
  for (const [name, value] of Object.entries(answer.document.user)) {
    if (value !== null) user[name === "app_metadata" ? settings.metadata_key : name] = value;
  }
  return { result: user };
}
