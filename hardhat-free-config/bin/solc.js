// Standard JSON in, standard JSON out, through npm's solc.
const fs = require("node:fs");
const solc = require("../node_modules/solc");

const args = process.argv.slice(2);
if (args.includes("--version")) {
  // npm's solc says 0.8.37+commit.….Emscripten.clang; callers parse the native compiler's form.
  const version = solc.version().replace(/\.Emscripten\.clang$/, "");
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${version}.Linux.g++`);
} else if (args.includes("--standard-json")) {
  const last = args[args.length - 1];
  const input = fs.readFileSync(last === "-" || last.startsWith("--") ? 0 : last, "utf8");
  process.stdout.write(solc.compile(input));
} else {
  console.error("solc: only --version and --standard-json are known here");
  process.exit(2);
}
