// A second verifier of bundles, written from docs/formats/: it shares no code with the product.
//
//   node verify.mjs FILE --root-ca ROOT.pem [--deployment FILE.json] [--deployment-hash HEX] [--crl FILE.der]…
//       [--log-key KEY] [--witness KEY]… [--witnesses-at-least N]
//   node verify.mjs --each      a JSON object a line on the standard input, a JSON answer a line
//
// It answers {"verdict": …, "findings": [{"code": …, "where": …}, …]}, with exit 0 valid, 1 invalid, 2 unverifiable.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

import { readRoot } from "./certificates.mjs";
import { readKey } from "./log.mjs";
import { CONTRACT_NAMES, deploymentHashOf, verifyBundle } from "./steps.mjs";

const MAX_BYTES = 256 * 1024 * 1024;
const EXIT = { valid: 0, invalid: 1, unverifiable: 2 };

function trusted(asked) {
  const hash = asked.deployment_hash ? Buffer.from(asked.deployment_hash.replace(/^0x/i, ""), "hex") : null;
  if (hash !== null && hash.length !== 32) throw new Error("a deployment's hash has 32 bytes");
  return {
    root: readRoot(asked.root),
    lists: (asked.lists ?? []).map((der) => Buffer.from(der, "base64")),
    log: asked.log_key ? readKey(asked.log_key, 1) : null,
    witnesses: (asked.witnesses ?? []).map((key) => readKey(key, 4)),
    atLeast: asked.at_least ?? null,
    addresses: asked.addresses ?? null,
    deploymentHash: hash,
  };
}

async function answerEach() {
  for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    const answer = verifyBundle(Buffer.from(asked.bundle, "base64"), trusted(asked));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

function fromFiles() {
  const text = { type: "string" };
  const many = { type: "string", multiple: true };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      "root-ca": text,
      deployment: text,
      "deployment-hash": text,
      crl: many,
      "log-key": text,
      witness: many,
      "witnesses-at-least": text,
    },
  });
  const asked = {
    root: readFileSync(values["root-ca"], "utf8"),
    deployment_hash: values["deployment-hash"],
    lists: (values.crl ?? []).map((file) => readFileSync(file).toString("base64")),
    log_key: values["log-key"],
    witnesses: values.witness,
  };
  if (values["witnesses-at-least"] !== undefined) asked.at_least = Number(values["witnesses-at-least"]);
  if (values.deployment !== undefined) {
    const { chain_id: chainId, contracts } = JSON.parse(readFileSync(values.deployment, "utf8"));
    asked.addresses = Object.fromEntries(CONTRACT_NAMES.map((name) => [name, contracts[name].address]));
    const hash = deploymentHashOf(chainId, Object.values(asked.addresses)).toString("hex");
    if (asked.deployment_hash && asked.deployment_hash !== hash) throw new Error("two deployments are pinned");
    asked.deployment_hash = hash;
  }
  const data = readFileSync(positionals[0]);
  if (data.length > MAX_BYTES) throw new Error("more than 256 MiB");
  return verifyBundle(data, trusted(asked));
}

if (process.argv.includes("--each")) await answerEach();
else {
  try {
    const answer = fromFiles();
    process.stdout.write(`${JSON.stringify(answer)}\n`);
    process.exitCode = EXIT[answer.verdict];
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}
