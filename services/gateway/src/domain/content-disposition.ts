/**
 * Returns the `Content-Disposition` of a file (RFC 6266): the name as a quoted string with `_` for every character outside of ASCII or with a meaning
 * there, and as `filename*` (RFC 8187) if that has changed it. Directories are cut off.
 */
export function toContentDisposition(type: "inline" | "attachment", name: string): string {
  const base = name.replace(/^.*[\\/]/s, "").slice(0, 255) || "picture";
  const plain = base.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  const extended = plain === base ? "" : `; filename*=UTF-8''${encodeExtended(base)}`;
  return `${type}; filename="${plain}"${extended}`;
}

/** Encodes all but the `attr-char` of RFC 8187 by percents. Lone surrogates become U+FFFD. */
function encodeExtended(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
