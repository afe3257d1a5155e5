/** Beginnings and shapes of the tokens that providers issue: Replicate, OpenAI and others like it, Hugging Face, GitHub, AWS, Google, JWT. */
const tokens =
  /\b(r8_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|AKIA[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.|(?:Bearer|Basic|Token)\s+(?=\S*\d)[A-Za-z0-9+/_.=-]{20,})/;
const secretName =
  /^(?:.*[_-])?(?:token|secret|password|passwd|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|authorization|auth)$/i;

/** Whether a text has the shape of a token that providers issue. */
export function looksLikeSecret(text: string): boolean {
  return tokens.test(text);
}

/** Whether the value of a key of this name is a secret by its name: `token`, `apiKey`, `client_secret`. */
export function namesSecret(key: string): boolean {
  return secretName.test(key.replace(/([a-z0-9])([A-Z])/g, "$1_$2"));
}

/**
 * Finds the places in a value that hold a secret: texts in the shape of a token, and texts under a key that names one. Placeholders and keys of `tokenFile` and
 * `tokenHeader` are none.
 */
export function findSecrets(value: unknown, path = ""): string[] {
  if (typeof value === "string") return looksLikeSecret(value) ? [path] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const place = Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    const isNamed = typeof member === "string" && namesSecret(key) && !/^\{\{.*\}\}$/.test(member);
    return isNamed ? [place] : findSecrets(member, place);
  });
}
