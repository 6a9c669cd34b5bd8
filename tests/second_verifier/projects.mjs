// Whose the device was: its assignments on chain, and what its project shared out. The rules of steps 12 and 13.

import { Malformed, decode, integer, list, row, truth, word } from "./cbor.mjs";
import { ZERO_32, same, sha256 } from "./hashing.mjs";
import { REFUND, SALE } from "./record.mjs";

export const nameHash = (name) => sha256(Buffer.from(name, "utf8"));
export const projectId = ({ project }) => (project === "" ? ZERO_32 : nameHash(project));

const LAST_MS = 253_402_300_799_999n;

/** The UTC date of a time in ms, YYYYMMDD. */
export function dateOf(time) {
  const date = new Date(Number(time < LAST_MS ? time : LAST_MS));
  return BigInt(date.getUTCFullYear() * 10_000 + (date.getUTCMonth() + 1) * 100 + date.getUTCDate());
}

export const hasTime = (scope, time) => scope.first_ms <= time && time < scope.until_ms;

/** Whether the business *date* is one of the period's. */
export function hasDate(scope, date) {
  const last = scope.until_ms - 1n;
  return dateOf(scope.first_ms) <= date && date <= dateOf(last > scope.first_ms ? last : scope.first_ms);
}

/** The device's projects: *moves* are [block, time in ms, project], in the chain's order. */
export class Projects {
  constructor(moves) {
    this.moves = moves;
  }

  /** The last move for which *isPast* holds, the first where it holds for none. */
  place(isPast) {
    return Math.max(0, this.moves.findLastIndex(isPast));
  }

  atTime(time) {
    if (this.moves.length === 0) return ZERO_32;
    return this.moves[this.place((move) => move.time <= time)].project;
  }

  during(first, until) {
    const inside = this.moves.filter(({ time }) => first < time && time < until).map(({ project }) => project);
    return [this.atTime(first), ...inside];
  }

  /** "always", "meanwhile" or "never": whether it was in *project* from *time* on up to *block*. */
  whose(project, time, block) {
    const first = this.place((move) => move.time <= time);
    const last = Math.max(first, this.place((move) => move.block <= block));
    const held = this.moves.slice(first, last + 1).filter((move) => same(move.project, project));
    if (held.length === 0) return "never";
    return held.length === last - first + 1 ? "always" : "meanwhile";
  }
}

const NATURAL = integer((1n << 63n) - 1n);
const text = (longest) => word(/^[^]+$/, longest);
const FACTS = row({
  version: integer(1n, 1n),
  project: text(256),
  date: integer(99_991_231n),
  entries: list(row({ index: NATURAL, isRefund: truth, amount: NATURAL }), 1 << 20),
  units: list(row({ commodity: text(64), count: NATURAL }), 1 << 20),
});

/** The facts of a bundle's distributions, in the chain's order. */
export class Facts {
  /** *records* are those that verify, by their place in the log; *heads* the heads' blocks by size. */
  constructor(scope, records, projects, heads) {
    Object.assign(this, { scope, records, projects, heads });
    this.shared = new Set();
    this.currency = null;
  }

  /** Call *find* for what is wrong with the *distribution*'s facts. */
  check(distribution, where, find) {
    const wrong = () => find("split.facts_mismatch", where);
    const digest = sha256(distribution.content);
    const batch = sha256(Buffer.from("counterfoil batch v1"), digest);
    if (!same(digest, distribution.facts) || !same(batch, distribution.batch)) wrong();
    let facts;
    try {
      facts = FACTS(decode(distribution.content));
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      wrong();
      return;
    }
    const isOneDate = [distribution.period_start, distribution.period_end].every((date) => date === facts.date);
    if (!isOneDate || !same(nameHash(facts.project), distribution.project)) wrong();
    const sum = (isRefund) => facts.entries.reduce((all, one) => all + (one.isRefund === isRefund ? one.amount : 0n), 0n);
    if (sum(false) !== distribution.gross || sum(true) !== distribution.refunds) wrong();
    const said = facts.units.map(({ commodity, count }) => `${nameHash(commodity).toString("hex")} ${count}`);
    const called = distribution.units.map(({ goods, sold }) => `${goods.toString("hex")} ${sold}`);
    if (said.sort().join() !== called.sort().join()) wrong();
    let isInDoubt = false;
    for (const { index, isRefund, amount } of facts.entries) {
      if (index >= distribution.head_size || this.shared.has(index)) wrong();
      this.shared.add(index);
      const record = this.records.get(index);
      if (record === undefined) continue;
      if (record.kind !== (isRefund ? REFUND : SALE) || record.body.get(1) !== amount) wrong();
      if (record.kind === SALE || record.kind === REFUND) {
        this.currency ??= record.body.get(2);
        if (record.body.get(2) !== this.currency) wrong();
      }
      if (dateOf(record.time_ms) !== facts.date) wrong();
      const whose = this.whose(record, distribution);
      if (whose === "never") wrong();
      isInDoubt ||= whose === "meanwhile";
    }
    if (isInDoubt) find("split.project_in_doubt", where);
  }

  whose(record, distribution) {
    const block = this.heads.get(distribution.head_size);
    if (block === undefined || this.projects.moves.length === 0) return "always"; // named elsewhere
    return this.projects.whose(distribution.project, record.time_ms, block);
  }

  /** Whether a sale or a refund of the period is in no distribution that was checked. */
  get isShort() {
    return [...this.records].some(
      ([index, { kind, time_ms: time }]) =>
        (kind === SALE || kind === REFUND) && hasTime(this.scope, time) && !this.shared.has(index),
    );
  }
}
