import * as http from "node:http";
import * as https from "node:https";
import * as tls from "node:tls";

const TIMEOUT_MS = 10_000;

/** The status of an answer, whatever its certificate is worth: that is a question of its own. Throws one line. */
export function anyAnswer(url: string): Promise<number> {
  const { request } = url.startsWith("https:") ? https : http;
  return new Promise((resolve, reject) => {
    const asked = request(url, { timeout: TIMEOUT_MS, rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on("timeout", () =>
      asked.destroy(Object.assign(new Error(), { code: `no answer in ${TIMEOUT_MS / 1000} s` })),
    );
    asked.on("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(`${new URL(url).origin} cannot be reached (${error.code ?? error.message})`)),
    );
    asked.end();
  });
}

export interface ServedCertificate {
  /** Why it is not trusted; undefined when it is. */
  readonly fault: string | undefined;
  readonly issuer: string;
  readonly expires: Date;
}

/** The certificate that a server shows. Throws when there is none to see. */
export function servedCertificate(url: string): Promise<ServedCertificate> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve, reject) => {
    // Unverified on purpose: a certificate that is refused could not be described.
    const socket = tls.connect(
      {
        host,
        port: port === "" ? 443 : Number(port),
        rejectUnauthorized: false,
        ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      },
      () => {
        const { valid_to: expires, issuer } = socket.getPeerCertificate();
        const { authorized, authorizationError } = socket;
        const fault = authorized ? undefined : String(authorizationError);
        resolve({ fault, issuer: String(issuer.CN ?? issuer.O), expires: new Date(expires) });
        socket.end();
      },
    );
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no certificate in ${TIMEOUT_MS / 1000} s`)));
    socket.on("error", reject);
  });
}
