// Holds what the deploy tool loaded against the files that were written: compare.js LOADED.json OUT CONNECTION
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");

const [, , loaded, out, connection] = process.argv;
const { databases, actions } = JSON.parse(fs.readFileSync(loaded, "utf8"));
assert.equal(databases.length, 1);
const [{ name, strategy, options }] = databases;
assert.equal(name, connection);
assert.equal(strategy, "auth0");
assert.equal(options.configuration.IDSTORE_TOKEN, "token-of-the-deployment");
const folder = path.join(out, "database-connections", connection);
const written = fs.readdirSync(folder).filter((file) => file.endsWith(".js")).map((file) => file.slice(0, -3)).sort();
assert.deepEqual(Object.keys(options.customScripts).sort(), written);
for (const [key, script] of Object.entries(options.customScripts)) {
  assert.equal(script, fs.readFileSync(path.join(folder, `${key}.js`), "utf8"), `${key} is not its file's text`);
  assert.match(script, /^function /, `${key} is a path`);
}
// A connection that users are moved away from has no Action.
const ownActions = actions || [];
assert.equal(ownActions.length, fs.existsSync(path.join(out, "actions")) ? 1 : 0);
for (const action of ownActions) {
  assert.equal(action.code, fs.readFileSync(path.join(out, "actions", action.name, "code.js"), "utf8"));
  assert.deepEqual(action.secrets.map((secret) => secret.name), ["IDSTORE_URL", "IDSTORE_TOKEN"]);
  assert.equal(action.secrets[1].value, "token-of-the-deployment");
}
