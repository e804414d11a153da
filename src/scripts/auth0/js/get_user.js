function getUser(identifierValue, ...rest) {
  // @include exchange.js
  // @include outcome.js

  // Who is it? Auth0 asks before a sign-up (must nobody be found), before a reset (somebody must), and, with the id of
  // a passkey, at a sign-in: then whoever is barred is turned away here, for no password is asked for.
  const byId = context.identifierType === "user_id";
  conclude(async () => {
    const answer = await ask("get_user", byId ? { user_id: ownId(identifierValue) } : { identifier: identifierValue });
    if (!answer.ok) return refused(answer);
    if (!aboutUser(answer)) return failed(answer);
    const standing = answer.document.standing;
    if (!byId || standing === "ok") return profile(answer);
    return Object.hasOwn(settings.standings, standing)
      ? shown(`user_${standing}`, text(settings.standings[standing], answer))
      : failed(answer);
  });
}
