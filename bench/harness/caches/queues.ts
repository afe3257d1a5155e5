import type { CachePolicy } from "./cache.ts";

type Row = { readonly sizeBytes: number; uses: number };

/** Part of the budget of S3-FIFO's small queue, and the highest count of uses, as in the paper. */
const smallShare = 0.1;
const maxUses = 3;

/** S3-FIFO (Yang et al., SOSP 2023): a small queue for what is new, a main queue, and a queue of the keys that left the small one. */
export const s3Fifo: CachePolicy = (budgetBytes) => {
  const small = new Map<number, Row>();
  const main = new Map<number, Row>();
  const ghosts = new Map<number, number>();
  let smallBytes = 0;
  let mainBytes = 0;
  let ghostBytes = 0;

  function addMain(key: number, row: Row): void {
    main.set(key, row);
    mainBytes += row.sizeBytes;
  }

  function addGhost(key: number, sizeBytes: number): void {
    ghosts.set(key, sizeBytes);
    ghostBytes += sizeBytes;
    for (const [oldest, size] of ghosts) {
      if (ghostBytes <= (1 - smallShare) * budgetBytes) break;
      ghosts.delete(oldest);
      ghostBytes -= size;
    }
  }

  function evictSmall(): void {
    const [key, row] = small.entries().next().value as [number, Row];
    small.delete(key);
    smallBytes -= row.sizeBytes;
    if (row.uses > 0) addMain(key, { ...row, uses: 0 });
    else addGhost(key, row.sizeBytes);
  }

  function evictMain(): void {
    const [key, row] = main.entries().next().value as [number, Row];
    main.delete(key);
    if (row.uses > 0) main.set(key, { ...row, uses: row.uses - 1 });
    else mainBytes -= row.sizeBytes;
  }

  function fit(): void {
    while (smallBytes + mainBytes > budgetBytes) {
      if (small.size > 0 && (smallBytes > smallShare * budgetBytes || main.size === 0)) evictSmall();
      else evictMain();
    }
  }

  return {
    request({ key, sizeBytes }) {
      const row = small.get(key) ?? main.get(key);
      if (row !== undefined) {
        row.uses = Math.min(maxUses, row.uses + 1);
        return true;
      }
      if (sizeBytes > budgetBytes) return false;
      const ghost = ghosts.get(key);
      if (ghost !== undefined) {
        ghosts.delete(key);
        ghostBytes -= ghost;
        addMain(key, { sizeBytes, uses: 0 });
      } else {
        small.set(key, { sizeBytes, uses: 0 });
        smallBytes += sizeBytes;
      }
      fit();
      return false;
    },
  };
};

/** SIEVE (Zhang et al., NSDI 2024): one queue, and a hand that passes over what was used since it came by. */
export const sieve: CachePolicy = (budgetBytes) => {
  type Node = { key: number; sizeBytes: number; visited: boolean; newer: Node | undefined; older: Node | undefined };
  const nodes = new Map<number, Node>();
  let newest: Node | undefined;
  let oldest: Node | undefined;
  let hand: Node | undefined;
  let bytes = 0;

  function evict(): void {
    let at = hand ?? oldest;
    while (at?.visited) {
      at.visited = false;
      at = at.newer ?? oldest;
    }
    if (at === undefined) return;
    hand = at.newer;
    if (at.newer === undefined) newest = at.older;
    else at.newer.older = at.older;
    if (at.older === undefined) oldest = at.newer;
    else at.older.newer = at.newer;
    nodes.delete(at.key);
    bytes -= at.sizeBytes;
  }

  return {
    request({ key, sizeBytes }) {
      const found = nodes.get(key);
      if (found !== undefined) {
        found.visited = true;
        return true;
      }
      if (sizeBytes > budgetBytes) return false;
      while (bytes + sizeBytes > budgetBytes) evict();
      const node: Node = { key, sizeBytes, visited: false, newer: undefined, older: newest };
      if (newest !== undefined) newest.newer = node;
      newest = node;
      oldest ??= node;
      nodes.set(key, node);
      bytes += sizeBytes;
      return false;
    },
  };
};
