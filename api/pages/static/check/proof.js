// SHA-256, P-256 and RFC 9162, all by the browser's own WebCrypto.

import { bstr, concat } from "./cbor.js";

export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

export function equal(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// RFC 9679: SHA-256 over {1: 2, -1: 1, -2: x, -3: y}.
export async function thumbprint(x, y) {
  const start = Uint8Array.from([0xa4, 0x01, 0x02, 0x20, 0x01, 0x21, 0x58, 0x20]);
  return sha256(concat(start, x, Uint8Array.from([0x22, 0x58, 0x20]), y));
}

// RFC 9052, 4.4: is signature (r || s) over the Sig_structure of these parts by the key (x, y)?
export async function signatureHolds(protectedHeader, payload, signature, x, y) {
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const point = concat(Uint8Array.of(4), x, y);
  const key = await crypto.subtle.importKey("raw", point, curve, false, ["verify"]);
  const context = concat(Uint8Array.of(0x84, 0x6a), new TextEncoder().encode("Signature1"));
  const message = concat(context, bstr(protectedHeader), Uint8Array.of(0x40), bstr(payload));
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, message);
}

// RFC 9162, 2.1.3.2: the root to which the path leads from leaf number index of size leaves.
export async function rootFromInclusion(index, size, leaf, path) {
  if (!(index >= 0 && index < size)) throw new Error("the leaf is not in the tree");
  let at = index;
  let last = size - 1;
  let node = leaf;
  for (const sibling of path) {
    if (last === 0) throw new Error("the proof is too long");
    if (at % 2 === 1 || at === last) {
      node = await sha256(concat(Uint8Array.of(1), sibling, node));
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else {
      node = await sha256(concat(Uint8Array.of(1), node, sibling));
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw new Error("the proof is too short");
  return node;
}
