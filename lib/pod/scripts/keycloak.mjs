// What Keycloak says of a credential, asked without side effects. Used by the gates, which run in Backstage's own
// image and so can use nothing but Node, and by `verify`, which asks the same questions from outside.
// Source of the answers: Keycloak 26.7.3, token endpoint, measured; see docs/operations.md.

/**
 * @typedef {{ metadataUrl: string, issuer: string, clientId: string, clientSecret: string }} Credential
 * @typedef {{ ok: true, tokenEndpoint: string } | { ok: false, why: string, retryAfter?: number | undefined }}
 * Discovery
 * @typedef {{ answer: "accepted" | "refused" | "unknown", why: string, retryAfter?: number | undefined }} Verdict
 * `retryAfter` in seconds, where Keycloak or a proxy before it asks for that
 * @typedef {(key: string) => string | undefined} Read a value by its key in the contract Secret
 */

/**
 * The credential in use and, while two clients change over, the one beside it, from the contract Secret's keys.
 * @param {Read} read
 * @returns {[Credential, ...Credential[]]}
 */
export function credentialsFrom(read) {
  const realm = { metadataUrl: read("KEYCLOAK_METADATA_URL") ?? "", issuer: read("KEYCLOAK_ISSUER") ?? "" };
  const standby = read("KEYCLOAK_STANDBY_CLIENT_ID");
  return [
    { ...realm, clientId: read("KEYCLOAK_CLIENT_ID") ?? "", clientSecret: read("KEYCLOAK_CLIENT_SECRET") ?? "" },
    ...(standby === undefined
      ? []
      : [{ ...realm, clientId: standby, clientSecret: read("KEYCLOAK_STANDBY_CLIENT_SECRET") ?? "" }]),
  ];
}

/**
 * The credential by which the catalog reads users and groups; undefined where it reads none.
 * @param {Read} read
 * @returns {Credential | undefined}
 */
export function catalogCredential(read) {
  const clientId = read("KEYCLOAK_CATALOG_CLIENT_ID");
  if (clientId === undefined) return undefined;
  const [{ metadataUrl, issuer }] = credentialsFrom(read);
  return { metadataUrl, issuer, clientId, clientSecret: read("KEYCLOAK_CATALOG_CLIENT_SECRET") ?? "" };
}

/**
 * What to mend where Node's code for a failed connection does not say it; undefined for all others.
 * @param {string} code
 */
export function connectionRemedy(code) {
  if (code === "CERT_HAS_EXPIRED") return "renew its certificate";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return "its certificate is for another name: correct the URL, or the certificate";
  if (/CERT|^UNABLE_TO_/.test(code))
    return "its certificate is not trusted here: name the authority in backstage.caBundle, on your own machine in NODE_EXTRA_CA_CERTS";
  if (code === "EAI_AGAIN") return "the DNS does not answer here: look at it, and at the way to it";
  if (code === "ENOTFOUND") return "nobody here knows its name: correct the URL, or look at the DNS";
  return undefined;
}

/**
 * A request that ends in time. The error's message is one line, for fetch hides the reason in `cause`; its cause is
 * what is to be mended, if that is known.
 * @param {string} url
 * @param {RequestInit} init
 * @param {number} timeoutMs
 */
export async function request(url, init = {}, timeoutMs = 5000) {
  try {
    return await fetch(url, { redirect: "manual", ...init, signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const { name, cause } = /** @type {{ name: string, cause?: { code?: string, message?: string } }} */ (error);
    const reason =
      name === "TimeoutError" ? `no answer in ${timeoutMs / 1000} s` : (cause?.code ?? cause?.message ?? name);
    const remedy = connectionRemedy(reason);
    throw new Error(
      `${URL.canParse(url) ? new URL(url).origin : "an address that is no URL"} cannot be reached ` +
        `(${reason})${remedy === undefined ? "" : `; ${remedy}`}`,
      { cause: remedy },
    );
  }
}

/**
 * How long a server asks to be left alone, in seconds; undefined when it does not say.
 * @param {Response} response
 */
function retryAfter({ headers }) {
  const said = headers.get("retry-after");
  if (said === null) return undefined;
  const seconds = /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
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
      return {
        ok: false,
        why: `${metadataUrl} answers 404: the realm does not exist, or Keycloak has another base path`,
      };
    }
    if (response.status !== 200)
      return { ok: false, why: `${metadataUrl} answers ${response.status}`, retryAfter: retryAfter(response) };
    const metadata = /** @type {Record<string, unknown>} */ (await response.json().catch(() => ({})));
    if (metadata.issuer !== issuer) {
      return {
        ok: false,
        why: `the issuer is ${String(metadata.issuer)}, but ${issuer} is configured: check Keycloak's hostname`,
      };
    }
    return { ok: true, tokenEndpoint: String(metadata.token_endpoint) };
  } catch (error) {
    return { ok: false, why: /** @type {Error} */ (error).message };
  }
}

/**
 * Redeems an authorization code that does not exist: Keycloak looks at the client first, so its error tells of the
 * client.
 * @param {Pick<Credential, "clientId" | "clientSecret">} credential
 * @param {string} tokenEndpoint
 * @param {number} [timeoutMs]
 */
async function redeem({ clientId, clientSecret }, tokenEndpoint, timeoutMs) {
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString("base64");
  const init = {
    method: "POST",
    headers: { authorization: `Basic ${basic}`, "content-type": "application/x-www-form-urlencoded" },
    body: "grant_type=authorization_code&code=credential-probe&redirect_uri=urn:credential-probe",
  };
  const response = await request(tokenEndpoint, init, timeoutMs);
  const { error } = /** @type {{ error?: string }} */ ((await response.json().catch(() => undefined)) ?? {});
  return { answer: `${response.status} ${error ?? "without an error code"}`, retryAfter: retryAfter(response) };
}

/**
 * Does Keycloak accept this client id with this secret?
 * @param {Pick<Credential, "clientId" | "clientSecret">} credential
 * @param {string} tokenEndpoint
 * @param {number} [timeoutMs]
 * @returns {Promise<Verdict>}
 */
export async function probe(credential, tokenEndpoint, timeoutMs) {
  const { clientId } = credential;
  try {
    const { answer: said, retryAfter } = await redeem(credential, tokenEndpoint, timeoutMs);
    if (said === "400 invalid_grant") return { answer: "accepted", why: said };
    if (said === "401 unauthorized_client") {
      return {
        answer: "refused",
        why: `Keycloak refuses the secret of client ${clientId} (${said}): it is not the one that Keycloak holds`,
      };
    }
    if (said === "401 invalid_client") {
      return { answer: "refused", why: `Keycloak does not know client ${clientId}, or it is disabled (${said})` };
    }
    return { answer: "unknown", why: `Keycloak answers ${said}`, retryAfter };
  } catch (error) {
    return { answer: "unknown", why: /** @type {Error} */ (error).message };
  }
}

/** Keycloak asks a public client for no secret, and so accepts any: a secret that nobody has tells. */
const NOBODYS = "nobody-has-this-secret";

/**
 * Is it the secret that Keycloak accepts, and not any?
 * @param {Credential} credential
 * @param {string} tokenEndpoint
 * @returns {Promise<Verdict>}
 */
async function probeOfTheSecret(credential, tokenEndpoint) {
  const verdict = await probe(credential, tokenEndpoint);
  if (verdict.answer !== "accepted") return verdict;
  const other = await probe({ ...credential, clientSecret: NOBODYS }, tokenEndpoint);
  if (other.answer === "refused") return verdict;
  if (other.answer === "unknown") return other;
  return {
    answer: "unknown",
    why: `client ${credential.clientId} is public: Keycloak asks it for no secret, so none is proven`,
  };
}

/**
 * Does Keycloak know the client? Undefined where that cannot be found out.
 * @param {string} clientId
 * @param {string} tokenEndpoint
 */
export async function knowsClient(clientId, tokenEndpoint) {
  const { answer } = await redeem({ clientId, clientSecret: NOBODYS }, tokenEndpoint).catch(() => ({ answer: "" }));
  if (answer === "401 invalid_client") return false;
  return answer === "401 unauthorized_client" || answer === "400 invalid_grant" ? true : undefined;
}

/**
 * The whole question: discovery, issuer, and each credential, with the certainty that a secret is asked for at all.
 * The verdict is that of the first that is not accepted, or of the last.
 * @param {Credential} credential
 * @param {Credential[]} others of the same realm
 * @returns {Promise<Verdict>}
 */
export async function prove(credential, ...others) {
  const discovery = await discover(credential);
  if (!discovery.ok) return { answer: "unknown", why: discovery.why, retryAfter: discovery.retryAfter };
  let verdict = await probeOfTheSecret(credential, discovery.tokenEndpoint);
  for (const other of others)
    if (verdict.answer === "accepted") verdict = await probeOfTheSecret(other, discovery.tokenEndpoint);
  return verdict;
}

/**
 * In seconds: the first pause between two tries, the longest, and the longest where a try leaves no trace in Keycloak.
 */
const PAUSES = { first: 2, longest: 30, untraced: 4 };

/**
 * How long to wait after a try that failed, in seconds: twice as long each time, spread so that pods do not ask in
 * step, and never less than a server asks for.
 * @param {number} failures how many tries have failed so far, from 1
 * @param {number} [asked] what the server asks for
 * @param {boolean} [isEvent] Keycloak writes a refused try down, and many of them look like an attack
 * @param {number} [random] from 0 to 1
 */
export function pauseAfter(failures, asked = 0, isEvent = false, random = Math.random()) {
  const pause = Math.min(isEvent ? PAUSES.longest : PAUSES.untraced, PAUSES.first * 2 ** (failures - 1));
  return Math.max(pause * (0.75 + 0.5 * random), asked);
}
