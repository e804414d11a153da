function getUser(identifierValue, ...rest) {
  // The migration is over: the store is not asked any more.
  const callback = rest.pop();
  callback(null, null);
}
