// What the scripts and the Action may use: the language of Node 18, and what Auth0's sandbox offers.
const sandbox = {
  fetch: "readonly", AbortSignal: "readonly", setTimeout: "readonly", clearTimeout: "readonly", console: "readonly",
};
const errors = {
  configuration: "readonly",
  WrongUsernameOrPasswordError: "readonly", ValidationError: "readonly", UnauthorizedError: "readonly",
};
const rules = {
  "no-undef": "error", "no-unreachable": "error", "no-const-assign": "error", "no-redeclare": "error",
  "no-dupe-keys": "error", "no-implicit-globals": "off", "no-unsafe-finally": "error", "no-fallthrough": "error",
  "no-self-assign": "error", "use-isnan": "error", "valid-typeof": "error", "no-var": "error", "prefer-const": "error",
  eqeqeq: "error",
};
const languageOptions = (globals) => ({ ecmaVersion: 2022, sourceType: "script", globals });
module.exports = [
  { files: ["**/database-connections/**/*.js"], languageOptions: languageOptions({ ...sandbox, ...errors }), rules },
  { files: ["**/actions/**/*.js"], languageOptions: languageOptions({ ...sandbox, exports: "readonly" }), rules },
];
