/** `node write-rootfs.ts DIR ROLE...`: writes the root file system that replaces the runtime base of the roles' images. */
import { builtTree, writeRootfs } from "./rootfs.ts";

const [dir = "", ...roles] = process.argv.slice(2);
writeRootfs(dir, roles.map(builtTree));
