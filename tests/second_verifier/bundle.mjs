// The file: docs/formats/bundle.md, its parts and rows. Steps 1 and 2.

import { Malformed, decode, integer, list, octets, row, word } from "./cbor.mjs";
import { same, sha256 } from "./hashing.mjs";

const VERSION = 4n;
const COUNT = integer();
const AMOUNT = integer((1n << 256n) - 1n);
const HASH = octets(32);
const ACCOUNT = octets(20);
const ANY = octets();
const PLACE = { block_number: COUNT, block_hash: HASH, transaction_hash: HASH };
const ADDRESS = word(/^(0x[0-9a-fA-F]{40})?$/);
export const DEVICE = /^urn:dev:[a-z0-9]+:[A-Za-z0-9._-]{1,80}$/;

const PARTS = {
  scope: row({
    device: word(DEVICE, 120),
    first_ms: COUNT,
    until_ms: COUNT,
    made_ms: COUNT,
    chain_id: COUNT,
    record_anchor: ADDRESS,
    device_registry: ADDRESS,
    revenue_split: ADDRESS,
    project: word(/^([a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?)?$/),
    proof_class: word(/^(machine|meter|collector|reported)$/),
  }),
  registry: list(
    row({
      epoch: COUNT,
      x: HASH,
      y: HASH,
      from_sequence: COUNT,
      until_sequence: COUNT,
      revoked: integer(1n),
      certificate_hash: HASH,
      registered_at: COUNT,
    }),
    1_024,
  ),
  certificates: list(ANY, 1_024 + 64),
  revocations: list(ANY, 64),
  records: list(row({ log_index: COUNT, raw: ANY })),
  heads: list(row({ size: COUNT, root: HASH, state: HASH, ...PLACE })),
  assignments: list(row({ project: HASH, ...PLACE })),
  inclusion: list(list(HASH, 64)),
  consistency: list(list(HASH, 128)),
  state: (value) => (value === null ? null : SLOT(value)),
  checkpoint: ANY,
  terms: list(row({ version: COUNT, encoded: ANY, ...PLACE })),
  distributions: list(
    row({
      project: HASH,
      batch: HASH,
      version: COUNT,
      period_start: COUNT,
      period_end: COUNT,
      gross: AMOUNT,
      refunds: AMOUNT,
      tax: AMOUNT,
      head_size: COUNT,
      facts: HASH,
      ...PLACE,
      units: list(row({ goods: HASH, sold: AMOUNT })),
      credits: list(row({ tier: COUNT, account: ACCOUNT, amount: AMOUNT })),
      content: ANY,
    }),
  ),
  pools: list(
    row({
      account: ACCOUNT,
      pieces: list(list(row({ account: ACCOUNT, weight: integer((1n << 64n) - 1n, 1n) }))),
    }),
  ),
  takes: list(row({ pool: ACCOUNT, account: ACCOUNT, amount: AMOUNT, ...PLACE })),
  blocks: list(
    row({
      header: ANY,
      transactions: list(row({ number: COUNT, transaction: list(ANY), receipt: list(ANY) })),
    }),
  ),
};
const SLOT = row({
  number: COUNT,
  slots: COUNT,
  epoch: COUNT,
  sequence: COUNT,
  payload_digest: HASH,
  path: list(HASH, 64),
});
const NAMES = Object.keys(PARTS);

/** The bundle in *data*, or null where it can't be read; *find* is called with each finding of steps 1 and 2. */
export function read(data, find) {
  let rows;
  try {
    rows = open(data, find);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    find("bundle.malformed", "container");
    return null;
  }
  if (rows === null) return null;
  const altered = new Set(rows.filter(([, digest, part]) => !same(sha256(part), digest)).map(([name]) => name));
  const bundle = {};
  for (const [name, , part] of rows) {
    try {
      bundle[name] = PARTS[name](decode(part, { bigNumbers: true }));
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      find(altered.has(name) ? "bundle.part_altered" : "bundle.part_malformed", name);
      return null;
    }
  }
  for (const name of altered) find("bundle.part_altered", name);
  return bundle;
}

function open(data, find) {
  const item = decode(data, { bigNumbers: true });
  if (!Array.isArray(item) || item.length !== 3 || item[0] !== "counterfoil bundle") throw new Malformed("no bundle");
  const [, version, rows] = item;
  const named =
    Array.isArray(rows) &&
    rows.length === NAMES.length &&
    rows.every((one, at) => Array.isArray(one) && one[0] === NAMES[at]);
  if ([1n, 2n, 3n].includes(version) && !named) {
    find("bundle.version_unsupported", "container");
    return null;
  }
  const shaped = named && rows.every((one) => one.length === 3 && Buffer.isBuffer(one[1]) && Buffer.isBuffer(one[2]));
  if (version !== VERSION || !shaped) throw new Malformed("another version, or other parts");
  return rows;
}
