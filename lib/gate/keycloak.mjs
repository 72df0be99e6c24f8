// What Keycloak says of a credential, asked without side effects. Used by the gates, which run in Backstage's own
// image and so can use nothing but Node, and by `verify`, which asks the same questions from outside.
// Source of the answers: Keycloak 26.7.3, token endpoint, measured; see docs/operations.md.

/**
 * @typedef {{ metadataUrl: string, issuer: string, clientId: string, clientSecret: string }} Credential
 * @typedef {{ ok: true, tokenEndpoint: string } | { ok: false, why: string }} Discovery
 * @typedef {{ answer: "accepted" | "refused" | "unknown", why: string }} Verdict
 */

/**
 * The credential in use and, while two clients change over, the one beside it, from the contract Secret's keys.
 * @param {(key: string) => string | undefined} read
 * @returns {[Credential, ...Credential[]]}
 */
export function credentialsFrom(read) {
  const realm = { metadataUrl: read("KEYCLOAK_METADATA_URL") ?? "", issuer: read("KEYCLOAK_ISSUER") ?? "" };
  const standby = read("KEYCLOAK_STANDBY_CLIENT_ID");
  return [
    { ...realm, clientId: read("KEYCLOAK_CLIENT_ID") ?? "", clientSecret: read("KEYCLOAK_CLIENT_SECRET") ?? "" },
    ...(standby === undefined ? [] : [{ ...realm, clientId: standby, clientSecret: read("KEYCLOAK_STANDBY_CLIENT_SECRET") ?? "" }]),
  ];
}

/**
 * What to mend where Node's code for a failed connection does not say it; undefined for all others.
 * @param {string} code
 */
export function connectionRemedy(code) {
  if (code === "CERT_HAS_EXPIRED") return "renew its certificate";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "its certificate is for another name: correct the URL, or the certificate";
  if (/CERT|^UNABLE_TO_/.test(code)) return "its certificate is not trusted here: name the authority in backstage.caBundle, on your own machine in NODE_EXTRA_CA_CERTS";
  if (code === "EAI_AGAIN") return "the DNS does not answer here: look at it, and at the way to it";
  if (code === "ENOTFOUND") return "nobody here knows its name: correct the URL, or look at the DNS";
  return undefined;
}

/**
 * A request that ends in time. The error's message is one line, for fetch hides the reason in `cause`; its cause is what is to be mended, if that is known.
 * @param {string} url
 * @param {RequestInit} init
 * @param {number} timeoutMs
 */
export async function request(url, init = {}, timeoutMs = 5000) {
  try {
    return await fetch(url, { redirect: "manual", ...init, signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const { name, cause } = /** @type {{ name: string, cause?: { code?: string, message?: string } }} */ (error);
    const reason = name === "TimeoutError" ? `no answer in ${timeoutMs / 1000} s` : (cause?.code ?? cause?.message ?? name);
    const remedy = connectionRemedy(reason);
    throw new Error(`${new URL(url).origin} cannot be reached (${reason})${remedy === undefined ? "" : `; ${remedy}`}`, { cause: remedy });
  }
}

/**
 * Does the discovery document answer, and is its issuer the configured one?
 * @param {Pick<Credential, "metadataUrl" | "issuer">} credential
 * @param {number} [timeoutMs]
 * @returns {Promise<Discovery>}
 */
export async function discover({ metadataUrl, issuer }, timeoutMs) {
  try {
    const response = await request(metadataUrl, {}, timeoutMs);
    if (response.status === 404) {
      return { ok: false, why: `${metadataUrl} answers 404: the realm does not exist, or Keycloak has another base path` };
    }
    if (response.status !== 200) return { ok: false, why: `${metadataUrl} answers ${response.status}` };
    const metadata = /** @type {Record<string, unknown>} */ (await response.json().catch(() => ({})));
    if (metadata.issuer !== issuer) {
      return { ok: false, why: `the issuer is ${String(metadata.issuer)}, but ${issuer} is configured: check Keycloak's hostname` };
    }
    return { ok: true, tokenEndpoint: String(metadata.token_endpoint) };
  } catch (error) {
    return { ok: false, why: /** @type {Error} */ (error).message };
  }
}

/**
 * Does Keycloak accept this client id with this secret? Redeems an authorization code that does not exist: Keycloak
 * looks at the client first, so the error tells whether it would have been let in.
 * @param {Pick<Credential, "clientId" | "clientSecret">} credential
 * @param {string} tokenEndpoint
 * @param {number} [timeoutMs]
 * @returns {Promise<Verdict>}
 */
export async function probe({ clientId, clientSecret }, tokenEndpoint, timeoutMs) {
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString("base64");
  try {
    const response = await request(
      tokenEndpoint,
      {
        method: "POST",
        headers: { authorization: `Basic ${basic}`, "content-type": "application/x-www-form-urlencoded" },
        body: "grant_type=authorization_code&code=credential-probe&redirect_uri=urn:credential-probe",
      },
      timeoutMs,
    );
    const { error } = /** @type {{ error?: string }} */ (await response.json().catch(() => ({})));
    const said = `${response.status} ${error ?? "without an error code"}`;
    if (response.status === 400 && error === "invalid_grant") return { answer: "accepted", why: said };
    if (response.status === 401 && error === "unauthorized_client") {
      return { answer: "refused", why: `Keycloak refuses the secret of client ${clientId} (${said}): it is not the one that Keycloak holds` };
    }
    if (response.status === 401 && error === "invalid_client") {
      return { answer: "refused", why: `Keycloak does not know client ${clientId}, or it is disabled (${said})` };
    }
    return { answer: "unknown", why: `Keycloak answers ${said}` };
  } catch (error) {
    return { answer: "unknown", why: /** @type {Error} */ (error).message };
  }
}

/**
 * The whole question: discovery, issuer, and each credential. The verdict is that of the first that is not accepted, or of the last.
 * @param {Credential} credential
 * @param {Credential[]} others of the same realm
 * @returns {Promise<Verdict>}
 */
export async function prove(credential, ...others) {
  const discovery = await discover(credential);
  if (!discovery.ok) return { answer: "unknown", why: discovery.why };
  let verdict = await probe(credential, discovery.tokenEndpoint);
  for (const other of others) if (verdict.answer === "accepted") verdict = await probe(other, discovery.tokenEndpoint);
  return verdict;
}
