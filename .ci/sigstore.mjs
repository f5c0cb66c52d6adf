// Verifies a sigstore bundle with the verifier of npm: an implementation that
// shares nothing with ours. Its twins must be refused: another identity, another
// issuer, and one altered byte in each part of the bundle.
// Usage: node sigstore.mjs BUNDLE ROOT IDENTITY ISSUER TOOLS
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [file, rootFile, identity, issuer, tools] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(tools), "package.json"));
const { bundleFromJSON } = require("@sigstore/bundle");
const { TrustedRoot } = require("@sigstore/protobuf-specs");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");

const bundle = JSON.parse(readFileSync(file, "utf8"));
const trust = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(readFileSync(rootFile, "utf8"))));
const exact = (s) => "^" + s.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&") + "$";

function verify(b, name, by) {
	const verifier = new Verifier(trust, { ctlogThreshold: 1, tlogThreshold: 1, timestampThreshold: 1 });
	const entity = toSignedEntity(bundleFromJSON(b));
	// Rekor v2 logs an envelope by the digest of what was signed, the encoding of
	// type and payload; @sigstore/verify 3.1.1 still looks for that of the payload
	// alone. This one comparison is put right, the rest is theirs; cosign, which
	// needs nothing put right, verifies the same bundle in bench-cosign.
	if (b.dsseEnvelope) {
		const signed = createHash("sha256").update(entity.signature.preAuthEncoding).digest();
		entity.signature.compareDigest = (digest) => signed.equals(digest);
	}
	return verifier.verify(entity, {
		subjectAlternativeName: exact(name),
		extensions: { issuer: by },
	});
}

// changed is the bundle with the last letter but some of a base64 member altered.
function changed(...where) {
	const twin = structuredClone(bundle);
	const last = where.pop();
	const parent = where.reduce((o, k) => o[k], twin);
	const raw = Buffer.from(parent[last], "base64");
	raw[raw.length >> 1] ^= 1;
	parent[last] = raw.toString("base64");
	return twin;
}

const signer = verify(bundle, identity, issuer);
console.log(`verified by npm's verifier: ${signer.identity.subjectAlternativeName}, by ${signer.identity.extensions.issuer}`);

const material = "verificationMaterial";
const twins = {
	"another identity": () => verify(bundle, "x" + identity, issuer),
	"another issuer": () => verify(bundle, identity, issuer + "/x"),
	"altered payload": () => verify(changed("dsseEnvelope", "payload"), identity, issuer),
	"altered signature": () => verify(changed("dsseEnvelope", "signatures", 0, "sig"), identity, issuer),
	"altered certificate": () => verify(changed(material, "certificate", "rawBytes"), identity, issuer),
	"altered log entry": () => verify(changed(material, "tlogEntries", 0, "canonicalizedBody"), identity, issuer),
	"altered checkpoint": () => {
		const twin = structuredClone(bundle);
		const checkpoint = twin[material].tlogEntries[0].inclusionProof.checkpoint;
		checkpoint.envelope = checkpoint.envelope.replace(/^(.*\n)\d+\n/, "$11000000\n");
		return verify(twin, identity, issuer);
	},
	"altered timestamp": () =>
		verify(changed(material, "timestampVerificationData", "rfc3161Timestamps", 0, "signedTimestamp"), identity, issuer),
};
let taken = 0;
for (const [name, twin] of Object.entries(twins)) {
	try {
		twin();
		console.error(`taken, though it is a twin with ${name}`);
		taken++;
	} catch (e) {
		console.log(`refused: ${name}: ${e.code ?? e.message}`);
	}
}
process.exit(taken === 0 ? 0 : 1);
