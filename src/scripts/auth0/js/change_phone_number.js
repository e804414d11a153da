function changePhoneNumber(identifierValue, newPhoneNumber, ...rest) {
  // Whether the number is proven comes before the context and the callback, if it comes at all: what arguments Auth0
  // passes is not documented.
  const verified = typeof rest[0] === "boolean" && rest.shift();
  // @include exchange.js
  // @include outcome.js

  conclude(async () => {
    const body = { identifier: identifierValue, new_phone_number: newPhoneNumber, verified };
    const answer = await send("change_phone_number", body);
    if (!answer.ok) return refused(answer);
    return aboutUser(answer) ? { result: true } : failed(answer);
  });
}
