/** A failure as S3 answers it: HTTP status, code and text. */
export class S3Failure extends Error {
  override readonly name = "S3Failure";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Escapes text for XML. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => escapes[c] ?? c);
}

/** Writes an XML element from children that are written already, or from a text or number. */
export function element(
  name: string,
  ...content: (string | number | { readonly xml: string })[]
): {
  readonly xml: string;
} {
  const inner = content.map((part) => (typeof part === "object" ? part.xml : escapeXml(String(part)))).join("");
  return { xml: `<${name}>${inner}</${name}>` };
}

/** Returns the XML document of an element. */
export function toDocument({ xml }: { readonly xml: string }): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${xml}`;
}

/** Returns the XML document of a failure. */
export function toFailureDocument({ code, message }: S3Failure): string {
  return toDocument(element("Error", element("Code", code), element("Message", message)));
}
