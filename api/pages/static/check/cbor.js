// Reads deterministic CBOR (RFC 8949): integers, byte and text strings, arrays, maps, tags, null.
// Integers past 2^53 - 1 come back as BigInt; a tag as {tag, value}; a map as a Map.

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  take(count) {
    if (this.at + count > this.bytes.length) throw new Error("CBOR: cut off");
    const slice = this.bytes.subarray(this.at, this.at + count);
    this.at += count;
    return slice;
  }

  argument(info) {
    if (info < 24) return info;
    const start = this.at;
    if (info === 24) return this.take(1)[0];
    if (info === 25) { this.take(2); return this.view.getUint16(start); }
    if (info === 26) { this.take(4); return this.view.getUint32(start); }
    if (info === 27) {
      this.take(8);
      const value = this.view.getBigUint64(start);
      return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
    }
    throw new Error("CBOR: indefinite length");
  }

  item(depth = 0) {
    if (depth > 16) throw new Error("CBOR: too deep");
    const head = this.take(1)[0];
    const major = head >> 5;
    if (head === 0xf6) return null;
    if (major === 7) throw new Error("CBOR: a type that does not occur here");
    const argument = this.argument(head & 31);
    if (major === 0) return argument;
    if (major === 1) return typeof argument === "bigint" ? -1n - argument : -1 - argument;
    if (major === 2) return this.take(Number(argument));
    if (major === 3) return new TextDecoder("utf-8", { fatal: true }).decode(this.take(Number(argument)));
    if (major === 4) return Array.from({ length: Number(argument) }, () => this.item(depth + 1));
    if (major === 5) {
      const map = new Map();
      for (let left = Number(argument); left > 0; left -= 1) {
        const key = this.item(depth + 1);
        map.set(key, this.item(depth + 1));
      }
      return map;
    }
    return { tag: argument, value: this.item(depth + 1) };
  }
}

export function decode(bytes) {
  const reader = new Reader(bytes);
  const item = reader.item();
  if (reader.at !== bytes.length) throw new Error("CBOR: bytes follow");
  return item;
}

export function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { joined.set(part, at); at += part.length; }
  return joined;
}

// A byte string with the shortest head.
export function bstr(bytes) {
  const n = bytes.length;
  const head = n < 24 ? [0x40 | n] : n < 256 ? [0x58, n] : [0x59, n >> 8, n & 255];
  return concat(Uint8Array.from(head), bytes);
}
