import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import * as os from "node:os";
import * as path from "node:path";

/**
 * Shell that makes an authority, and two certificates of it for one address: one that holds and one that has expired.
 */
const CERTIFICATES = `
set -eu
new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "$@"; }
new -x509 -keyout ca.key -out ca.crt -days 2 -subj /CN=front-ca
new -keyout key -out csr -subj /CN=front
echo "subjectAltName=IP:$1" > names
openssl x509 -req -in csr -CA ca.crt -CAkey ca.key -set_serial 1 -days 2 -extfile names -out valid.crt
openssl x509 -req -in csr -CA ca.crt -CAkey ca.key -set_serial 2 -days -1 -extfile names -out expired.crt
`;

/** What stands before Backstage in the field: it ends TLS, and takes a path off before it hands a request on. */
export class Front {
  private constructor(
    private readonly server: https.Server,
    private readonly folder: string,
    private readonly path: string,
    /** The public URL. */
    readonly url: string,
    /** Where requests are handed on to. */
    readonly target: string,
  ) {}

  /** How far ahead Backstage's clock is, as far as anybody can see. */
  secondsAhead = 0;

  /** Does it take its path off, as it must? */
  takesPathOff = true;

  static async start(host: string, port: number, path_: string, target: string): Promise<Front> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "front-"));
    execFileSync("bash", ["-c", CERTIFICATES, "front", host], { cwd: folder, stdio: "ignore" });
    const server = https.createServer();
    const front = new Front(server, folder, path_, `https://${host}:${port}${path_}`, target);
    front.show("valid");
    server.on("request", (request, response) => front.handOn(request, response));
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
    return front;
  }

  /** The authority of its certificates, as a file. */
  get authority(): string {
    return path.join(this.folder, "ca.crt");
  }

  /** Shows another certificate from now on. */
  show(certificate: "valid" | "expired"): void {
    const read = (name: string): Buffer => fs.readFileSync(path.join(this.folder, name));
    this.server.setSecureContext({ key: read("key"), cert: read(`${certificate}.crt`) });
  }

  private handOn(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { method, headers, url = "/" } = request;
    const inner = this.takesPathOff && url.startsWith(this.path) ? url.slice(this.path.length) : url;
    const forwarded = { ...headers, "x-forwarded-proto": "https", "x-forwarded-host": headers.host };
    const onward = http.request(
      this.target + (inner === "" ? "/" : inner),
      { method, headers: forwarded },
      (answer) => {
        // Its own clock is wrong, and nobody's business; Backstage's is what Backstage's cookies are dated by.
        const date = new Date(Date.now() + 3_600_000).toUTCString();
        const dated = (cookie: string): string =>
          cookie.replace(
            /Expires=([^;]+)/i,
            (_, moment: string) => `Expires=${new Date(Date.parse(moment) + this.secondsAhead * 1000).toUTCString()}`,
          );
        const cookies = answer.headers["set-cookie"]?.map(dated);
        response.writeHead(answer.statusCode ?? 502, {
          ...answer.headers,
          date,
          ...(cookies === undefined ? {} : { "set-cookie": cookies }),
        });
        answer.pipe(response);
      },
    );
    onward.on("error", () => response.writeHead(502).end());
    request.pipe(onward);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    fs.rmSync(this.folder, { recursive: true });
  }
}
