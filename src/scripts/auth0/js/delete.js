function deleteUser(id, ...rest) {
  // @include exchange.js
  // @include outcome.js

  // The account goes, or is deactivated where the application knows such a state. One that is gone already is gone.
  const body = { user_id: ownId(id) };

  async function isGone() {
    const found = await send("get_user", body);
    return found.code === "user_not_found" || (aboutUser(found) && found.document.standing === "blocked");
  }

  conclude(async () => {
    const answer = await send("delete", body);
    if (uncertain(answer)) return (await isGone()) ? {} : failed(answer);
    if (!answer.ok) return refused(answer);
    return typeof answer.document.deleted === "boolean" ? {} : failed(answer);
  });
}
