// Hashes and bytes: SHA-256 of node's own, keccak-256 (which node's OpenSSL does not have), hexadecimal, equality.

import { createHash } from "node:crypto";

export const hex = (bytes) => Buffer.from(bytes).toString("hex");
export const same = (a, b) => Buffer.compare(a, b) === 0;
export const ascii = (text) => Buffer.from(text, "latin1");
export const ZERO_32 = Buffer.alloc(32);

/** The unsigned big-endian number in *bytes*, a BigInt. */
export const number = (bytes) => (bytes.length === 0 ? 0n : BigInt(`0x${hex(bytes)}`));

/** *value* in 8 bytes, big-endian. */
export function eightBytes(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export function sha256(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

// keccak-f[1600] on 25 lanes of two 32-bit halves, low half first; the constants are made, not listed.
const ROUNDS = 24;
const CONSTANTS = [];
const STEPS = []; // [lane, rotation] in the order of rho and pi

let register = 1;
for (let round = 0; round < ROUNDS; round += 1) {
  const halves = [0, 0];
  for (let j = 0; j < 7; j += 1) {
    register = ((register << 1) ^ ((register >> 7) * 0x71)) & 0xff;
    const bit = 2 ** j - 1;
    if (register & 2) halves[bit >> 5] ^= 1 << (bit & 31);
  }
  CONSTANTS.push(halves);
}
for (let t = 0, x = 1, y = 0; t < 24; t += 1) {
  [x, y] = [y, (2 * x + 3 * y) % 5];
  STEPS.push([x + 5 * y, (((t + 1) * (t + 2)) / 2) % 64]);
}

function permute(lanes) {
  const column = new Int32Array(10);
  const row = new Int32Array(10);
  for (const [low, high] of CONSTANTS) {
    for (let x = 0; x < 10; x += 1) {
      column[x] = lanes[x] ^ lanes[x + 10] ^ lanes[x + 20] ^ lanes[x + 30] ^ lanes[x + 40];
    }
    for (let x = 0; x < 5; x += 1) {
      const before = 2 * ((x + 4) % 5);
      const after = 2 * ((x + 1) % 5);
      const [l, h] = [column[after], column[after + 1]];
      const mixLow = column[before] ^ ((l << 1) | (h >>> 31));
      const mixHigh = column[before + 1] ^ ((h << 1) | (l >>> 31));
      for (let y = 0; y < 50; y += 10) {
        lanes[2 * x + y] ^= mixLow;
        lanes[2 * x + 1 + y] ^= mixHigh;
      }
    }
    let low0 = lanes[2];
    let high0 = lanes[3];
    for (const [lane, by] of STEPS) {
      const [l, h] = by < 32 ? [low0, high0] : [high0, low0];
      const shift = by & 31;
      low0 = lanes[2 * lane];
      high0 = lanes[2 * lane + 1];
      lanes[2 * lane] = shift ? (l << shift) | (h >>> (32 - shift)) : l;
      lanes[2 * lane + 1] = shift ? (h << shift) | (l >>> (32 - shift)) : h;
    }
    for (let y = 0; y < 50; y += 10) {
      for (let x = 0; x < 10; x += 1) row[x] = lanes[y + x];
      for (let x = 0; x < 10; x += 1) lanes[y + x] ^= ~row[(x + 2) % 10] & row[(x + 4) % 10];
    }
    lanes[0] ^= low;
    lanes[1] ^= high;
  }
}

const RATE = 136;

/** keccak-256 as Ethereum has it: the padding begins with 0x01. */
export function keccak(data) {
  const padded = Buffer.alloc((Math.floor(data.length / RATE) + 1) * RATE);
  Buffer.from(data).copy(padded);
  padded[data.length] ^= 0x01;
  padded[padded.length - 1] ^= 0x80;
  const lanes = new Int32Array(50);
  for (let at = 0; at < padded.length; at += RATE) {
    for (let word = 0; word < RATE / 4; word += 1) lanes[word] ^= padded.readInt32LE(at + 4 * word);
    permute(lanes);
  }
  const digest = Buffer.alloc(32);
  for (let word = 0; word < 8; word += 1) digest.writeInt32LE(lanes[word], 4 * word);
  return digest;
}
