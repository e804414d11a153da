function login(identifierValue, password, ...rest) {
  // @include exchange.js
  // @include outcome.js

  // Is the password right, and who is it?
  const body = inOrganization({ identifier: identifierValue, password });
  conclude(async () => {
    const answer = await ask("login", body);
    if (!answer.ok) return refused(answer, identifierValue);
    if (!aboutUser(answer) || answer.document.standing !== "ok") return failed(answer);
    return profile(answer);
  });
}
