export { PKI_ERROR_CODES, PkiError, type PkiErrorCode } from './errors.js';
export { writePrivateFile } from './private-file.js';
export { certificatePem, readCertificate, readCertificates, toPem } from './pem.js';
export { isP256Spki, pinOf, readP256Spki, spkiOf, spkiSha256 } from './spki.js';
export { formatIdentity, identityOf, isDeploymentLabel, parseIdentity, type Identity } from './identity-uri.js';
export * from './proof.js';
export * from './renewal-proof.js';
export * from './return-proof.js';
export { homeOf, type AgentHome } from './authority/agent-home.js';
export { openCaTree, type CaTree, crossSign, removeCaTree, type CaTreeOptions } from './authority/ca-tree.js';
export { issueCertificate, notAfterOf, notBeforeOf, type IssueRequest, type Issuer } from './authority/certificate.js';
export { createCsr, CSR_MAX_BYTES, readCsr } from './authority/csr.js';
export { isIssuedDirectlyBy } from './authority/direct-issuer.js';
export { AGENT_LIFETIME_MS, agentProfile, brokerProfile, claimProfile, type Profile } from './authority/profile.js';
export { FileKeyStore, type KeyStore } from './authority/key-store.js';
export { KEK_BYTES, KeyWrap, type KekSources } from './authority/key-wrap.js';
export { serialOf } from './authority/serial.js';
export { generateKey, KeySigner, privateKeyPem, type Signer } from './authority/signer.js';
export { decodeKeyfile, type DecodeOptions, type Keyfile } from './keyfile/decode.js';
export { encodeKeyfile } from './keyfile/encode.js';
export { isSameFingerprint, keyfileFingerprint } from './keyfile/fingerprint.js';
export {
  ENROL_ALPN,
  KEYFILE_FORMAT,
  KEYFILE_MAX_BYTES,
  KEYFILE_VERSION,
  SEALED_KEYFILE_MAX_BYTES,
  TUNNEL_ALPN,
  type KeyfileContent,
  type KeyfileDocument,
  type KeyfileEndpoint,
} from './keyfile/format.js';
export { JsonError, parseStrictJson, type JsonFault } from './keyfile/json.js';
export {
  deriveSealingKey,
  isUsablePassphrase,
  openSealedKeyfile,
  PASSPHRASE_MAX_BYTES,
  PASSPHRASE_MIN_CHARACTERS,
  readSealedKeyfile,
  sealKeyfile,
  type SealedKeyfile,
  type SealingKey,
} from './keyfile/sealed.js';
export { agentTlsOptions, type AgentTls } from './tls/agent-options.js';
export { brokerTlsOptions, type BrokerTls } from './tls/broker-options.js';
export { inspectTls, type InspectionTarget, type TlsInspection } from './tls/inspection.js';
export { HANDSHAKE_TIMEOUT_MS } from './tls/parameters.js';
export { connectPinnedTls, type PinnedTarget } from './tls/pinned.js';
export { siteTlsOptions } from './tls/site-options.js';
export { createSiteCertificate, type SiteCertificate } from './tls/site-certificate.js';
export {
  signTrustBundle,
  TRUST_BUNDLE_MAX_BYTES,
  verifyTrustBundle,
  type TrustedRoots,
  type TrustStatement,
} from './trust-bundle.js';
