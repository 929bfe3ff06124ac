// Judges docs/contract: node validate.mjs FOLDER. AsyncAPI's own parser reads asyncapi.yaml (errors
// and warnings fail, hints are passed over); Ajv, unlike what the tests in Python use, reads the
// schemas and the good messages of messages.json.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { argv, exit, stderr, stdout } from "node:process";
import { DiagnosticSeverity, Parser, fromFile } from "@asyncapi/parser";
import Ajv from "ajv";

const folder = argv[2];
const file = join(folder, "asyncapi.yaml");
const { document, diagnostics } = await fromFile(new Parser(), file).parse();
const faults = diagnostics
  .filter(({ severity }) => severity <= DiagnosticSeverity.Warning)
  .map(({ path, message }) => `${file}: ${path?.join("/") || "the whole"}: ${message}`);

const ajv = new Ajv({ strict: true, allErrors: true });
ajv.addKeyword("x-parser-schema-id"); // the parser's own mark
const judge = (schema, value, what) => {
  if (!ajv.validate(schema, value)) faults.push(`${what}: ${ajv.errorsText()}`);
};
const decode = (part) => JSON.parse(Buffer.from(part, "base64url"));
const judgeDocument = (text, { header, claims, inside = {}, sealed }, what) => {
  const [headerPart, claimsPart] = text.split(".");
  judge(header, decode(headerPart), `${what}, header`);
  if (sealed !== undefined) {
    const jwe = Buffer.from(claimsPart, "base64url").toString("ascii");
    judge({ type: "string", pattern: sealed.pattern }, jwe, `${what}, sealed`);
    judge(sealed.header, decode(jwe.split(".")[0]), `${what}, header of the sealed part`);
    return; // what is inside only the booth can judge
  }
  judge(claims, decode(claimsPart), `${what}, claims`);
  for (const [name, jws] of Object.entries(inside)) {
    judgeDocument(decode(claimsPart)[name], jws, `${what}, ${name}`);
  }
};

const { messages, ...files } = JSON.parse(readFileSync(join(folder, "messages.json")));
const good = messages.filter(({ verdict }) => verdict !== "refused");
for (const { what, topic, payload } of document ? good : []) {
  const message = document.json().components.messages[topic.split("/").at(-1)];
  if (message.contentType === "text/plain") {
    judge(message.payload, payload, what);
  } else if (message["x-jws"] === undefined) {
    judge(message.payload, JSON.parse(payload), what);
  } else {
    judge(message.payload, payload, what);
    judgeDocument(payload, message["x-jws"], what);
  }
}

for (const [name, file] of Object.entries(document?.json()["x-files"] ?? {})) {
  judge(file.payload, files[name], name);
  judgeDocument(files[name], file["x-jws"], name);
}

if (faults.length > 0 || document === undefined) {
  stderr.write(`${faults.join("\n")}\n`);
  exit(1);
}
const counts = `${document.channels().length} channels, ${document.operations().length} operations`;
stdout.write(`AsyncAPI ${document.version()}: ${counts}, ${good.length} good messages\n`);
