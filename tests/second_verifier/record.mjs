// A record: docs/formats/record.md, steps 1 to 11 of its verification.

import { createPublicKey, verify } from "node:crypto";

import { DEVICE } from "./bundle.mjs";
import { Malformed, decode } from "./cbor.mjs";
import { ZERO_32, ascii, same, sha256 } from "./hashing.mjs";

const MAX = (1n << 63n) - 1n;
const MAX_EPOCH = 4_294_967_295n;
const MAX_TIME = 253_402_300_799_999n;
const WORD = /^[a-z0-9][a-z0-9_.-]{0,31}$/;
const CURRENCY = /^[A-Z]{3}$/;
export const SALE = 1n;
export const REFUND = 2n;
const METER = 3n;

function require(holds, what) {
  if (!holds) throw new Malformed(what);
}

const within = (least, most) => (value) => typeof value === "bigint" && value >= least && value <= most;
const natural = within(0n, MAX);
const signed = within(-MAX, MAX);
const time = within(0n, MAX_TIME);
const epoch = within(1n, MAX_EPOCH);
const sequence = within(1n, MAX);
const digest = (value) => Buffer.isBuffer(value) && value.length === 32;
const like = (pattern) => (value) => typeof value === "string" && pattern.test(value);
const text = (longest) => (value) => {
  if (typeof value !== "string" || /[\x00-\x1f\x7f]/.test(value)) return false;
  const length = [...value].length;
  return length > 0 && length <= longest;
};
const tuple = (...forms) => (value) =>
  Array.isArray(value) && value.length === forms.length && forms.every((form, at) => form(value[at]));
const line = (value) =>
  tuple(text(64), natural, natural)(value) || tuple(text(64), natural, natural, text(16))(value);
const lines = (value) => Array.isArray(value) && value.length > 0 && value.length <= 64 && value.every(line);
const date = (value) => {
  if (!within(19700101n, 99991231n)(value)) return false;
  const [year, month, day] = [value / 10000n, (value / 100n) % 100n, value % 100n].map(Number);
  const found = new Date(Date.UTC(year, month - 1, day));
  return found.getUTCMonth() === month - 1 && found.getUTCDate() === day;
};

/** The maps of each kind: [required keys, optional keys], each with its form. */
const BODIES = {
  1: [{ 1: natural, 2: like(CURRENCY), 3: like(WORD) }, { 4: text(128), 5: lines, 6: like(WORD) }],
  2: [{ 1: natural, 2: like(CURRENCY), 3: tuple(epoch, sequence) }, { 4: text(256), 5: text(128) }],
  3: [{ 1: time, 2: time, 3: natural, 4: natural }, { 5: signed }],
  4: [{ 1: like(/^(running|idle|fault|out_of_service)$/) }, { 2: text(256) }],
  5: [
    { 1: within(-900_000_000n, 900_000_000n), 2: within(-1_800_000_000n, 1_800_000_000n) },
    { 3: within(0n, 40_000_000n) },
  ],
  6: [{ 1: like(WORD) }, { 2: text(256) }],
  7: [{ 1: date, 2: natural, 3: signed, 4: like(CURRENCY), 5: natural }, {}],
};

const isMap = (value) => value instanceof Map;

function fits(map, required, optional = {}) {
  require(isMap(map), "no map");
  for (const key of Object.keys(required)) require(map.has(Number(key)), `no key ${key}`);
  for (const [key, value] of map) require((required[key] ?? optional[key] ?? (() => false))(value), `key ${key}`);
}

function opened(raw) {
  require(raw.length <= 8192, "too large");
  require(raw[0] === 0xd2, "no COSE_Sign1");
  const parts = decode(raw.subarray(1));
  require(Array.isArray(parts) && parts.length === 4, "no COSE_Sign1");
  const [protectedHeader, unprotected, payload, signature] = parts;
  require(isMap(unprotected) && unprotected.size === 0, "an unprotected header");
  require([protectedHeader, payload, signature].every(Buffer.isBuffer) && signature.length === 64, "no strings");
  return { protectedHeader, payload, signature };
}

function headerOf(bytes) {
  const header = decode(bytes);
  fits(header, { 1: (v) => v === -7n, 4: digest, 15: isMap });
  const claims = header.get(15);
  fits(claims, { 1: (v) => like(DEVICE)(v) && v.length <= 120, 2: like(WORD) });
  return { kid: header.get(4), issuer: claims.get(1) };
}

function payloadOf(bytes) {
  const payload = decode(bytes);
  fits(
    payload,
    {
      1: (v) => v === 1n,
      2: epoch,
      3: sequence,
      4: digest,
      5: time,
      6: within(0n, 3n),
      7: natural,
      8: within(1n, 7n),
      9: isMap,
      10: isMap,
    },
    { 11: tuple(natural, digest), 12: tuple(epoch, sequence) },
  );
  const [kind, body] = [payload.get(8), payload.get(9)];
  fits(body, ...BODIES[kind]);
  if (kind === METER) {
    require(body.get(1) < body.get(2) && body.get(3) <= body.get(4), "an interval without time, or its register");
  }
  const counters = payload.get(10);
  fits(counters, { 1: natural, 2: signed, 3: natural });
  const link = payload.get(12);
  const links = payload.get(2) > 1n && payload.get(3) === 1n;
  require(links === (link !== undefined), "a link where none belongs, or none");
  require(link === undefined || link[0] < payload.get(2), "a link to an epoch that is not earlier");
  return {
    epoch: payload.get(2),
    sequence: payload.get(3),
    previous: payload.get(4),
    time_ms: payload.get(5),
    clock: payload.get(6),
    kind,
    body,
    counters: [counters.get(1), counters.get(2), counters.get(3)],
    link,
    digest: sha256(bytes),
  };
}

const byteString = (bytes) => {
  const length = bytes.length;
  const head = length < 24 ? [0x40 | length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), bytes]);
};

/** P-256 as a SubjectPublicKeyInfo, before x and y. */
const SPKI = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d03010703420004", "hex");
const known = new Map();

function keyOf(x, y) {
  const name = `${x.toString("hex")}${y.toString("hex")}`;
  if (!known.has(name)) {
    let key = null;
    try {
      key = createPublicKey({ key: Buffer.concat([SPKI, x, y]), format: "der", type: "spki" });
    } catch {
      // not a point of the curve
    }
    if (known.size > 100) known.clear();
    known.set(name, key);
  }
  return known.get(name);
}

/** The record in *raw*, signed by *device*'s key in *ring* (by epoch); throws Malformed. */
export function readRecord(raw, device, ring) {
  const { protectedHeader, payload, signature } = opened(raw);
  const { kid, issuer } = headerOf(protectedHeader);
  require(issuer === device, "another issuer");
  const record = payloadOf(payload);
  const key = ring.get(record.epoch);
  require(key !== undefined, "no key of this epoch");
  require(record.sequence >= key.from_sequence && record.sequence <= key.until_sequence, "outside the key's numbers");
  const thumbprint = sha256(Buffer.from("a401022001215820", "hex"), key.x, Buffer.from("225820", "hex"), key.y);
  require(same(kid, thumbprint), "another key's id");
  const message = Buffer.concat([
    Buffer.from([0x84, 0x6a]),
    ascii("Signature1"),
    byteString(protectedHeader),
    Buffer.from([0x40]),
    byteString(payload),
  ]);
  const point = keyOf(key.x, key.y);
  require(point !== null, "the key is no point");
  const holds = verify("sha256", message, { key: point, dsaEncoding: "ieee-p1363" }, signature);
  require(holds, "the signature does not verify");
  return record;
}

/** Whether *record* follows *before*, the device's record before it; null where it is the device's first. */
export function follows(record, before) {
  const [count, amount, register] = record.counters;
  if (before === null) {
    if (record.epoch !== 1n || record.sequence !== 1n || !same(record.previous, ZERO_32)) return false;
  } else {
    const isNext = record.epoch === before.epoch && record.sequence === before.sequence + 1n;
    const opens = record.epoch > before.epoch && record.sequence === 1n;
    if (!(isNext || opens) || !same(record.previous, before.digest)) return false;
    if (opens && (record.link[0] !== before.epoch || record.link[1] !== before.sequence)) return false;
  }
  let [counted, sold, energy] = before === null ? [0n, 0n, register] : before.counters;
  const { kind, body } = record;
  if (kind === SALE || kind === REFUND) {
    counted += 1n;
    sold += kind === SALE ? body.get(1) : -body.get(1);
  }
  if (kind === METER) {
    if (before !== null) energy += body.get(3);
    if (body.get(4) !== register) return false;
  }
  return count === counted && amount === sold && register === energy;
}
