// Blocks by their headers: RLP, Merkle-Patricia proofs, events and calls in the ABI's encoding. Step 11.

import { ZERO_32, eightBytes, hex, keccak, number, same } from "./hashing.mjs";

export class NoProof extends Error {}

function require(holds, what) {
  if (!holds) throw new NoProof(what);
}

/** The item that *data* is in RLP: a Buffer, or an array of items. */
function rlp(data, deepest = 32) {
  const [found, end] = rlpItem(data, 0, deepest);
  require(end === data.length, "bytes follow");
  return found;
}

function rlpItem(data, at, deepest) {
  require(at < data.length && deepest > 0, "cut off, or too deep");
  const first = data[at];
  if (first < 0x80) return [data.subarray(at, at + 1), at + 1];
  const isList = first >= 0xc0;
  let length = first - (isList ? 0xc0 : 0x80);
  let start = at + 1;
  if (length > 55) {
    const width = length - 55;
    const digits = data.subarray(start, start + width);
    require(digits.length === width && digits[0] !== 0 && width <= 6, "no length");
    length = digits.readUIntBE(0, width);
    require(length > 55, "a longer form than needed");
    start += width;
  }
  const end = start + length;
  require(end <= data.length, "cut off");
  if (!isList) {
    require(length !== 1 || data[start] >= 0x80, "a longer form than needed");
    return [data.subarray(start, end), end];
  }
  const content = data.subarray(start, end);
  const items = [];
  for (let inner = 0; inner < content.length; ) {
    const [one, next] = rlpItem(content, inner, deepest - 1);
    items.push(one);
    inner = next;
  }
  return [items, end];
}

/** RLP of an unsigned number below 2^64. */
function rlpNumber(value) {
  const bytes = eightBytes(value);
  const digits = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  if (value === 0n) return Buffer.from([0x80]);
  return digits.length === 1 && digits[0] < 0x80 ? digits : Buffer.concat([Buffer.from([0x80 + digits.length]), digits]);
}

export function readHeader(raw) {
  const fields = rlp(raw);
  require(Array.isArray(fields) && fields.length >= 15 && fields.every(Buffer.isBuffer), "no header");
  const [transactions, receipts, height, time] = [fields[4], fields[5], fields[8], fields[11]];
  require(transactions.length === 32 && receipts.length === 32, "no roots");
  require(height.length + time.length <= 16, "no number or time");
  return { hash: keccak(raw), transactions, receipts, number: number(height), time: number(time) };
}

/** The value under *key* by *nodes*, which are the path from *root* to its leaf and nothing else. */
function proven(root, key, nodes) {
  const path = [...hex(key)].map((digit) => parseInt(digit, 16));
  let expected = root;
  let value = null;
  for (const raw of nodes) {
    require(value === null && Buffer.isBuffer(expected) && same(keccak(raw), expected), "another node");
    const node = rlp(raw);
    require(Array.isArray(node), "no node");
    if (node.length === 17) {
      if (path.length === 0) value = node[16];
      else expected = node[path.shift()];
      continue;
    }
    require(node.length === 2 && Buffer.isBuffer(node[0]) && node[0].length > 0, "no node");
    const nibbles = [...hex(node[0])].map((digit) => parseInt(digit, 16));
    const [flag] = nibbles;
    require(flag < 4 && (flag & 1 || nibbles[1] === 0), "no node");
    const part = nibbles.slice(flag & 1 ? 1 : 2);
    require(part.every((nibble, at) => path[at] === nibble), "another key");
    path.splice(0, part.length);
    if (flag & 2) {
      require(path.length === 0, "another key");
      [, value] = node;
    } else [, expected] = node;
  }
  require(Buffer.isBuffer(value) && value.length > 0, "no leaf");
  return value;
}

/** [type, fields] of a transaction or a receipt (EIP-2718). */
function typed(raw) {
  const type = raw[0] < 0x80 ? raw[0] : 0;
  const fields = rlp(raw[0] < 0x80 ? raw.subarray(1) : raw);
  require(Array.isArray(fields), "no fields");
  return [type, fields];
}

/** The transaction at *index* of the block: {header, index, hash, data, logs}. */
export function proveTransaction(header, index, transactionNodes, receiptNodes) {
  const raw = proven(header.transactions, rlpNumber(index), transactionNodes);
  const [type, fields] = typed(raw);
  const data = fields[type === 0 ? 5 : type === 1 ? 6 : 7];
  require(Buffer.isBuffer(data), "no call data");
  const [, receipt] = typed(proven(header.receipts, rlpNumber(index), receiptNodes));
  require(receipt.length === 4 && Buffer.isBuffer(receipt[0]) && hex(receipt[0]) === "01", "it failed");
  require(Array.isArray(receipt[3]), "no logs");
  const logs = receipt[3].map((log) => {
    require(Array.isArray(log) && log.length === 3, "no log");
    const [address, topics, content] = log;
    require(Buffer.isBuffer(address) && address.length === 20 && Buffer.isBuffer(content), "no log");
    require(Array.isArray(topics) && topics.every((topic) => Buffer.isBuffer(topic)), "no topics");
    return { address, topics, data: content };
  });
  return { header, index, hash: keccak(raw), data, logs };
}

// ---- the ABI. A type is a text, {list: type} or {name: type, …}, a struct.

const isDynamic = (type) =>
  type === "bytes" || type.list !== undefined || (typeof type === "object" && Object.values(type).some(isDynamic));

const wordsOf = (type) =>
  typeof type === "string" || isDynamic(type) ? 1 : Object.values(type).reduce((sum, one) => sum + wordsOf(one), 0);

const nameOf = (type) => {
  if (typeof type === "string") return type;
  return type.list === undefined ? `(${Object.values(type).map(nameOf).join(",")})` : `${nameOf(type.list)}[]`;
};

function slice(data, start, length) {
  require(start >= 0 && start + length <= data.length, "cut off");
  return data.subarray(start, start + length);
}

function small(data, at) {
  const value = number(slice(data, at, 32));
  require(value <= BigInt(data.length), "an offset or a length out of the data");
  return Number(value);
}

function scalar(type, bytes) {
  if (type === "bytes32") return bytes;
  if (type === "address") {
    require(number(bytes) < 1n << 160n, "no address");
    return bytes.subarray(12);
  }
  const value = number(bytes);
  require(value < 1n << BigInt(type.slice(4)), `no ${type}`);
  return value;
}

function read(type, data, at) {
  if (type === "bytes") {
    const length = small(data, at);
    const padded = slice(data, at + 32, Math.ceil(length / 32) * 32);
    require(padded.subarray(length).every((byte) => byte === 0), "padding that is not zero");
    return padded.subarray(0, length);
  }
  if (typeof type === "string") return scalar(type, slice(data, at, 32));
  if (type.list === undefined) return struct(type, data.subarray(at));
  const count = small(data, at);
  const types = Array.from({ length: count }, () => type.list);
  require(count * 32 * wordsOf(type.list) <= data.length, "more items than bytes");
  return Object.values(struct(types, data.subarray(at + 32)));
}

/** The values of *types*, {name: type}, in *data*. */
export function struct(types, data) {
  const found = {};
  let at = 0;
  for (const [name, type] of Object.entries(types)) {
    found[name] = read(type, data, isDynamic(type) ? small(data, at) : at);
    at += 32 * wordsOf(type);
  }
  return found;
}

const signature = (name, types) => `${name}(${Object.values(types).map(nameOf).join(",")})`;

/** The arguments of the call *data* of *name* with *types*; null where it calls something else. */
export function call(name, types, data) {
  const selector = keccak(Buffer.from(signature(name, types))).subarray(0, 4);
  return same(data.subarray(0, 4), selector) ? struct(types, data.subarray(4)) : null;
}

/** A reader of the event *name*: *indexed* and *plain* are {name: type}. */
function event(name, indexed, plain, order) {
  const types = order.map((one) => indexed[one] ?? plain[one]);
  const topic = keccak(Buffer.from(signature(name, types)));
  return {
    name,
    topic,
    read: ({ topics, data }) => {
      require(topics.length === 1 + Object.keys(indexed).length, "other topics");
      return { name, ...struct(indexed, Buffer.concat(topics.slice(1))), ...struct(plain, data) };
    },
  };
}

const B32 = "bytes32";
const ADDRESS = "address";
const U256 = "uint256";
const device = (name) =>
  event(name, { device: B32, owner: ADDRESS, operator: ADDRESS }, { project: B32 }, ["device", "owner", "operator", "project"]);

const EVENTS = [
  event(
    "HeadAnchored",
    { index: U256, size: "uint64" },
    { root: B32, state: B32, figures: B32, annex: B32, previousSize: "uint64" },
    ["index", "size", "root", "state", "figures", "annex", "previousSize"],
  ),
  device("DeviceRegistered"),
  device("DeviceAssigned"),
  event(
    "TermsSet",
    { project: B32, version: U256 },
    { effectiveFrom: "uint32", termsHash: B32 },
    ["project", "version", "effectiveFrom", "termsHash"],
  ),
  event(
    "Distributed",
    { project: B32, batch: B32, version: U256 },
    { periodStart: "uint32", periodEnd: "uint32", gross: U256, headSize: "uint64", facts: B32 },
    ["project", "batch", "version", "periodStart", "periodEnd", "gross", "headSize", "facts"],
  ),
  event(
    "Credited",
    { project: B32, batch: B32, account: ADDRESS },
    { tier: "uint8", amount: U256 },
    ["project", "batch", "account", "tier", "amount"],
  ),
  event("PoolTaken", { project: B32, pool: ADDRESS, account: ADDRESS }, { amount: U256 }, ["project", "pool", "account", "amount"]),
  event("PoolEnded", { project: B32, pool: ADDRESS }, { paid: U256 }, ["project", "pool", "paid"]),
];
const BY_TOPIC = new Map(EVENTS.map((one) => [hex(one.topic), one]));

/** The known events that the contract at *address* (a text, maybe empty) left in the transaction, in order. */
export function eventsOf(transaction, address) {
  const found = [];
  for (const log of transaction.logs) {
    if (`0x${hex(log.address)}` !== address.toLowerCase()) continue;
    const known = log.topics.length > 0 ? BY_TOPIC.get(hex(log.topics[0])) : undefined;
    if (known !== undefined) found.push(known.read(log));
  }
  return found;
}

const DISTRIBUTION = {
  project: B32,
  batch: B32,
  periodStart: "uint32",
  periodEnd: "uint32",
  gross: "uint128",
  refunds: "uint128",
  tax: "uint128",
  headSize: "uint64",
  facts: B32,
  units: { list: { goods: B32, count: "uint64" } },
};
const EXECUTE = { target: ADDRESS, data: "bytes", label: B32, deadline: "uint64", signatures: { list: "bytes" } };

/** The argument of the distribution that *data* calls, directly or through the quorum's `execute`; null for none. */
export function distributionIn(data) {
  const through = call("execute", EXECUTE, data);
  return call("distribute", { d: DISTRIBUTION }, through === null ? data : through.data)?.d ?? null;
}

const word = (bytes) => Buffer.concat([Buffer.alloc(32 - bytes.length), bytes]);
const count = (value) => word(eightBytes(value));

/** The account of the pool whose list has these *pieces*, in the *project* of the contract at *split* (20 bytes). */
export function poolAccount(pieces, split, project) {
  let name = ZERO_32;
  for (const piece of [...pieces].reverse()) {
    const rows = piece.flatMap(({ account, weight }) => [word(account), count(weight)]);
    name = keccak(Buffer.concat([count(64), name, count(piece.length), ...rows]));
  }
  const label = Buffer.from("counterfoil pool");
  const padded = Buffer.concat([label, Buffer.alloc(32 - label.length)]);
  return keccak(Buffer.concat([count(128), word(split), project, name, count(label.length), padded])).subarray(12);
}
