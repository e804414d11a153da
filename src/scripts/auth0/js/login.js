function login(identifierValue, password, ...rest) {
  // @include exchange.js
  // @include outcome.js

  // Is the password right, and who is it?
  const body = { identifier: identifierValue, password };
  const organization = context.organization;
  if (organization) {
    body.context = { organization: {} };
    for (const name of ["id", "name", "metadata"]) {
      if (organization[name]) body.context.organization[name] = organization[name];
    }
  }
  conclude(async () => {
    const answer = await ask("login", body);
    if (!answer.ok) return refused(answer, identifierValue);
    if (!aboutUser(answer) || answer.document.standing !== "ok") return failed(answer);
    return profile(answer);
  });
}
