exports.onExecutePostLogin = async (event, api) => {
  // Runs at every sign-in, silent sign-in and token refresh. No script of the connection runs during a live session:
  // this is what ends one whose account was blocked or deleted, or whose user left the organization.
  const endpoint = { url: event.secrets.IDSTORE_URL, token: event.secrets.IDSTORE_TOKEN };
  // @include exchange.js

  if (!event.connection || event.connection.name !== settings.auth0_connection) return;
  // The account of this connection; a user with linked identities may have another one as the first.
  const identities = event.user.identities || [];
  const identity = identities.find((one) => one.connection === event.connection.name);
  const id = identity ? identity.user_id : event.user.user_id;

  const answer = await ask("get_user", { user_id: ownId(id) });
  const [word] = verdict(answer);
  if (aboutUser(answer)) {
    const standing = answer.document.standing;
    if (standing !== "ok") {
      const key = Object.hasOwn(settings.standings, standing) ? settings.standings[standing] : "unavailable";
      api.access.deny(settings.messages[key]);
    } else if (!isMember(answer.document.user)) {
      api.access.deny(settings.messages.organization_denied);
    }
  } else if (word === "nobody") {
    api.access.deny(settings.messages.blocked);
  } else if (settings.fail === "closed") {
    api.access.deny(`${settings.messages.unavailable} (${answer.code}, ref ${answer.reference})`);
  }

  // Whether the organization of this sign-in is one of the user's, where the store says which those are.
  function isMember(user) {
    if (settings.organizations === "off") return true;
    if (!event.organization) return !settings.organization_required;
    const own = (user.app_metadata && user.app_metadata.organizations) || [];
    return Array.isArray(own) && own.includes(event.organization[settings.organizations]);
  }
};
