function deleteUser(id, ...rest) {
  // Deletes the user in Auth0 alone: the store keeps the account, and whoever knows its password comes back with the
  // next sign-in. That is what `--delete auth0-only` asks for.
  const callback = rest.pop();
  callback(null);
}
