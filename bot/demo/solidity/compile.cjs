// Usage: node compile.cjs SOURCE.sol CONTRACT NODE_MODULES COMPILER RUNS [ROOT...]: prints creation bytecode, 0x-prefixed.
// COMPILER is the npm package of solc. Imports of packages are looked for in each ROOT (folders below NODE_MODULES), then
// in NODE_MODULES. SOURCE.sol may stand below NODE_MODULES too; imports relative to it work.
const fs = require("fs");
const path = require("path");
const [source, contract, modules, compiler, runs, ...roots] = process.argv.slice(2);
const solc = require(path.join(modules, compiler));
const places = [...roots.map((root) => path.join(modules, root)), modules];
const inside = path.relative(modules, source);
const unit = inside.startsWith("..") ? path.basename(source) : inside;
const input = {
  language: "Solidity",
  sources: { [unit]: { content: fs.readFileSync(source, "utf8") } },
  settings: {
    optimizer: { enabled: true, runs: Number(runs) },
    metadata: { bytecodeHash: "none" },
    outputSelection: { "*": { "*": ["evm.bytecode.object"] } },
  },
};
function find(name) {
  for (const place of places) {
    const file = path.join(place, name);
    if (fs.existsSync(file)) return { contents: fs.readFileSync(file, "utf8") };
  }
  return { error: `no ${name}` };
}
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: find }));
const errors = (output.errors || []).filter((e) => e.severity === "error");
if (errors.length) {
  console.error(errors.map((e) => e.formattedMessage).join("\n"));
  process.exit(1);
}
process.stdout.write("0x" + output.contracts[unit][contract].evm.bytecode.object);
