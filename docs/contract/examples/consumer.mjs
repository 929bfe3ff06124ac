// Prints what certified booths say: node consumer.mjs URL AUTHORITY_FILE [CA CERTIFICATE KEY]
// The file holds the authority's public key, 32 bytes in base64url: pin it, and trust no other.
import { readFileSync } from "node:fs";
import { compactVerify, decodeJwt, decodeProtectedHeader, importJWK } from "jose";
import mqtt from "mqtt";

const [url, authorityFile, ...tlsFiles] = process.argv.slice(2);
const [ca, cert, key] = tlsFiles.map((file) => readFileSync(file));
const publicKey = (x) => importJWK({ kty: "OKP", crv: "Ed25519", x }, "EdDSA");
const authority = await publicKey(readFileSync(authorityFile, "ascii").trim());
const jws = /^[\w-]+\.[\w-]+\.[\w-]{85}[AQgw]$/; // strict, so that a document has one text only
const booths = new Map(); // what verified births have named: a key by address and key id
const seen = new Set(); // a real consumer has a unique key in its database instead
const early = []; // came before the birth that names its key

async function open(text, key, typ) {
  if (!jws.test(text)) throw new Error("no signed document");
  const opened = await compactVerify(text, key, { algorithms: ["EdDSA", "Ed25519"] });
  if (opened.protectedHeader.typ !== typ) throw new Error(`no ${typ}`); // none passes for another
  return JSON.parse(Buffer.from(opened.payload));
}

const isValid = ({ not_before, not_after }, at) => not_before <= at && at <= not_after;

async function openBirth(text, address) {
  const certificate = await open(decodeJwt(text).certificate, authority, "lpr-certificate+jws");
  if (!isValid(certificate, Date.now() / 1000)) throw new Error("certificate not valid now");
  const { tenant, site, device } = certificate;
  if (`${tenant}/${site}/${device}` !== address) throw new Error("certificate of another booth");
  const key = await publicKey(certificate.event_key);
  const { boot } = await open(text, key, "lpr-birth+jws");
  booths.set(`${address} ${decodeProtectedHeader(text).kid}`, { key, certificate });
  return { kind: "birth", address, boot };
}

// What a booth of hits alone packs into one claim: its own list had this entry.
function takeHitApart({ hit, ...claims }) {
  if (hit === undefined) return claims;
  if (!/^[\w-]{53}[AQgw][AE]$/.test(hit) || "exact" in claims || "fold" in claims) {
    throw new Error("no hit");
  }
  const octets = Buffer.from(hit, "base64url");
  const part = (from, to) => octets.subarray(from, to).toString("base64url");
  const tokens = { exact: part(0, 16), fold: part(16, 32) };
  return { ...claims, ...tokens, entry: part(32, 40), possible: octets[40] === 1 };
}

async function judge(topic, text) {
  const [address, kind] = topic.match(/^lpr\/v1\/(.+)\/(\w+)$/).slice(1);
  if (kind === "birth") return openBirth(text, address);
  const booth = booths.get(`${address} ${decodeProtectedHeader(text).kid}`);
  if (!booth) return early.push([topic, text]) && { kind: "early", address };
  const claims = takeHitApart(await open(text, booth.key, `lpr-${kind}+jws`));
  if (kind !== "sighting") return { kind, address, ...claims };
  if (!isValid(booth.certificate, claims.at)) throw new Error("certificate not valid then");
  const again = seen.size === seen.add(`${address} ${claims.boot} ${claims.seq}`).size;
  return { kind: again ? "again" : kind, address, ...claims }; // delivery is at least once
}

async function receive(topic, text) {
  const verdict = await judge(topic, text).catch(({ message: why }) => ({ topic, why }));
  console.log(JSON.stringify({ kind: "refused", ...verdict }));
  if (verdict.kind === "birth") for (const each of early.splice(0)) await receive(...each);
}

const session = { clientId: "example", clean: false, properties: { sessionExpiryInterval: 86400 } };
const tls = { ca, cert, key, minVersion: "TLSv1.3" };
const client = mqtt.connect(url, { protocolVersion: 5, ...session, ...tls });
const topics = ["birth", "sighting", "gap", "health"].map((kind) => `lpr/v1/+/+/+/${kind}`);
client.on("connect", () => client.subscribe(topics, { qos: 1 }));
client.handleMessage = ({ topic, payload }, acknowledge) =>
  receive(topic, payload.toString()).then(() => acknowledge(), acknowledge);
