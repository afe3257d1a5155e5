const mask = "********";

const scheme = "[a-z][a-z0-9+.-]*://";
// In running text an address ends at white space or a quote; a setting may be a list of addresses.
const addressInText = new RegExp(`(${scheme})((?:(?!,${scheme})[^\\s"'\`<>])*)`, "gi");
const addressInValue = new RegExp(`(${scheme})((?:(?!,${scheme})[^])*)`, "gi");

const secretName = "[^=&#?\\s]*(?:token|secret|pass|pwd|key|auth|sig|cred|jwt|session)[^=&#?\\s]*";
const secretParameter = new RegExp(`([?&;#]${secretName}=)[^&#;\\s"'\`<>]*`, "gi");

/**
 * The text with secrets in addresses masked: user and password (`nats://********@host`), and the values of parameters whose names say
 * that they are secret (`?token=********`). Masks rather too much than too little.
 */
export function maskSecrets(text: string): string {
  if (!text.includes("://")) return text;
  return text.replace(addressInText, toMasked);
}

/** The same for the whole value of a setting or flag, which may also be `user:password@host` without a scheme, or a list of either. */
export function maskSecretValue(value: string): string {
  if (value.includes("://")) return value.replace(addressInValue, toMasked);
  if (!value.includes("@")) return value;
  return value.replace(/(^|,)[^/,]*@/g, `$1${mask}@`);
}

function toMasked(_: string, begin: string, rest: string): string {
  const at = endOfUser(begin.toLowerCase(), rest);
  const shown = at < 0 ? rest : `${mask}@${rest.slice(at + 1)}`;
  return `${begin}${shown.replace(secretParameter, `$1${mask}`)}`;
}

/** Where the `@` after user and password is; -1 without. A password may hold characters that should have been encoded. */
function endOfUser(begin: string, rest: string): number {
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? "";
  const isWeb = begin === "http://" || begin === "https://";
  // An `@` in the path of a web address is no user's, unless what should be the port is none.
  const isHost = isWeb && /^(\[[^\]]*\]|[^:@]*)(:\d*)?$/.test(authority);
  return isHost ? -1 : isWeb && authority.includes("@") ? authority.lastIndexOf("@") : rest.lastIndexOf("@");
}
