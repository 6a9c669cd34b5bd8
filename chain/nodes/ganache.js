// ganache behind a socket of its own folder: one JSON-RPC request a line, one response a line.
//
// Rules that this file keeps:
// - The mnemonic comes on the standard input, as no process can read it there. Nobody else gets it.
// - Accounts are locked: nothing is signed here.
// - With a port it listens on the loopback as ganache itself does, for who starts a chain of his own and gives orders.
"use strict";
const net = require("net");
const fs = require("fs");

const settings = JSON.parse(fs.readFileSync(0, "utf8"));
const ganache = require(settings.program);
const options = {
  chain: { chainId: settings.chainId, networkId: settings.chainId, hardfork: "merge" },
  database: { dbPath: settings.database },
  wallet: {
    mnemonic: settings.mnemonic,
    totalAccounts: settings.accounts,
    defaultBalance: settings.balance,
    lock: true,
  },
  miner: {
    blockTime: settings.blockTime,
    blockGasLimit: settings.gasLimit,
    defaultGasPrice: "0x1",
  },
  logging: { quiet: true },
};

let end;
if (settings.socket) {
  const provider = ganache.provider(options);
  const one = (call) =>
    new Promise((done) =>
      provider.send(call, (error, found) => {
        if (!error) return done(found);
        const said = (found && found.error) || {};
        const { stack, ...kept } = said;
        const told = { message: error.message, code: error.code, data: error.data, ...kept };
        done({ jsonrpc: "2.0", id: call.id === undefined ? null : call.id, error: told });
      }),
    );
  const serve = async (line) => {
    const asked = JSON.parse(line);
    return JSON.stringify(
      Array.isArray(asked) ? await Promise.all(asked.map(one)) : await one(asked),
    );
  };
  fs.rmSync(settings.socket, { force: true });
  const server = net.createServer((peer) => {
    let kept = "";
    let turn = Promise.resolve();
    peer.setEncoding("utf8");
    peer.on("error", () => peer.destroy());
    peer.on("data", (piece) => {
      const lines = (kept + piece).split("\n");
      kept = lines.pop();
      for (const line of lines) {
        turn = turn
          .then(() => serve(line))
          .then((found) => peer.write(found + "\n"))
          .catch(() => peer.destroy());
      }
    });
  });
  process.umask(0o077);
  provider.once("connect").then(() => server.listen(settings.socket));
  end = () => provider.disconnect();
} else {
  const server = ganache.server(options);
  server.listen(settings.port, "127.0.0.1", (failed) => {
    if (failed) throw failed;
  });
  end = () => server.close();
}
process.on("SIGTERM", () => Promise.resolve(end()).then(() => process.exit(0)));
