// Token suite 1 in JavaScript, written from its definition (docs/decisions/0002 and the suite's
// formulas) and not from the Python code, so that the two can be held against each other.
//
//   node tokens.mjs < INPUTS > TOKENS      one JSON object a line
//
// in   {"plate", "tenant", "site", "epoch" (text), "k_stretch", "k_site" (hexadecimal)}
// out  {"canon", "folded", "exact", "fold"}, or {"refused": true} where the plate is none
import { createHash, createHmac } from "node:crypto";
import { createInterface } from "node:readline";
import { argon2id } from "hash-wasm";

const TAG = Buffer.from("alpr-token/v1");
const SEPARATORS = new Set(" -.·•_/\u2010\u2011\u2013\u2014\t");
const CYRILLIC = { А: "A", В: "B", Е: "E", К: "K", М: "M", Н: "H", О: "O", Р: "P", С: "C", Т: "T", У: "Y", Х: "X", І: "I" };
const FOLDED = { O: "0", D: "0", Q: "0", I: "1", Z: "2", S: "5", B: "8", G: "6" };

// Decimal digits stand in runs of ten, from zero to nine (The Unicode Standard, section 4.6).
function digit(character) {
  if (!/^\p{Decimal_Number}$/u.test(character)) return character;
  let zero = character.codePointAt(0);
  while (/^\p{Decimal_Number}$/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((character.codePointAt(0) - zero) % 10);
}

function canonical(plate) {
  const kept = [...plate.normalize("NFKD").toUpperCase()]
    .filter((character) => !/^\p{M}$/u.test(character) && !SEPARATORS.has(character))
    .map((character) => CYRILLIC[character] ?? digit(character))
    .join("");
  return /^[A-Z0-9]{2,12}$/.test(kept) ? kept : null;
}

const prefixed = (text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text, "ascii")]);

function u64(text) {
  const octets = Buffer.alloc(8);
  octets.writeBigUInt64BE(BigInt(text));
  return octets;
}

const mac = (key, ...parts) => createHmac("sha256", key).update(Buffer.concat([TAG, ...parts])).digest();

async function tokens(input) {
  const canon = canonical(input.plate);
  if (canon === null) return { refused: true };
  const folded = [...canon].map((character) => FOLDED[character] ?? character).join("");
  const [stretchKey, siteKey] = [Buffer.from(input.k_stretch, "hex"), Buffer.from(input.k_site, "hex")];
  const salt = createHash("sha256")
    .update(Buffer.concat([TAG, Buffer.from([2]), prefixed(input.tenant), u64(input.epoch)]))
    .digest()
    .subarray(0, 16);
  const stretched = await argon2id({
    password: mac(stretchKey, Buffer.from([1]), prefixed(folded)),
    salt,
    iterations: 3,
    memorySize: 64 * 1024,
    parallelism: 4,
    hashLength: 32,
    outputType: "binary",
  });
  const place = Buffer.concat([prefixed(input.site), u64(input.epoch), Buffer.from(stretched)]);
  const exact = mac(siteKey, Buffer.from([3]), place, prefixed(canon)).subarray(0, 16);
  const fold = mac(siteKey, Buffer.from([4]), place).subarray(0, 16);
  return { canon, folded, exact: exact.toString("hex"), fold: fold.toString("hex") };
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await tokens(JSON.parse(line))));
}
