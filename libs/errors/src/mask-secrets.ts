const mask = "********";

const scheme = "[a-z][a-z0-9+.-]*://";
// In running text an address ends at white space or a quote; a setting may be a list of addresses.
const addressInText = new RegExp(`(${scheme})((?:(?!,${scheme})[^\\s"'\`<>])*)`, "gi");
const addressInValue = new RegExp(`(${scheme})((?:(?!,${scheme})[^])*)`, "gi");

const secretName = "[^=&#?\\s]*(?:token|secret|pass|pwd|key|auth|sig|cred|jwt|session)[^=&#?\\s]*";
const secretParameter = new RegExp(`([?&;#]${secretName}=)[^&#;\\s"'\`<>]*`, "gi");

/**
 * Masks the secrets in the addresses of a text: user and password (`nats://********@host`), and the values of parameters with secret
 * names (`?token=********`). In doubt it masks too much.
 */
export function maskSecrets(text: string): string {
  if (!text.includes("://")) return text;
  return text.replace(addressInText, toMasked);
}

/** Masks the secrets in the whole value of a setting or flag: an address, `user:password@host` without a scheme, or a list of either. */
export function maskSecretValue(value: string): string {
  if (value.includes("://")) return value.replace(addressInValue, toMasked);
  if (!value.includes("@")) return value;
  // Without a user before it, as in `@photo.jpg`, an `@` hides nothing.
  return value.replace(/(^|,)[^/,]+@/g, `$1${mask}@`);
}

function toMasked(_: string, begin: string, rest: string): string {
  const at = endOfUser(begin.toLowerCase(), rest);
  const shown = at < 0 ? rest : `${mask}@${rest.slice(at + 1)}`;
  return `${begin}${shown.replace(secretParameter, `$1${mask}`)}`;
}

/** Returns the index of the `@` after user and password; -1 without one. A password may hold characters that should be encoded. */
function endOfUser(begin: string, rest: string): number {
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? "";
  const isWeb = begin === "http://" || begin === "https://";
  // An `@` in the path of a web address ends no user, unless the text after the colon is not a port.
  const isHost = isWeb && /^(\[[^\]]*\]|[^:@]*)(:\d*)?$/.test(authority);
  return isHost ? -1 : isWeb && authority.includes("@") ? authority.lastIndexOf("@") : rest.lastIndexOf("@");
}
