// The log: docs/formats/log.md and witness.md. RFC 9162 proofs, and signed notes.

import { createPublicKey, verify } from "node:crypto";

import { number, same, sha256 } from "./hashing.mjs";

const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const leafHash = (entry) => sha256(LEAF, entry);
const nodeHash = (left, right) => sha256(NODE, left, right);

/** Whether *leaf* (a hash) is at *index* of the tree of *size* with *root* (RFC 9162, 2.1.3.2). */
export function isIncluded(index, size, leaf, proof, root) {
  if (index >= size) return false;
  let [fn, sn, hash] = [index, size - 1n, leaf];
  for (const one of proof) {
    if (sn === 0n) return false;
    if (fn & 1n || fn === sn) {
      hash = nodeHash(one, hash);
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      hash = nodeHash(hash, one);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && same(hash, root);
}

/** Whether the tree of *first* leaves is the beginning of that of *second*, a larger one (RFC 9162, 2.1.4.2). */
export function isConsistent(first, second, firstRoot, secondRoot, proof) {
  if (first === 0n) return proof.length === 0 && same(firstRoot, sha256(Buffer.alloc(0)));
  const path = (first & (first - 1n)) === 0n ? [firstRoot, ...proof] : proof;
  if (proof.length === 0) return false;
  let [fn, sn] = [first - 1n, second - 1n];
  while (fn & 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  let [fr, sr] = [path[0], path[0]];
  for (const one of path.slice(1)) {
    if (sn === 0n) return false;
    if (fn & 1n || fn === sn) {
      [fr, sr] = [nodeHash(one, fr), nodeHash(one, sr)];
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      sr = nodeHash(sr, one);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && same(fr, firstRoot) && same(sr, secondRoot);
}

/** The bytes of strict base64; null where it is none. */
function unbase64(text) {
  const data = Buffer.from(text, "base64");
  return data.toString("base64") === text ? data : null;
}

/** The key in *text* (`name+id+base64`); *kind* is 1 for a log's, 4 for a witness's. Throws where it is none. */
export function readKey(text, kind) {
  const [name, id, ...rest] = text.trim().split("+");
  const material = unbase64(rest.join("+"));
  if (material === null || material.length !== 33 || material[0] !== kind) throw new Error("no verifier key");
  const keyId = sha256(Buffer.from(`${name}\n`), material).subarray(0, 4);
  if (!/^[!-*,-~]{1,255}$/.test(name) || keyId.toString("hex") !== id) throw new Error("no verifier key");
  return { name, keyId, public: material.subarray(1) };
}

const SPKI = Buffer.from("302a300506032b6570032100", "hex");

function isSigned(key, message, signature) {
  if (signature.length !== 64) return false;
  const spki = { key: Buffer.concat([SPKI, key.public]), format: "der", type: "spki" };
  return verify(null, message, createPublicKey(spki), signature);
}

const hasKey = (line, key) => line.name === key.name && same(line.material.subarray(0, 4), key.keyId);

/**
 * The head that the *note* states, and the names of the *witnesses* that have cosigned it; null where it is no note,
 * is not signed by *log* (where that is given), or a line by a known key does not verify.
 */
export function readCheckpoint(note, log, witnesses) {
  if (note.length > 65_536) return null;
  let whole;
  try {
    whole = UTF8.decode(note);
  } catch {
    return null;
  }
  const cut = whole.lastIndexOf("\n\n");
  if (cut < 0 || !whole.endsWith("\n") || cut + 2 >= whole.length) return null;
  const text = whole.slice(0, cut + 1);
  const stated = readHead(text);
  const lines = whole.slice(cut + 2, -1).split("\n").map(readLine);
  if (stated === null || lines.includes(null)) return null;
  if (log !== null) {
    const own = lines.filter((line) => hasKey(line, log));
    if (stated.origin !== log.name || own.length === 0) return null;
    if (!own.every((line) => isSigned(log, Buffer.from(text), line.material.subarray(4)))) return null;
  }
  const cosigners = new Set();
  for (const line of lines) {
    const witness = witnesses.find((key) => hasKey(line, key));
    if (witness === undefined) continue;
    if (line.material.length !== 76) return null;
    const seconds = number(line.material.subarray(4, 12));
    const message = Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);
    if (seconds >= 1n << 63n || !isSigned(witness, message, line.material.subarray(12))) return null;
    cosigners.add(witness.name);
  }
  return { ...stated, cosigners };
}

function readHead(text) {
  const [origin, size, root, state, ...rest] = text.slice(0, -1).split("\n");
  if (state === undefined || rest.length > 0 || !state.startsWith("state ")) return null;
  if (!/^(0|[1-9][0-9]{0,18})$/.test(size)) return null;
  const hashes = [unbase64(root), unbase64(state.slice(6))];
  if (hashes.some((hash) => hash === null || hash.length !== 32)) return null;
  return { origin, size: BigInt(size), root: hashes[0], state: hashes[1] };
}

function readLine(line) {
  const found = /^— (\S+) (\S+)$/.exec(line);
  const material = found === null ? null : unbase64(found[2]);
  return material === null ? null : { name: found[1], material };
}
