// The money: terms, distributions and pools as the chain's events have them, and made again. Step 13.

import { NoProof, distributionIn, eventsOf, poolAccount } from "./chain.mjs";
import { hex, keccak, same } from "./hashing.mjs";
import { hasDate, projectId } from "./projects.mjs";
import { Refused, Waterfall, creditor, readTerms } from "./waterfall.mjs";

const NOBODY = Buffer.alloc(20);

export class Money {
  constructor(bundle, proven, facts, find) {
    Object.assign(this, { bundle, proven, facts, find });
    this.project = projectId(bundle.scope);
    this.waterfall = new Waterfall();
    this.terms = new Map(bundle.terms.map((one, at) => [`${hex(one.transaction_hash)} ${one.version}`, at]));
    this.distributions = new Map(
      bundle.distributions.map((one, at) => [`${hex(one.transaction_hash)} ${hex(one.batch)}`, at]),
    );
    this.takes = new Map();
    bundle.takes.forEach((one, at) => {
      const key = [one.transaction_hash, one.pool, one.account].map(hex).join(" ");
      this.takes.set(key, [...(this.takes.get(key) ?? []), at]);
    });
  }

  check() {
    this.checkTwins();
    this.checkPools();
    const { terms, distributions, takes } = this.bundle;
    const named = new Set([...terms, ...distributions, ...takes].map((one) => hex(one.transaction_hash)));
    const found = [...named].map((hash) => this.proven.get(hash)).filter((one) => one !== undefined);
    for (const transaction of found.sort(inOrder)) {
      try {
        this.checkTransaction(transaction);
      } catch (error) {
        if (!(error instanceof NoProof)) throw error;
        this.find("split.mismatch", `transaction ${hex(transaction.hash)}`);
      }
    }
    for (const at of this.terms.values()) this.find("split.terms_mismatch", `terms[${at}]`);
    for (const at of this.distributions.values()) this.find("split.mismatch", `distributions[${at}]`);
    for (const at of [...this.takes.values()].flat()) this.find("split.mismatch", `takes[${at}]`);
  }

  /** A row that repeats another's event is compared with nothing. */
  checkTwins() {
    for (const part of ["terms", "distributions"]) {
      const known = new Set(this[part].values());
      this.bundle[part].forEach((_, at) => {
        if (!known.has(at)) this.find("split.mismatch", `${part}[${at}]`);
      });
    }
  }

  checkPools() {
    const { pools, scope } = this.bundle;
    if (scope.revenue_split === "") {
      if (pools.length > 0) this.find("split.mismatch", "scope");
      return;
    }
    const split = Buffer.from(scope.revenue_split.slice(2), "hex");
    pools.forEach(({ account, pieces }, at) => {
      const investors = pieces.flat();
      const isItsOwn = same(poolAccount(pieces, split, this.project), account);
      if (isItsOwn && investors.length > 0) this.waterfall.addPool(hex(account), investors);
      else this.find("split.mismatch", `pools[${at}]`);
    });
  }

  checkTransaction(transaction) {
    const events = eventsOf(transaction, this.bundle.scope.revenue_split).filter(
      ({ project }) => project !== undefined && same(project, this.project),
    );
    const credits = new Map();
    for (const event of events.filter(({ name }) => name === "Credited")) {
      const amounts = credits.get(hex(event.batch)) ?? new Map();
      credits.set(hex(event.batch), amounts);
      add(amounts, creditor(event.tier, hex(event.account)), event.amount);
    }
    for (const event of events) {
      if (event.name === "TermsSet") this.checkTerms(transaction, event);
      if (event.name === "PoolTaken" || event.name === "PoolEnded") this.checkTake(transaction, event);
      if (event.name !== "Distributed") continue;
      const amounts = credits.get(hex(event.batch)) ?? new Map();
      credits.delete(hex(event.batch));
      this.checkDistribution(transaction, event, amounts);
    }
    for (const batch of credits.keys()) this.find("split.mismatch", `batch ${batch}`);
  }

  checkPlace(row, { header }, code, where) {
    if (row.block_number !== header.number || !same(row.block_hash, header.hash)) this.find(code, where);
  }

  checkTerms(transaction, event) {
    const key = `${hex(transaction.hash)} ${event.version}`;
    const wrong = (where) => this.find("split.terms_mismatch", where);
    const at = this.terms.get(key);
    if (at === undefined) {
      wrong(`terms version ${event.version}`);
      return;
    }
    this.terms.delete(key);
    const row = this.bundle.terms[at];
    const where = `terms[${at}]`;
    this.checkPlace(row, transaction, "split.terms_mismatch", where);
    if (row.version !== BigInt(this.waterfall.terms.length + 1)) wrong(where);
    if (!same(keccak(row.encoded), event.termsHash)) wrong(where);
    try {
      this.waterfall.terms.push(readTerms(row.encoded));
    } catch (error) {
      if (!(error instanceof NoProof)) throw error;
      wrong(where);
    }
  }

  checkTake(transaction, event) {
    const isEnd = event.name === "PoolEnded";
    const account = isEnd ? NOBODY : event.account;
    const amount = isEnd ? event.paid : event.amount;
    const pool = hex(event.pool);
    const at = this.takes.get([hex(transaction.hash), pool, hex(account)].join(" "))?.shift();
    if (at === undefined) {
      this.find("split.mismatch", `pool ${pool}`);
      return;
    }
    const where = `takes[${at}]`;
    const row = this.bundle.takes[at];
    this.checkPlace(row, transaction, "split.mismatch", where);
    if (row.amount !== amount) this.find("split.mismatch", where);
    this.attempt(where, () => {
      const mine = isEnd ? this.waterfall.end(pool) : this.waterfall.take(pool, hex(account));
      if (mine !== amount) this.find("split.mismatch", where);
    });
  }

  checkDistribution(transaction, event, credited) {
    const key = `${hex(transaction.hash)} ${hex(event.batch)}`;
    const at = this.distributions.get(key);
    if (at === undefined) {
      this.find("split.mismatch", `distribution ${hex(event.batch)}`);
      return;
    }
    this.distributions.delete(key);
    const row = this.bundle.distributions[at];
    const where = `distributions[${at}]`;
    const called = distributionIn(transaction.data);
    if (called === null || !same(called.batch, event.batch)) {
      this.find("split.call_unknown", where);
      return;
    }
    this.checkPlace(row, transaction, "split.mismatch", where);
    if (!isAsCalled(row, { ...called, ...event }) || !sameAmounts(creditsOf(row), credited)) {
      this.find("split.mismatch", where);
    }
    this.attempt(where, () => {
      const paid = this.waterfall.distribute(called);
      const version = BigInt(this.waterfall.versionOn(called.periodStart));
      if (version !== event.version || !sameAmounts(paid, credited)) this.find("split.mismatch", where);
    });
    if (hasDate(this.bundle.scope, row.period_start)) {
      if (!this.bundle.heads.some(({ size }) => size === row.head_size)) this.find("split.mismatch", where);
      if (row.content.length === 0) this.find("split.facts_missing", where);
    }
    if (row.content.length > 0) this.facts.check(row, where, this.find);
  }

  attempt(where, make) {
    try {
      make();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.find("split.mismatch", where);
    }
  }
}

const inOrder = (a, b) => (a.header.number === b.header.number ? less(a.index, b.index) : less(a.header.number, b.header.number));
const less = (a, b) => (a < b ? -1 : 1);
const add = (amounts, key, amount) => amounts.set(key, (amounts.get(key) ?? 0n) + amount);

function creditsOf(row) {
  const amounts = new Map();
  for (const { tier, account, amount } of row.credits) add(amounts, creditor(tier, hex(account)), amount);
  return amounts;
}

const sameAmounts = (a, b) =>
  [...a, ...b].every(([key]) => (a.get(key) ?? 0n) === (b.get(key) ?? 0n));

/** Whether every value of the row is the one of the call and of the event. */
function isAsCalled(row, said) {
  const pairs = [
    [row.version, said.version],
    [row.period_start, said.periodStart],
    [row.period_end, said.periodEnd],
    [row.gross, said.gross],
    [row.refunds, said.refunds],
    [row.tax, said.tax],
    [row.head_size, said.headSize],
  ];
  if (pairs.some(([a, b]) => a !== b) || !same(row.project, said.project) || !same(row.facts, said.facts)) return false;
  if (row.units.length !== said.units.length) return false;
  return row.units.every(({ goods, sold }, at) => same(goods, said.units[at].goods) && sold === said.units[at].count);
}
