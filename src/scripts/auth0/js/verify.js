function verify(email, ...rest) {
  // @include exchange.js
  // @include outcome.js

  // The address is proven. Saying so twice is no error, so what is uncertain is sent once more.
  conclude(async () => {
    let answer = await send("verify", { email });
    if (uncertain(answer)) answer = await send("verify", { email });
    if (!answer.ok) return refused(answer);
    if (!aboutUser(answer) || answer.document.email_verified !== true) return failed(answer);
    if (settings.verify_returns === "true") return { result: true };
    const user = answer.document.user;
    return { result: { user_id: user.user_id, email: user.email, email_verified: true } };
  });
}
