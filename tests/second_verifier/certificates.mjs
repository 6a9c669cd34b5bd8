// Certificates and lists of revoked ones: docs/formats/certificates.md. Step 3, and the certified key of step 4.

import { createPublicKey, verify } from "node:crypto";

import { DEVICE } from "./bundle.mjs";
import { hex, same, sha256 } from "./hashing.mjs";

const ECDSA_SHA256 = "06082a8648ce3d040302";
const P256 = "301306072a8648ce3d020106082a8648ce3d030107";
const RECORD_SIGNING = "060a2b0601040181fd590101"; // 1.3.6.1.4.1.32473.1.1
const BASIC_CONSTRAINTS = "551d13";
const KEY_USAGE = "551d0f";
const EXTENDED_KEY_USAGE = "551d25";
const ALTERNATIVE_NAME = "551d11";
const NAME_CONSTRAINTS = "551d1e";
const SUBJECT_KEY = "551d0e";
const AUTHORITY_KEY = "551d23";
const MOST_BETWEEN = 2;
const MOST_AUTHORITIES = 64;
const OPEN = (1n << 64n) - 1n;

class NotDer extends Error {}

/** The DER item at *at*: its tag, content, whole bytes, and where it ends. */
function item(data, at = 0) {
  if (at + 2 > data.length || (data[at] & 31) === 31) throw new NotDer();
  let [length, start] = [data[at + 1], at + 2];
  if (length >= 0x80) {
    const width = length & 0x7f;
    if (width === 0 || width > 4 || start + width > data.length || data[start] === 0) throw new NotDer();
    length = data.readUIntBE(start, width);
    start += width;
    if (length < 0x80) throw new NotDer();
  }
  if (start + length > data.length) throw new NotDer();
  const end = start + length;
  return { tag: data[at], content: data.subarray(start, end), whole: data.subarray(at, end), end };
}

function items(content) {
  const found = [];
  for (let at = 0; at < content.length; at = found.at(-1).end) found.push(item(content, at));
  return found;
}

/** The items of the one sequence that *data* is. */
function sequence(data, tag = 0x30) {
  const found = item(data);
  if (found.tag !== tag || found.end !== data.length) throw new NotDer();
  return items(found.content);
}

/** The next of *parts*, which must have one of the *tags*. */
function take(parts, ...tags) {
  const one = parts.shift();
  if (!tags.includes(one?.tag)) throw new NotDer();
  if (one.tag === 0x02) wholeNumber(one.content);
  if (one.tag === 0x06) objectIdentifier(one.content);
  return one;
}

/** The next of *parts* where it has one of the *tags*, else undefined. */
const takeIf = (parts, ...tags) => (tags.includes(parts[0]?.tag) ? take(parts, ...tags) : undefined);

function end(parts) {
  if (parts.length > 0) throw new NotDer();
}

function wholeNumber([first, second]) {
  const isPadded = second !== undefined && first === (second < 0x80 ? 0 : 0xff);
  if (first === undefined || isPadded) throw new NotDer();
}

function objectIdentifier(content) {
  const begins = [...content.keys()].filter((at) => at === 0 || content[at - 1] < 0x80);
  if (content.length === 0 || content.at(-1) >= 0x80 || begins.some((at) => content[at] === 0x80)) throw new NotDer();
}

/** An algorithm: its object identifier, and perhaps one parameter. */
function algorithmOf(one) {
  const parts = items(one.content);
  take(parts, 0x06);
  end(parts.slice(1));
  return hex(one.content);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });
const TEXTS = { 0x0c: null, 0x13: /^[A-Za-z0-9 '()+,\-./:=?]*$/, 0x14: /^/, 0x16: /^[\x00-\x7f]*$/, 0x1c: /^/, 0x1e: /^/ };

/** A name's form: sets of attributes, each an object identifier and a text. */
function checkName(one) {
  for (const set of items(one.content)) {
    const attributes = items(take([set], 0x31).content);
    const each = new Set(attributes.map(({ whole }) => hex(whole)));
    if (attributes.length === 0 || each.size < attributes.length) throw new NotDer();
    for (const attribute of attributes) {
      const parts = items(take([attribute], 0x30).content);
      take(parts, 0x06);
      const { tag, content } = take(parts, ...Object.keys(TEXTS).map(Number));
      if (tag === 0x0c) UTF8.decode(content);
      else if (!TEXTS[tag].test(content.toString("latin1"))) throw new NotDer();
      end(parts);
    }
  }
  return one.whole;
}

/** The time of a UTCTime or a GeneralizedTime, in ms. */
function timeOf({ tag, content }) {
  const text = content.toString("latin1");
  const match = /^(\d\d)?(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null || (tag === 0x17) === (match[1] !== undefined) || ![0x17, 0x18].includes(tag)) throw new NotDer();
  const [year, month, ...rest] = match.slice(2).map(Number);
  const century = match[1] === undefined ? (year < 50 ? 2000 : 1900) : 100 * Number(match[1]);
  const found = Date.UTC(century + year, month - 1, ...rest);
  const [date, time] = [rest.slice(0, 1), rest.slice(1)];
  const fields = new Date(found).toISOString().match(/\d+/g).map(Number);
  if ([month, ...date, ...time].some((field, at) => field !== fields[at + 1])) throw new NotDer(); // no 30 February
  return found;
}

function extensionsOf(content) {
  const found = new Map();
  for (const one of sequence(content)) {
    const parts = items(take([one], 0x30).content);
    const name = hex(take(parts, 0x06).content);
    const flag = takeIf(parts, 0x01);
    const value = take(parts, 0x04);
    end(parts);
    if ((flag !== undefined && hex(flag.content) !== "ff") || found.has(name)) throw new NotDer();
    found.set(name, { critical: flag !== undefined, value: value.content });
  }
  return found;
}

/** Whether *spki* holds a key: a point that is not on its curve is none. */
function isKey(spki) {
  try {
    return createPublicKey({ key: spki, format: "der", type: "spki" }) !== null;
  } catch {
    return false;
  }
}

/** Whether *signature* (DER) over *body* is that of the key in *spki*, by ECDSA with SHA-256. */
function isSigned(body, signature, spki) {
  try {
    return verify("sha256", body, createPublicKey({ key: spki, format: "der", type: "spki" }), signature);
  } catch {
    return false;
  }
}

/** The outer form that certificates and lists have: what is signed, by which algorithm, and the signature. */
function signedForm(der) {
  const parts = sequence(der);
  const [body, algorithm, signature] = [take(parts, 0x30), take(parts, 0x30), take(parts, 0x03)];
  end(parts);
  if (signature.content.length < 2 || signature.content[0] > 7) throw new NotDer();
  if (signature.content.at(-1) % 2 ** signature.content[0] !== 0) throw new NotDer(); // bits that are not used
  return { body, algorithm: algorithmOf(algorithm), signature: signature.content.subarray(1) };
}

function readCertificate(der) {
  const { body, algorithm, signature } = signedForm(der);
  const parts = items(body.content);
  if (hex(take(parts, 0xa0).content) !== "020102") throw new NotDer();
  const serial = take(parts, 0x02);
  if (hex(take(parts, 0x30).content) !== algorithm) throw new NotDer();
  const issuer = take(parts, 0x30);
  const validity = items(take(parts, 0x30).content);
  const [begins, ends] = [timeOf(take(validity, 0x17, 0x18)), timeOf(take(validity, 0x17, 0x18))];
  const subject = take(parts, 0x30);
  [issuer, subject].forEach(checkName);
  const spki = take(parts, 0x30);
  takeIf(parts, 0x81);
  takeIf(parts, 0x82);
  const extensions = takeIf(parts, 0xa3);
  [validity, parts].forEach(end);
  const [point, bits, ...others] = items(spki.content);
  algorithmOf(take([point], 0x30));
  take([bits], 0x03);
  end(others);
  if (!isKey(spki.whole)) throw new NotDer();
  return {
    body: body.whole,
    signature,
    serial: hex(serial.content),
    issuer: issuer.whole,
    subject: subject.whole,
    begins,
    ends,
    spki: spki.whole,
    isP256: hex(point.whole) === P256,
    key: bits.content.subarray(2),
    isEcdsa: algorithm === ECDSA_SHA256,
    extensions: extensions === undefined ? new Map() : extensionsOf(extensions.content),
    name: hex(sha256(der)),
  };
}

/** [whether it is a CA, its path length or null] of the basic constraints; null where there are none. */
function constraints(certificate) {
  const found = certificate.extensions.get(BASIC_CONSTRAINTS);
  if (found === undefined) return null;
  const parts = sequence(found.value);
  const isCa = parts.length > 0 && parts[0].tag === 0x01 && parts[0].content[0] === 0xff;
  const length = parts.find((one) => one.tag === 0x02);
  return { critical: found.critical, isCa, length: length === undefined ? null : length.content.readUInt8(0) };
}

function keyId(certificate, oid) {
  const found = certificate.extensions.get(oid);
  if (found === undefined) return null;
  if (oid === SUBJECT_KEY) return item(found.value).content;
  const parts = sequence(found.value);
  return parts.length === 1 && parts[0].tag === 0x80 ? parts[0].content : undefined; // a key identifier alone
}

/** Whether the certificate is, by itself, as the profile has it at the time *at*. */
function isInProfile(certificate, at, isAuthority, isRoot) {
  const { extensions, serial } = certificate;
  if (!certificate.isP256 || !certificate.isEcdsa || certificate.begins > at || certificate.ends < at) return false;
  if (serial.length > 40 || BigInt(`0x${serial}`) >= 1n << 159n || BigInt(`0x${serial}`) === 0n) return false;
  const basic = constraints(certificate);
  const usage = extensions.get(KEY_USAGE);
  const bits = isAuthority ? "03020106" : "03020780"; // keyCertSign and cRLSign; digitalSignature
  if (basic === null || !basic.critical || basic.isCa !== isAuthority) return false;
  if (usage === undefined || !usage.critical || hex(usage.value) !== bits) return false;
  const [own, issuers] = [keyId(certificate, SUBJECT_KEY), keyId(certificate, AUTHORITY_KEY)];
  if (issuers === undefined || (isAuthority && own === null) || (!isRoot && issuers === null)) return false;
  if (isRoot && issuers !== null && !same(own, issuers)) return false;
  if (isAuthority && extensions.has(EXTENDED_KEY_USAGE)) return false;
  if (extensions.has(NAME_CONSTRAINTS) || item(certificate.subject).content.length === 0) return false;
  return [...extensions].every(([oid, { critical }]) => !critical || [BASIC_CONSTRAINTS, KEY_USAGE].includes(oid));
}

/** The device that a record certificate names; null where it is none. */
function deviceOf({ extensions }) {
  const [names, usage] = [extensions.get(ALTERNATIVE_NAME), extensions.get(EXTENDED_KEY_USAGE)];
  if (names === undefined || usage === undefined || usage.critical) return null;
  const purposes = sequence(usage.value);
  if (purposes.length !== 1 || hex(purposes[0].whole) !== RECORD_SIGNING) return null;
  const found = sequence(names.value);
  const name = found.length === 1 && found[0].tag === 0x86 ? found[0].content.toString("latin1") : "";
  return DEVICE.test(name) && name.length <= 120 ? name : null;
}

const issued = (one, by) => same(one.issuer, by.subject) && isSigned(one.body, one.signature, by.spki);

/** A path from *leaf* to *root* at the time *at*, the leaf first; null where there is none. */
function pathOf(leaf, authorities, root, at) {
  const search = (path) => {
    const last = path.at(-1);
    const between = path.length - 1;
    const fits = (one) => {
      const { length } = constraints(one);
      return length === null || length >= between;
    };
    if (issued(last, root) && fits(root)) return [...path, root];
    if (between === MOST_BETWEEN) return null;
    for (const one of authorities) {
      if (path.includes(one) || !isInProfile(one, at, true, false) || !fits(one) || !issued(last, one)) continue;
      const found = search([...path, one]);
      if (found !== null) return found;
    }
    return null;
  };
  return isInProfile(leaf, at, false, false) && isInProfile(root, at, true, true) ? search([leaf]) : null;
}

function readList(der, authorities) {
  const { body, algorithm, signature } = signedForm(der);
  const parts = items(body.content);
  if (hex(takeIf(parts, 0x02)?.content ?? Buffer.from([1])) !== "01") throw new NotDer(); // version 2, or unsaid
  if (hex(take(parts, 0x30).content) !== algorithm) throw new NotDer();
  const issuer = take(parts, 0x30);
  const by = authorities.find((one) => same(one.subject, issuer.whole) && isSigned(body.whole, signature, one.spki));
  if (by === undefined || algorithm !== ECDSA_SHA256) throw new NotDer();
  timeOf(take(parts, 0x17, 0x18));
  const next = takeIf(parts, 0x17, 0x18);
  const due = next === undefined ? null : timeOf(next);
  const entries = items(takeIf(parts, 0x30)?.content ?? Buffer.alloc(0));
  const all = takeIf(parts, 0xa0);
  const extensions = all === undefined ? [] : [extensionsOf(all.content)];
  end(parts);
  const since = new Map();
  for (const entry of entries) {
    const fields = items(take([entry], 0x30).content);
    const name = hex(take(fields, 0x02).content);
    const at = timeOf(take(fields, 0x17, 0x18));
    const more = takeIf(fields, 0x30);
    end(fields);
    if (more !== undefined) extensions.push(extensionsOf(more.whole));
    since.set(name, Math.min(at, since.get(name) ?? Infinity));
  }
  if (extensions.some((one) => [...one.values()].some(({ critical }) => critical))) throw new NotDer();
  return { by, due, since };
}

function attempt(read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof NotDer || error instanceof RangeError || error instanceof TypeError) return null;
    throw error;
  }
}

/** The root certificate in a PEM text; throws where it is none. */
export function readRoot(pem) {
  const match = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/.exec(pem);
  return readCertificate(Buffer.from(match[1], "base64"));
}

/** Step 3: calls *find*, and returns {certificates by SHA-256, since: when the ended keys were revoked, by epoch}. */
export function checkCertificates(bundle, root, ownLists, asOf, find) {
  const certificates = new Map();
  const unreadable = new Set();
  for (const der of bundle.certificates) {
    const found = attempt(() => readCertificate(der));
    if (found === null) unreadable.add(hex(sha256(der)));
    else certificates.set(found.name, found);
  }
  let authorities = [...certificates.values()].filter((one) => attempt(() => constraints(one))?.isCa);
  if (authorities.length > MOST_AUTHORITIES) {
    find("certificate.invalid", "certificates");
    authorities = authorities.slice(0, MOST_AUTHORITIES);
  }
  const paths = bundle.registry.map((key) => {
    const where = `registry epoch ${key.epoch}`;
    const leaf = certificates.get(hex(key.certificate_hash));
    if (leaf === undefined) {
      const isHere = unreadable.has(hex(key.certificate_hash));
      find(isHere ? "certificate.invalid" : "bundle.certificate_missing", where);
      return null;
    }
    const at = key.registered_at === 0n ? leaf.begins : Number(key.registered_at) * 1000;
    const path = attempt(() => (deviceOf(leaf) === bundle.scope.device ? pathOf(leaf, authorities, root, at) : null));
    if (path === null) find("certificate.invalid", where);
    return path;
  });
  const leading = [root, ...authorities.filter((one) => issued(one, root)), ...paths.flatMap((one) => one?.slice(1) ?? [])];
  const lists = [];
  [...bundle.revocations, ...ownLists].forEach((der, at) => {
    const found = attempt(() => readList(der, leading));
    if (found === null) find("certificate.invalid", `revocations[${at}]`);
    else lists.push(found);
  });
  for (const name of new Set(paths.filter(Boolean).map((path) => path[1].name))) {
    const mine = lists.filter(({ by }) => by.name === name);
    if (mine.length === 0) find("bundle.revocation_list_missing", "revocations");
    else if (!mine.some(({ due }) => due !== null && due >= asOf)) find("certificate.list_invalid", "revocations");
  }
  const since = new Map();
  bundle.registry.forEach((key, place) => {
    const [leaf, ...above] = revokedSince(paths[place] ?? [], lists);
    const where = `registry epoch ${key.epoch}`;
    if (leaf !== undefined && key.until_sequence === OPEN) find("certificate.revoked", where);
    else if (leaf !== undefined) since.set(key.epoch, leaf);
    for (const at of above) if (at / 1000 <= Number(key.registered_at)) find("certificate.revoked", where);
  });
  return { certificates, since };
}

/** When each certificate of the path but the root was revoked, in ms; undefined where it was not. */
function revokedSince(path, lists) {
  return path.slice(0, -1).map((one, at) => {
    const dates = lists.filter(({ by }) => by.name === path[at + 1].name).map(({ since }) => since.get(one.serial));
    const known = dates.filter((date) => date !== undefined);
    return known.length > 0 ? Math.min(...known) : undefined;
  });
}
