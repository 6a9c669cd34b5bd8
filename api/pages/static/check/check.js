// "Check it yourself": fetches raw bytes only and verifies them here, step by step. Key and root come from the platform:
// only the reader's own node tells whether they are the registered and the anchored one.

import { concat, decode } from "./cbor.js";
import { Unanswered, forgetNode, hasHead, hasKey, isSameChain, keepNode, ownNode } from "./node.js";
import { equal, hex, rootFromInclusion, sha256, signatureHolds, thumbprint } from "./proof.js";

async function fetchBytes(path) {
  const answer = await fetch(path, { headers: { Accept: "application/cbor" }, cache: "no-store" });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

function openRecord(raw) {
  const item = decode(raw);
  if (item.tag !== 18 || item.value.length !== 4) throw new Error("not a COSE_Sign1");
  const [protectedHeader, unprotected, payload, signature] = item.value;
  const header = decode(protectedHeader);
  if (header.get(1) !== -7 || unprotected.size !== 0) throw new Error("not ES256");
  return { protectedHeader, header, payload, signature, fields: decode(payload) };
}

// Each step answers whether it holds, null where the record waits for its head, and undefined where only the platform says
// so. What it learns it leaves in `seen` for the next ones.
const STEPS = {
  async page(seen, shown) {
    seen.record = openRecord(seen.evidence[0]);
    const { fields, header } = seen.record;
    const body = fields.get(9);
    return (
      header.get(15).get(1) === shown.device &&
      String(fields.get(2)) === shown.epoch &&
      String(fields.get(3)) === shown.sequence &&
      String(fields.get(5)) === shown.time &&
      String(fields.get(8)) === shown.kind &&
      String(body.get(1)) === shown.amount &&
      body.get(2) === shown.currency
    );
  },
  async key(seen) {
    const [, , x, y] = seen.evidence;
    return equal(seen.record.header.get(4), await thumbprint(x, y));
  },
  async signature(seen) {
    const [, , x, y] = seen.evidence;
    const { protectedHeader, payload, signature } = seen.record;
    return signatureHolds(protectedHeader, payload, signature, x, y);
  },
  async chain(seen) {
    const previous = seen.evidence[1];
    const stated = seen.record.fields.get(4);
    if (previous === null) return stated.every((byte) => byte === 0);
    return equal(stated, await sha256(openRecord(previous).payload));
  },
  async inclusion(seen) {
    const [raw, , , , index, size, path, root] = seen.evidence;
    if (size === 0) return null;
    const leaf = await sha256(concat(Uint8Array.of(0), raw));
    seen.root = await rootFromInclusion(index, size, leaf, path);
    return equal(seen.root, root);
  },
  async head(seen) {
    const size = seen.evidence[5];
    if (size === 0) return null;
    const [anchoredSize, anchoredRoot] = decode(await fetchBytes(`/v1/heads/${size}/raw`));
    return anchoredSize === size && equal(anchoredRoot, seen.root);
  },
  async own(seen, shown) {
    const node = ownNode();
    if (node === null) return undefined;
    const [, , x, y, , size] = seen.evidence;
    if (!(await isSameChain(node))) return false;
    if (!(await hasKey(node, shown.device, shown.epoch, shown.sequence, x, y))) return false;
    if (size === 0) return null;
    const answer = await fetch(`/v1/heads/${size}`, { cache: "no-store" });
    const head = await answer.json();
    return head.root === hex(seen.root) && head.size === size && (await hasHead(node, head));
  },
};

async function check(button) {
  const list = document.getElementById(button.getAttribute("aria-controls"));
  const verdict = list.parentElement.querySelector("[data-verdict]");
  button.disabled = true;
  list.hidden = false;
  const items = Array.from(list.querySelectorAll("[data-step]"));
  for (const item of items) item.className = "";
  const seen = {};
  let outcome = "true";
  try {
    if (!globalThis.crypto?.subtle) throw new Error("no WebCrypto");
    seen.evidence = decode(await fetchBytes(`/v1/records/${button.dataset.index}/evidence`));
  } catch (error) {
    outcome = "unreadable";
  }
  for (const item of items) {
    if (outcome === "unreadable" || outcome === "false") { item.className = "skipped"; continue; }
    let holds = false;
    let isUnanswered = false;
    try {
      holds = await STEPS[item.dataset.step](seen, button.dataset);
    } catch (error) {
      isUnanswered = error instanceof Unanswered;
      holds = isUnanswered ? undefined : false;
    }
    item.className = holds === true ? "passed" : holds === false ? "failed" : "waiting";
    if (holds === false) outcome = "false";
    else if (isUnanswered) outcome = "unanswered";
    else if (holds === null && outcome === "true") outcome = "waiting";
    else if (holds === undefined && outcome === "true") outcome = "stated";
    const value = item.querySelector("[data-root]");
    if (value && seen.root) value.textContent = `${hex(seen.root).slice(0, 16)}…`;
  }
  verdict.textContent = verdict.dataset[outcome];
  verdict.className = `verdict ${outcome}`;
  button.disabled = false;
}

// The page is loaded anew: what it may talk to is said with it.
function reopen(form) {
  const { index } = form.closest("section").querySelector("button[data-check]").dataset;
  const place = new URL(`/sales/${index}#sale-${index}`, location.href).href;
  if (place === location.href) location.reload();
  else location.assign(place);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-check]");
  if (button) check(button);
  const forget = event.target.closest("button[data-forget]");
  if (forget) {
    forgetNode();
    reopen(forget.closest("form"));
  }
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-node]");
  if (!form) return;
  event.preventDefault();
  try {
    await keepNode(form.elements.url.value, form.elements.deployment.files[0]);
  } catch (error) {
    form.querySelector("[role=status]").textContent = form.dataset.refused;
    return;
  }
  reopen(form);
});
