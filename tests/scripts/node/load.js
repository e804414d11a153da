// Loads a folder or a YAML file as `a0deploy import` does, without a tenant, and writes down what would be deployed.
// load.js NODE_MODULES FOLDER-OR-YAML LOADED.json
"use strict";
const fs = require("node:fs");
const [, , modules, input, loaded] = process.argv;
const { setupContext } = require(`${modules}/auth0-deploy-cli/lib/context`);

const config = {
  AUTH0_INPUT_FILE: input,
  AUTH0_DOMAIN: "tenant.example.invalid",
  AUTH0_ACCESS_TOKEN: "unused",
  AUTH0_KEYWORD_REPLACE_MAPPINGS: { IDSTORE_TOKEN: "token-of-the-deployment" },
  AUTH0_INCLUDED_ONLY: ["databases", "actions"],
  AUTH0_ALLOW_DELETE: false,
};

(async () => {
  const context = await setupContext(config, "import");
  await context.loadAssetsFromLocal();
  const { databases, actions } = context.assets;
  fs.writeFileSync(loaded, JSON.stringify({ databases, actions }));
})().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
