function changeUsername(identifierValue, newUsername, ...rest) {
  // @include exchange.js
  // @include outcome.js

  // Another user name. What arguments Auth0 passes is not documented: this takes the two that it needs.
  conclude(async () => {
    const answer = await send("change_username", { identifier: identifierValue, new_username: newUsername });
    if (!answer.ok) return refused(answer);
    return aboutUser(answer) ? { result: true } : failed(answer);
  });
}
