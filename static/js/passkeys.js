// Passkeys (WebAuthn). A form with `data-passkey` fetches a challenge from `data-challenge`, has the browser answer it,
// by `create` or `get`, and sends the answer in its field `credential`. Its elements with `data-when` say what went
// wrong. A form without one for `impossible` is hidden where passkeys are.

const FAILED = "failed";
const IMPOSSIBLE = "impossible";

/** Return the bytes of a text in base64url. */
function bytes(text) {
  const padded = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0));
}

/** Return bytes as a text in base64url. */
function text(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Return the options that `navigator.credentials` takes, from a challenge in JSON. */
function options({ publicKey }) {
  const withBytes = (list) => list?.map((credential) => ({ ...credential, id: bytes(credential.id) }));
  return {
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      user: publicKey.user && { ...publicKey.user, id: bytes(publicKey.user.id) },
      excludeCredentials: withBytes(publicKey.excludeCredentials),
      allowCredentials: withBytes(publicKey.allowCredentials),
    },
  };
}

/** Return a browser's answer as JSON: `toJSON` of WebAuthn level 3, which not every browser in use has. */
function answer(credential) {
  const { id, rawId, type, response } = credential;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const given = parts.filter((part) => response[part]);
  return JSON.stringify({
    id,
    rawId: text(rawId),
    type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: Object.fromEntries(given.map((part) => [part, text(response[part])])),
  });
}

/** Show the words for one state of a form, or none. */
function say(form, state) {
  for (const words of form.querySelectorAll("[data-when]")) words.hidden = words.dataset.when !== state;
}

async function send(form) {
  say(form, "");
  const { challenge, passkey } = form.dataset;
  const body = new URLSearchParams({ csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
  try {
    const response = await fetch(challenge, { method: "POST", body, redirect: "error" });
    if (!response.ok) throw new Error(`${response.status}`);
    form.elements.credential.value = answer(await navigator.credentials[passkey](options(await response.json())));
  } catch {
    say(form, FAILED); // people cancel, devices time out, sessions end: all can try again
    return;
  }
  form.submit();
}

for (const form of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential || !window.isSecureContext) {
    say(form, IMPOSSIBLE);
    for (const element of form.querySelectorAll(".scripted")) element.hidden = true;
    form.hidden = !form.querySelector(`[data-when=${IMPOSSIBLE}]`);
    continue;
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}
