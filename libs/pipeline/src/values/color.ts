/** A colour as lower-case `#rrggbb`, or `#rrggbbaa` if alpha is allowed and not opaque; undefined for anything else. */
export function canonicalColor(text: string, allowAlpha: boolean): string | undefined {
  const color = text.toLowerCase();
  if (/^#[0-9a-f]{6}$/.test(color)) return color;
  if (!allowAlpha || !/^#[0-9a-f]{8}$/.test(color)) return undefined;
  return color.endsWith("ff") ? color.slice(0, 7) : color;
}
