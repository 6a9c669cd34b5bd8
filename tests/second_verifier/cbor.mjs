// Deterministic CBOR (RFC 8949, 4.2.1), read strictly: what reads has one encoding. Integers are BigInts.
//
// Maps are `Map`s whose keys are unsigned integers in ascending order, as all maps of these formats are.

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const MAX_DEPTH = 16;
const WORD = 1n << 64n;

export class Malformed extends Error {}

function require(holds, what) {
  if (!holds) throw new Malformed(what);
}

class Reader {
  constructor(data, bigNumbers) {
    this.data = data;
    this.at = 0;
    this.bigNumbers = bigNumbers;
  }

  head() {
    require(this.at < this.data.length, "cut off");
    const first = this.data[this.at];
    const short = first & 31;
    this.at += 1;
    if (short < 24) return [first >> 5, BigInt(short)];
    require(short < 28, "an indefinite or unknown length");
    const width = 1 << (short - 24);
    require(this.at + width <= this.data.length, "cut off");
    const value = BigInt(`0x${this.data.subarray(this.at, this.at + width).toString("hex")}`);
    this.at += width;
    require(value >= (width === 1 ? 24n : 1n << BigInt(4 * width)), "a longer head than needed");
    return [first >> 5, value];
  }

  bytes(length) {
    require(length <= BigInt(this.data.length - this.at), "cut off");
    const start = this.at;
    this.at += Number(length);
    return this.data.subarray(start, this.at);
  }

  item(depth) {
    const begin = this.at;
    const [major, value] = this.head();
    if (major === 0) return value;
    if (major === 1) return -1n - value;
    if (major === 2) return this.bytes(value);
    if (major === 3) return this.text(value);
    if (major === 6) return this.bigNumber(value);
    if (major === 7) {
      require(this.at === begin + 1 && value >= 20n && value <= 22n, "a float or a simple value");
      return { 20: false, 21: true, 22: null }[value];
    }
    require(depth < MAX_DEPTH || value === 0n, "nested too deep");
    require(value <= BigInt(this.data.length - this.at), "cut off");
    if (major === 4) {
      const items = [];
      for (let n = 0; n < Number(value); n += 1) items.push(this.item(depth + 1));
      return items;
    }
    const map = new Map();
    let before = -1n;
    for (let n = 0; n < Number(value); n += 1) {
      const key = this.item(depth + 1);
      require(typeof key === "bigint" && key > before, "a map's keys are not in order");
      before = key;
      map.set(Number(key), this.item(depth + 1));
    }
    return map;
  }

  text(length) {
    try {
      return UTF8.decode(this.bytes(length));
    } catch (error) {
      throw error instanceof Malformed ? error : new Malformed("a text is no UTF-8");
    }
  }

  bigNumber(tag) {
    require(this.bigNumbers && tag === 2n, "a tag");
    const [major, length] = this.head();
    require(major === 2 && length >= 9n && length <= 32n, "no number of 9 to 32 bytes");
    const digits = this.bytes(length);
    require(digits[0] !== 0, "a number with leading zeros");
    return BigInt(`0x${digits.toString("hex")}`);
  }
}

/** The one item that *data* is. */
export function decode(data, { bigNumbers = false } = {}) {
  const reader = new Reader(data, bigNumbers);
  const item = reader.item(0);
  require(reader.at === data.length, "bytes follow the item");
  return item;
}

/** Deterministic CBOR of BigInts below 2^64, byte strings and arrays of them. */
export function encode(value) {
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(encode)]);
  return typeof value === "bigint" ? head(0, value) : Buffer.concat([head(2, value.length), value]);
}

function head(major, argument) {
  const value = BigInt(argument);
  if (value < 24n) return Buffer.from([(major << 5) | Number(value)]);
  const width = [1, 2, 4, 8].find((bytes) => value < 1n << BigInt(8 * bytes));
  const digits = Buffer.from(value.toString(16).padStart(2 * width, "0"), "hex");
  return Buffer.concat([Buffer.from([(major << 5) | (24 + Math.log2(width))]), digits]);
}

// Forms: what each place holds. A form takes a value and returns it, or throws Malformed.

export const integer = (most = WORD - 1n, least = 0n) => (value) => {
  require(typeof value === "bigint" && value >= least && value <= most, "an integer is out of range");
  return value;
};

export const octets = (length) => (value) => {
  require(Buffer.isBuffer(value) && (length === undefined || value.length === length), "no such byte string");
  return value;
};

export const word = (pattern, longest = Infinity) => (value) => {
  require(typeof value === "string" && [...value].length <= longest && pattern.test(value), "no such text");
  return value;
};

export const truth = (value) => {
  require(typeof value === "boolean", "neither true nor false");
  return value;
};

export const list = (form, most = 1 << 24) => (value) => {
  require(Array.isArray(value) && value.length <= most, "no such list");
  return value.map(form);
};

/** An array with one item for each of *forms*, read into an object by their names. */
export const row = (forms) => (value) => {
  const names = Object.keys(forms);
  require(Array.isArray(value) && value.length === names.length, "no such row");
  return Object.fromEntries(names.map((name, at) => [name, forms[name](value[at])]));
};
