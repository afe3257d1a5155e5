/**
 * Headers of every response. The policy allows what the console needs from the gateway itself and nothing else: no inline script or style, no
 * frames, no outside resources. Pictures may be `blob:` and `data:`, because the console shows pictures that it holds.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
};
