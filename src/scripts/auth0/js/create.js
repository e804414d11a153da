function create(user, ...rest) {
  // @include exchange.js
  // @include outcome.js

  // Makes an account of these members of what Auth0 sends, and of nothing else.
  const COPIED = [
    "email", "username", "phone_number", "password",
    "name", "given_name", "family_name", "nickname", "picture",
    "user_metadata", "app_metadata",
  ];
  const body = inOrganization({});
  for (const name of COPIED) {
    if (user[name] !== undefined && user[name] !== null) body[name] = user[name];
  }
  // Who signs up with a passkey has no password: the account gets one that nobody knows.
  if (settings.passkeys && body.password === undefined) body.invite = true;

  // Whether the account is there after all. Auth0's own sign-in, which follows, proves the password.
  async function look() {
    const kind = ["email", "username", "phone_number"].find((name) => body[name] !== undefined);
    await pause(500);
    return send("get_user", { [kind]: body[kind] });
  }

  conclude(async () => {
    let answer = await send("create", body);
    if (uncertain(answer)) {
      const found = await look();
      if (!aboutUser(found)) return failed(answer);
      answer = found;
    }
    if (!answer.ok) return refused(answer);
    if (!aboutUser(answer)) return failed(answer);
    return settings.passkeys ? profile(answer) : {};
  });
}
