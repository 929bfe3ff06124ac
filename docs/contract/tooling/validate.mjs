// Judges an AsyncAPI file: node validate.mjs FILE. Errors and warnings fail, hints are passed over.
import { argv, exit, stderr, stdout } from "node:process";
import { DiagnosticSeverity, Parser, fromFile } from "@asyncapi/parser";

const { document, diagnostics } = await fromFile(new Parser(), argv[2]).parse();
const faults = diagnostics.filter(({ severity }) => severity <= DiagnosticSeverity.Warning);
for (const { path, message } of faults) {
  stderr.write(`${argv[2]}: ${path?.join("/") || "the whole"}: ${message}\n`);
}
if (faults.length > 0 || document === undefined) {
  exit(1);
}
const counts = `${document.channels().length} channels, ${document.operations().length} operations`;
stdout.write(`AsyncAPI ${document.version()}: ${counts}\n`);
