// What a project's split pays by its terms: docs/formats/waterfall.md. Amounts are BigInts in minor units.

import { hex } from "./hashing.mjs";
import { NoProof, struct } from "./chain.mjs";

const [REFUND, TAX, GOODS, FEE, SWEEP, ALLOCATION, RESIDUAL] = [0, 1, 2, 3, 4, 5, 6];
const MOST_DEBTORS = 64;
const MOST_UNITS = 256;
const MOST_RUNS = 500;
const MONTH = 1n;
const OTHER_GOODS = "00".repeat(32);

const least = (a, b) => (a < b ? a : b);
const most = (a, b) => (a > b ? a : b);

/** What the split would have refused. */
export class Refused extends Error {}

function require(holds, what) {
  if (!holds) throw new Refused(what);
}

const TERMS = {
  terms: {
    effectiveFrom: "uint32",
    period: "uint8",
    refundAccount: "address",
    taxAccount: "address",
    feeAccount: "address",
    sweepAccount: "address",
    residualAccount: "address",
    senior: { feeBasisPoints: "uint16", sweepBasisPoints: "uint16", sweepCap: "uint128" },
    goods: { list: { goods: "bytes32", supplier: "address", supply: "uint8", unitCost: "uint88" } },
    allocations: { list: { account: "address", basis: "uint8", value: "uint88", minimum: "uint128", cap: "uint128" } },
  },
};

/** The terms in the ABI's encoding. */
export function readTerms(encoded) {
  const { terms } = struct(TERMS, encoded);
  if (terms.allocations.some(({ basis }) => basis > 3n)) throw new NoProof("no such basis");
  return terms;
}

const accountsOf = (terms) => {
  const plain = ["refundAccount", "taxAccount", "feeAccount", "sweepAccount", "residualAccount"].map((n) => terms[n]);
  const named = [...plain, ...terms.goods.map((one) => one.supplier), ...terms.allocations.map((one) => one.account)];
  return new Set(named.map(hex));
};

/** [tier, account, amount] of each entitlement below the goods, by a period's totals. */
function due(totals, terms) {
  const { feeBasisPoints, sweepBasisPoints, sweepCap } = terms.senior;
  const net = most(0n, totals.gross - totals.refunds - totals.tax);
  const fee = (net * feeBasisPoints) / 10_000n;
  let rest = most(0n, net - totals.cost - fee);
  let sweep = (rest * sweepBasisPoints) / 10_000n;
  if (sweepCap > 0n) sweep = least(sweep, sweepCap);
  rest -= sweep;
  const lines = [
    [FEE, hex(terms.feeAccount), fee],
    [SWEEP, hex(terms.sweepAccount), sweep],
  ];
  for (const { account, basis, value, minimum, cap } of terms.allocations) {
    const bases = [value, value * totals.units, (net * value) / 10_000n, (rest * value) / 10_000n];
    let amount = most(bases[Number(basis)], minimum);
    if (cap > 0n) amount = least(amount, cap);
    rest = most(0n, rest - amount);
    lines.push([ALLOCATION, hex(account), amount]);
  }
  return lines;
}

/** A map of amounts, 0 where there is none. */
class Amounts extends Map {
  of(key) {
    return this.get(key) ?? 0n;
  }

  add(key, amount) {
    this.set(key, this.of(key) + amount);
  }
}

export const creditor = (tier, account) => `${tier} ${account}`;

export class Waterfall {
  terms = [];

  batches = new Set();

  totals = new Map();

  owed = new Amounts();

  debtors = [];

  waiting = [];

  pools = new Map();

  lastVersion = 0;

  /** The number of the terms in force on *date*, from 1. */
  versionOn(date) {
    const version = this.terms.findLastIndex((one) => one.effectiveFrom <= date) + 1;
    require(version > 0, "no terms");
    return version;
  }

  /** What each creditor gets by the distribution that *call* asks for. */
  distribute(call) {
    require(!this.batches.has(hex(call.batch)), "distributed before");
    require(call.units.length <= MOST_UNITS, "too many kinds of goods");
    const version = this.versionOn(call.periodStart);
    const terms = this.terms[version - 1];
    const scale = terms.period === MONTH ? 100n : 1n;
    const key = call.periodStart / scale;
    const isOne = call.periodEnd >= call.periodStart && call.periodEnd / scale === key;
    require(isOne && this.versionOn(call.periodEnd) === version, "two periods, or two terms");
    const costs = this.costs(terms, call);
    const more = this.count(terms, call, key, costs);
    const paid = this.pay(call.gross, costs, more, hex(terms.residualAccount));
    for (const [to, amount] of paid) {
      const pool = this.pools.get(to.split(" ")[1]);
      if (pool !== undefined) pool.paid += amount;
    }
    this.batches.add(hex(call.batch));
    this.lastVersion = Math.max(this.lastVersion, version);
    return paid;
  }

  costs(terms, call) {
    const lines = new Map(terms.goods.map((one) => [hex(one.goods), one]));
    const costs = new Amounts();
    for (const { goods, count } of call.units) {
      const line = lines.get(hex(goods)) ?? lines.get(OTHER_GOODS);
      require(line !== undefined, "goods without a price");
      costs.add(hex(line.supplier), line.unitCost * count);
    }
    return costs;
  }

  /** Count the batch in its period: [tier, account, amount] of what is due in addition, but for the goods. */
  count(terms, call, key, costs) {
    const isFirst = !this.totals.has(key);
    if (isFirst) this.totals.set(key, { gross: 0n, refunds: 0n, tax: 0n, cost: 0n, units: 0n });
    const totals = this.totals.get(key);
    const before = isFirst ? [] : due(totals, terms).map(([, , amount]) => amount);
    totals.gross += call.gross;
    totals.refunds += call.refunds;
    totals.tax += call.tax;
    for (const cost of costs.values()) totals.cost += cost;
    for (const { count } of call.units) totals.units += count;
    return [
      [REFUND, hex(terms.refundAccount), call.refunds],
      [TAX, hex(terms.taxAccount), call.tax],
      ...due(totals, terms).map(([tier, account, amount], at) => [tier, account, amount - (before[at] ?? 0n)]),
    ];
  }

  pay(gross, costs, more, residual) {
    const paid = new Amounts();
    const before = new Amounts(this.owed);
    let cash = gross;
    const settle = (to, added = 0n) => {
      const owed = this.owed.of(to) + added;
      const now = least(cash, most(0n, owed));
      this.owed.set(to, owed - now);
      cash -= now;
      paid.add(to, now);
    };
    for (let tier = REFUND; tier <= RESIDUAL; tier += 1) {
      for (const to of this.debtors) if (to.startsWith(`${tier} `)) settle(to);
      if (tier === GOODS) for (const [supplier, cost] of costs) settle(creditor(tier, supplier), cost);
      for (const [of, account, amount] of more) if (of === tier) settle(creditor(tier, account), amount);
    }
    this.keepDebts([...paid.keys()].filter((to) => this.owed.of(to) > 0n && before.of(to) <= 0n));
    paid.add(creditor(RESIDUAL, residual), cash);
    return paid;
  }

  keepDebts(fresh) {
    this.debtors = this.debtors.filter((to) => this.owed.of(to) > 0n);
    let looked = 0;
    while (this.debtors.length < MOST_DEBTORS && looked < Math.min(MOST_DEBTORS, this.waiting.length)) {
      if (this.owed.of(this.waiting[looked]) > 0n) this.debtors.push(this.waiting[looked]);
      looked += 1;
    }
    this.waiting.splice(0, looked);
    for (const to of fresh) {
      (this.debtors.length < MOST_DEBTORS && this.waiting.length === 0 ? this.debtors : this.waiting).push(to);
    }
  }

  addPool(account, investors) {
    const places = new Map();
    let weights = 0n;
    for (const { account: investor, weight } of investors) {
      places.set(hex(investor), { before: weights, weight, taken: 0n, finished: 0 });
      weights += weight;
    }
    this.pools.set(account, { places, weights, paid: 0n, ends: [] });
  }

  /** What the investor takes of the pool by one call. */
  take(account, investor) {
    const pool = this.pools.get(account);
    require(pool !== undefined, "no such pool");
    const place = pool.places.get(investor);
    require(place !== undefined, "no investor");
    const runs = Math.min(pool.ends.length, place.finished + MOST_RUNS);
    let [earned, start] = [0n, 0n];
    for (const end of pool.ends.slice(0, runs)) {
      const paid = end - start;
      earned += (paid * (place.before + place.weight)) / pool.weights - (paid * place.before) / pool.weights;
      start = end;
    }
    if (runs === pool.ends.length) earned += ((pool.paid - start) * place.weight) / pool.weights;
    const amount = earned - place.taken;
    require(amount !== 0n || runs !== place.finished, "nothing to take");
    place.taken += amount;
    place.finished = runs;
    return amount;
  }

  /** End the pool's run: what had ever been paid to it. */
  end(account) {
    const pool = this.pools.get(account);
    require(pool !== undefined, "no such pool");
    require(this.lastVersion > 0 && !accountsOf(this.terms[this.lastVersion - 1]).has(account), "still in force");
    require(pool.paid !== (pool.ends.at(-1) ?? 0n), "nothing was paid");
    pool.ends.push(pool.paid);
    return pool.paid;
  }
}
