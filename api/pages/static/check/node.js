// The reader's own node, kept in this browser alone: what the contracts say there of a machine's key and of a head.

import { hex, sha256 } from "./proof.js";

const KEPT = "counterfoil.node";
// The server lets this page talk to the origin in this cookie, and to no other.
const COOKIE = "counterfoil_node";
const MOST_BYTES = 65_536;
const SELECTORS = { signingKey: "38f9bc6f", requireHead: "fb619ad5" };

export function ownNode() {
  try {
    return JSON.parse(localStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

// Keeps the node at `url` and the contracts that the deployment `file` names; throws where either can't be read.
export async function keepNode(url, file) {
  const place = new URL(url);
  if (!["http:", "https:"].includes(place.protocol) || file.size > MOST_BYTES) throw new Error("no node or file");
  const said = JSON.parse(await file.text());
  const [devices, anchor] = ["DeviceRegistry", "RecordAnchor"].map((name) => said.contracts[name].address);
  const isAddress = (value) => /^0x[0-9a-fA-F]{40}$/.test(value);
  if (!Number.isSafeInteger(said.chain_id) || ![devices, anchor].every(isAddress)) throw new Error("no deployment");
  localStorage.setItem(KEPT, JSON.stringify({ url: place.href, chainId: said.chain_id, devices, anchor }));
  setCookie(place.origin, 31_536_000);
}

export function forgetNode() {
  localStorage.removeItem(KEPT);
  setCookie("", 0);
}

function setCookie(origin, seconds) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${COOKIE}=${origin}; Path=/; SameSite=Strict; Max-Age=${seconds}${secure}`;
}

// The node did not answer: nothing is known, for or against.
export class Unanswered extends Error {}

async function ask(node, method, params) {
  let said;
  try {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(node.url, { method: "POST", headers, body, credentials: "omit" });
    said = await answer.json();
  } catch {
    throw new Unanswered(method);
  }
  if (said.error) throw new Error(said.error.message);
  return said.result;
}

function word(value) {
  return typeof value === "string" ? value.padStart(64, "0") : BigInt(value).toString(16).padStart(64, "0");
}

async function call(node, to, selector, words) {
  const data = `0x${selector}${words.map(word).join("")}`;
  const result = await ask(node, "eth_call", [{ to, data }, "latest"]);
  return result.slice(2).match(/.{64}/g) ?? [];
}

export async function isSameChain(node) {
  return Number(BigInt(await ask(node, "eth_chainId", []))) === node.chainId;
}

// Whether the registry has (x, y) for this epoch of the machine, and lets it sign this number.
export async function hasKey(node, device, epoch, sequence, x, y) {
  const name = hex(await sha256(new TextEncoder().encode(device)));
  const found = await call(node, node.devices, SELECTORS.signingKey, [name, epoch]);
  if (found.length < 5 || found[0] !== hex(x) || found[1] !== hex(y)) return false;
  const number = BigInt(sequence);
  return BigInt(`0x${found[3]}`) <= number && number <= BigInt(`0x${found[4]}`);
}

// Whether the contract keeps just this head. It refuses one that it does not keep, which is an error of the node's.
export async function hasHead(node, head) {
  const hashes = [head.root, head.state, head.figures, head.annex];
  const found = await call(node, node.anchor, SELECTORS.requireHead, [...hashes, head.size, head.previous_size]);
  return found.length === 1;
}
