function login(identifierValue, password, ...rest) {
  // The migration is over: whoever is not in Auth0 yet does not come any more. The connection's import stays on, for
  // without it Auth0 would ask this script for everybody.
  const callback = rest.pop();
  callback(null, null);
}
