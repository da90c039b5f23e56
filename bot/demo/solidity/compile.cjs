// Usage: node compile.cjs SOURCE.sol CONTRACT NODE_MODULES: prints the contract's creation bytecode, 0x-prefixed.
const fs = require("fs");
const path = require("path");
const [source, contract, modules] = process.argv.slice(2);
const solc = require(path.join(modules, "solc"));
const input = {
  language: "Solidity",
  sources: { "source.sol": { content: fs.readFileSync(source, "utf8") } },
  settings: {
    evmVersion: "paris",
    optimizer: { enabled: true, runs: 200 },
    metadata: { bytecodeHash: "none" },
    outputSelection: { "*": { "*": ["evm.bytecode.object"] } },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input)));
const errors = (output.errors || []).filter((e) => e.severity === "error");
if (errors.length) {
  console.error(errors.map((e) => e.formattedMessage).join("\n"));
  process.exit(1);
}
process.stdout.write("0x" + output.contracts["source.sol"][contract].evm.bytecode.object);
