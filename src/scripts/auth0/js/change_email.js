function changeEmail(email, newEmail, verified, ...rest) {
  // @include exchange.js
  // @include outcome.js

  // Another address, or another state of the same one. The dashboard deletes this script when it saves another one:
  // deploy the connection again after that.
  conclude(async () => {
    const answer = await send("change_email", { email, new_email: newEmail, verified: verified === true });
    if (!answer.ok) return refused(answer);
    return aboutUser(answer) ? { result: true } : failed(answer);
  });
}
