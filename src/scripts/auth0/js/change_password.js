function changePassword(identifierValue, newPassword, ...rest) {
  // @include exchange.js
  // @include outcome.js

  // Another password. Never sent twice: the second could be refused as the one that is in use.
  const body = { identifier: identifierValue, new_password: newPassword };
  // The mail with the link went to the address on file, so whoever followed it has proven that address.
  if (settings.reset_verifies_email) body.email_verified = true;
  conclude(async () => {
    const answer = await send("change_password", body);
    if (uncertain(answer)) return failed(answer, "not_certain");
    if (!answer.ok) return refused(answer);
    const changedAt = Date.parse(answer.document.changed_at);
    if (!aboutUser(answer) || Number.isNaN(changedAt)) return failed(answer);
    const result = { last_password_reset: changedAt };
    if (settings.reset_verifies_email) result.email_verified = true;
    return { result };
  });
}
