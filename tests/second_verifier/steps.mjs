// Steps 1 to 13 of docs/formats/bundle.md, offline.

import { checkCertificates } from "./certificates.mjs";
import { NoProof, eventsOf, proveTransaction, readHeader } from "./chain.mjs";
import { encode } from "./cbor.mjs";
import { read } from "./bundle.mjs";
import { hex, same, sha256 } from "./hashing.mjs";
import { isConsistent, isIncluded, leafHash, readCheckpoint } from "./log.mjs";
import { Money } from "./money.mjs";
import { Facts, Projects, hasTime, nameHash, projectId } from "./projects.mjs";
import { follows, readRecord } from "./record.mjs";
import { Malformed } from "./cbor.mjs";

const OPEN = (1n << 64n) - 1n;
const BOUNDS = 2;
const BACK_MS = 300_000n;
const LEAP_MS = 366n * 86_400_000n;
const [UNKNOWN, SYNCHRONISED] = [0n, 2n];

/** What can't be told; all other codes are of something that is wrong. */
const UNVERIFIABLE = new Set([
  "bundle.version_unsupported",
  "bundle.certificate_missing",
  "bundle.revocation_list_missing",
  "certificate.list_invalid",
  "bundle.revoked_key_used",
  "bundle.end_open",
  "bundle.head_too_early",
  "record.clock_jumped",
  "checkpoint.cosignatures_too_few",
  "record.disputed",
  "bundle.block_missing",
  "bundle.deployment_unknown",
  "split.call_unknown",
  "split.facts_missing",
  "split.project_in_doubt",
  "split.sales_not_shown",
]);

/**
 * The verdict on the file *data*, and the findings in the order of the steps. *trust* is what the auditor has from
 * elsewhere: {root, lists, log, witnesses, atLeast, addresses, deploymentHash}, null or empty where he has none.
 */
export function verifyBundle(data, trust) {
  const findings = [];
  const find = (code, where) => findings.push({ code, where });
  const bundle = read(data, find);
  if (bundle !== null) new Verification(bundle, trust, find).run();
  const isWrong = findings.some(({ code }) => !UNVERIFIABLE.has(code));
  const verdict = findings.length === 0 ? "valid" : isWrong ? "invalid" : "unverifiable";
  return { verdict, findings };
}

class Verification {
  constructor(bundle, trust, find) {
    Object.assign(this, { bundle, trust, find });
    this.last = bundle.heads.at(-1);
    this.headers = bundle.blocks.map(({ header }) => attempt(() => readHeader(header)));
  }

  run() {
    const { bundle, trust, find } = this;
    const made = Number(bundle.scope.made_ms);
    const newest = this.headers.at(-1);
    const asOf = Math.max(made, newest ? Number(newest.time) * 1000 : 0);
    const { certificates, since } = checkCertificates(bundle, trust.root, trust.lists, asOf, find);
    const ring = this.checkKeys(certificates);
    const signed = this.checkRecords(ring, since);
    this.checkChain(signed);
    this.checkPeriod(signed);
    this.checkInclusion();
    this.checkHeads();
    this.checkCheckpoint();
    this.checkState(signed);
    const proven = this.checkBlocks();
    this.checkAnchored(proven);
    const projects = this.checkAssignments(proven);
    this.checkDeployment();
    if (bundle.blocks.length > 0) this.checkMoney(proven, signed, projects);
  }

  // Step 4
  checkKeys(certificates) {
    const ring = new Map();
    for (const key of this.bundle.registry) {
      const where = `registry epoch ${key.epoch}`;
      const wrong = () => this.find("bundle.registry_mismatch", where);
      if (key.epoch !== BigInt(ring.size + 1)) wrong();
      if (key.revoked === 1n && key.until_sequence === OPEN) wrong();
      const certificate = certificates.get(hex(key.certificate_hash));
      const certified = certificate?.isP256 && certificate.key;
      if (certificate !== undefined && (!certified || !same(certified, Buffer.concat([key.x, key.y])))) wrong();
      ring.set(key.epoch, key);
    }
    return ring;
  }

  // Step 5
  checkRecords(ring, since) {
    const signed = [];
    this.bundle.records.forEach(({ log_index: index, raw }, at) => {
      try {
        signed.push({ index, where: `records[${at}]`, ...readRecord(raw, this.bundle.scope.device, ring) });
      } catch (error) {
        if (!(error instanceof Malformed)) throw error;
        this.find("record.refused", `records[${at}]`);
      }
    });
    for (const [epoch, date] of since) {
      const late = signed.find((one) => one.epoch === epoch && Number(one.time_ms) >= date);
      if (late !== undefined) this.find("bundle.revoked_key_used", late.where);
    }
    return signed;
  }

  // Step 6
  checkChain(signed) {
    signed.forEach((record, at) => {
      const isFirst = record.epoch === 1n && record.sequence === 1n;
      if (at === 0 && !isFirst) return;
      if (!follows(record, at === 0 ? null : signed[at - 1])) this.find("record.chain_broken", record.where);
    });
  }

  // Step 7
  checkPeriod(signed) {
    const { scope, state } = this.bundle;
    if (scope.first_ms >= scope.until_ms) this.find("bundle.period_not_covered", "scope");
    else if (signed.length === 0) this.find("bundle.period_not_covered", "records");
    else {
      const inside = signed.findIndex((one) => one.time_ms >= scope.first_ms);
      const before = inside < 0 ? signed.length : inside;
      const rest = signed.slice(before);
      const after = rest.length - 1 - rest.findLastIndex((one) => one.time_ms < scope.until_ms);
      const [first, last] = [signed[0], signed.at(-1)];
      const isFirst = first.epoch === 1n && first.sequence === 1n;
      if (!isFirst && before < BOUNDS) this.find("bundle.period_not_covered", first.where);
      if (after < BOUNDS) {
        const isNewest = state !== null && state.epoch === last.epoch && state.sequence === last.sequence;
        if (!isNewest) this.find("bundle.period_not_covered", last.where);
        else if (this.last !== undefined) this.find("bundle.end_open", last.where);
      }
      this.checkClock(signed, before, after);
    }
    const anchored = this.headers.findLast((one) => one && this.last && one.number === this.last.block_number);
    if (anchored && anchored.time * 1000n < scope.until_ms) this.find("bundle.head_too_early", "heads");
  }

  checkClock(signed, before, after) {
    const end = signed.length - after;
    const core = signed.slice(before, end);
    const jumped = ({ where }) => this.find("record.clock_jumped", where);
    const bounds = [...signed.slice(0, before), ...signed.slice(end)];
    [
      core.find((one) => !hasTime(this.bundle.scope, one.time_ms)),
      core.find((one) => one.clock === UNKNOWN),
      bounds.find((one) => one.clock !== SYNCHRONISED),
    ].forEach((one) => one && jumped(one));
    for (let at = 1; at < signed.length; at += 1) {
      const by = signed[at].time_ms - signed[at - 1].time_ms;
      if (by < -BACK_MS || (by > LEAP_MS && before <= at && at <= end)) jumped(signed[at]);
    }
  }

  // Step 8
  checkInclusion() {
    const { records, inclusion } = this.bundle;
    if (this.last === undefined) {
      this.find("proof.not_included", "heads");
      return;
    }
    if (inclusion.length !== records.length) this.find("proof.not_included", "inclusion");
    records.slice(0, inclusion.length).forEach(({ log_index: index, raw }, at) => {
      const where = `records[${at}]`;
      if (at > 0 && index <= records[at - 1].log_index) this.find("proof.not_included", where);
      if (!isIncluded(index, this.last.size, leafHash(raw), inclusion[at], this.last.root)) {
        this.find("proof.not_included", where);
      }
    });
  }

  // Step 9
  checkHeads() {
    const { heads, consistency } = this.bundle;
    const pairs = Math.max(0, heads.length - 1);
    if (consistency.length !== pairs) this.find("proof.consistency_invalid", "consistency");
    for (let at = 0; at < Math.min(pairs, consistency.length); at += 1) {
      const [a, b] = [heads[at], heads[at + 1]];
      if (a.size >= b.size || !isConsistent(a.size, b.size, a.root, b.root, consistency[at])) {
        this.find("proof.consistency_invalid", `heads of ${a.size} and ${b.size}`);
      }
    }
  }

  checkCheckpoint() {
    const { log, witnesses, atLeast } = this.trust;
    let cosigners = 0;
    if (this.bundle.checkpoint.length > 0) {
      const stated = readCheckpoint(this.bundle.checkpoint, log, witnesses);
      const { last } = this;
      const isOfLast = stated && last && stated.size === last.size && same(stated.root, last.root);
      if (!isOfLast || !same(stated.state, last.state)) {
        this.find("checkpoint.mismatch", "checkpoint");
        return;
      }
      cosigners = stated.cosigners.size;
    }
    const needed = atLeast ?? Math.min(1, witnesses.length);
    if (cosigners < needed) this.find("checkpoint.cosignatures_too_few", "checkpoint");
  }

  // Step 10
  checkState(signed) {
    const { state, scope, registry } = this.bundle;
    const wrong = (where) => this.find("head.state_differs", where);
    if (state === null || this.last === undefined) {
      wrong("state");
      return;
    }
    const slot = encode([nameHash(scope.device), state.epoch, state.sequence, state.payload_digest]);
    if (!isIncluded(state.number, state.slots, leafHash(slot), state.path, this.last.state)) {
      wrong("state");
      return;
    }
    const newest = signed.at(-1);
    if (newest !== undefined) {
      const isBehind =
        newest.epoch > state.epoch || (newest.epoch === state.epoch && newest.sequence > state.sequence);
      const isIt = newest.epoch === state.epoch && newest.sequence === state.sequence;
      if (isBehind || (isIt && !same(newest.digest, state.payload_digest))) {
        wrong(newest.where);
        return;
      }
    }
    for (const key of registry) {
      const isTakenBack = key.epoch === state.epoch && key.until_sequence < state.sequence;
      if (isTakenBack) this.find("record.disputed", `registry epoch ${key.epoch}`);
    }
  }

  // Step 11
  checkBlocks() {
    const { heads, assignments, terms, distributions, takes, blocks } = this.bundle;
    const rows = [...heads, ...assignments, ...terms, ...distributions, ...takes];
    const wanted = new Set(rows.map((one) => hex(one.transaction_hash)));
    const proven = new Map();
    let newest = -1n;
    blocks.forEach(({ transactions }, place) => {
      const header = this.headers[place];
      const wrong = (where) => this.find("block.proof_invalid", where);
      if (header === null) {
        wrong(`blocks[${place}]`);
        return;
      }
      if (header.number <= newest || transactions.length === 0) wrong(`blocks[${place}]`);
      newest = header.number;
      for (const one of transactions) {
        const found = attempt(() => proveTransaction(header, one.number, one.transaction, one.receipt));
        const where = `blocks[${place}], transaction ${one.number}`;
        if (found === null || !wanted.has(hex(found.hash)) || proven.has(hex(found.hash))) wrong(where);
        if (found !== null) proven.set(hex(found.hash), found);
      }
    });
    if (wanted.size > 0 && blocks.length === 0) this.find("bundle.block_missing", "blocks");
    return proven;
  }

  // Step 12
  checkAnchored(proven) {
    const { scope, heads, blocks } = this.bundle;
    for (const [contract, part] of CONTRACTS) {
      const mine = this.trust.addresses?.[contract];
      const isStated = scope[part] !== "" || blocks.length > 0;
      if (isStated && mine !== undefined && mine.toLowerCase() !== scope[part].toLowerCase()) {
        this.find("bundle.address_mismatch", "scope");
      }
    }
    if (blocks.length === 0) return;
    const known = new Map();
    heads.forEach((head, at) => {
      const wrong = () => this.find("head.not_anchored", `heads[${at}]`);
      const name = hex(head.transaction_hash);
      const transaction = proven.get(name);
      if (transaction === undefined) {
        wrong();
        return;
      }
      if (!isThere(head, transaction)) wrong();
      if (!known.has(name)) known.set(name, attempt(() => anchoredIn(transaction, scope.record_anchor)));
      const found = known.get(name)?.get(head.size);
      if (found === undefined || !same(found.root, head.root) || !same(found.state, head.state)) wrong();
    });
  }

  checkAssignments(proven) {
    const { scope, assignments, blocks } = this.bundle;
    if (blocks.length === 0) return new Projects([]);
    const wrong = (where) => this.find("bundle.assignment_mismatch", where);
    const device = nameHash(scope.device);
    const found = [];
    const inOrder = [...proven.values()].sort(
      (a, b) => Number(a.header.number - b.header.number) || Number(a.index - b.index),
    );
    for (const transaction of inOrder) {
      const events = attempt(() => eventsOf(transaction, scope.device_registry));
      if (events === null) wrong(`transaction ${hex(transaction.hash)}`);
      for (const event of events ?? []) {
        if (/^Device/.test(event.name) && same(event.device, device)) found.push({ event, transaction });
      }
    }
    assignments.forEach((row, at) => {
      const one = found[at];
      const isIt = one && same(row.project, one.event.project) && isThere(row, one.transaction);
      if (!isIt || !same(row.transaction_hash, one.transaction.hash)) wrong(`assignments[${at}]`);
    });
    for (let at = assignments.length; at < found.length; at += 1) wrong("assignments");
    if (found[0]?.event.name !== "DeviceRegistered") wrong("assignments");
    const projects = new Projects(
      found.map(({ event, transaction: { header } }) => ({
        block: header.number,
        time: header.time * 1000n,
        project: event.project,
      })),
    );
    const mine = projectId(scope);
    const isKnown = found.length === 0 || projects.during(scope.first_ms, scope.until_ms).some((one) => same(one, mine));
    if (scope.project !== "" && !isKnown) this.find("proposal.project_differs", "scope");
    return projects;
  }

  checkDeployment() {
    const { scope, blocks } = this.bundle;
    const { addresses, deploymentHash } = this.trust;
    if (blocks.length === 0 && CONTRACTS.every(([, part]) => scope[part] === "")) return;
    const stated = deploymentHashOf(scope.chain_id, CONTRACTS.map(([, part]) => scope[part]));
    if (deploymentHash !== null && !same(stated, deploymentHash)) this.find("bundle.address_mismatch", "scope");
    else if (deploymentHash === null && addresses === null) this.find("bundle.deployment_unknown", "scope");
  }

  // Step 13
  checkMoney(proven, signed, projects) {
    const { scope, heads } = this.bundle;
    const records = new Map(signed.map((one) => [one.index, one]));
    const blocks = new Map(heads.map((head) => [head.size, head.block_number]));
    const facts = new Facts(scope, records, projects, blocks);
    new Money(this.bundle, proven, facts, this.find).check();
    if (facts.isShort) this.find("split.sales_not_shown", "records");
  }
}

const CONTRACTS = [
  ["RecordAnchor", "record_anchor"],
  ["DeviceRegistry", "device_registry"],
  ["RevenueSplit", "revenue_split"],
];

/** The hash by which a deployment is pinned. */
export function deploymentHashOf(chainId, addresses) {
  const lines = ["counterfoil deployment v1", chainId, ...addresses.map((one) => one.toLowerCase())];
  return sha256(Buffer.from(lines.map((line) => `${line}\n`).join("")));
}

export const CONTRACT_NAMES = CONTRACTS.map(([name]) => name);

const isThere = (row, { header }) => row.block_number === header.number && same(row.block_hash, header.hash);

/** The heads that the contract at *address* anchored in the transaction, by size; the first of a size. */
function anchoredIn(transaction, address) {
  const found = eventsOf(transaction, address).filter(({ name }) => name === "HeadAnchored");
  return new Map(found.reverse().map((one) => [one.size, one]));
}

function attempt(read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof NoProof) return null;
    throw error;
  }
}
