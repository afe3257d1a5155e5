export { type CheckedFile, readChecked } from "./checked-file.ts";
export { readTls, type TlsFile, type TlsFiles, type TlsMaterial } from "./read-tls.ts";
export { openTokens, type Tokens } from "./tokens.ts";
export { watchFiles } from "./watch-files.ts";
