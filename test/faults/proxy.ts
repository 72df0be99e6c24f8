import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { sleep } from "../../sandbox/process";

/** What the proxy does with a request: hand it on, later or never. */
export interface Weather {
  /** Only requests of these methods, whose URL holds this text. @default all */
  readonly when?: { readonly methods: readonly string[]; readonly url: string };
  readonly delayMs?: number;
  /** Answers so itself. */
  readonly status?: number;
}

/**
 * An HTTP proxy between `pulumi`, with what it starts, and Keycloak: Keycloak itself, its URL and its issuer stay what
 * they are.
 */
export class Proxy {
  weather: Weather = {};
  /** How many requests the weather has struck. */
  struck = 0;

  private constructor(private readonly server: http.Server) {}

  static async start(): Promise<Proxy> {
    const server = http.createServer();
    const proxy = new Proxy(server);
    server.on("request", (request, response) => void proxy.handOn(request, response));
    // Node asks for a tunnel also to a server without TLS: what comes through it is one of our requests.
    server.on("connect", (_, socket) => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      server.emit("connection", socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** What sends programs through it: those in Go, and Node when it is told to look. gRPC to the engine is local. */
  get env(): NodeJS.ProcessEnv {
    const url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    const local = "localhost,127.0.0.1";
    return { HTTP_PROXY: url, http_proxy: url, NO_PROXY: local, no_proxy: local, NODE_USE_ENV_PROXY: "1" };
  }

  private async handOn(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { method = "", headers } = request;
    const url = new URL(request.url ?? "", `http://${headers.host ?? ""}`).href;
    const { when, delayMs = 0, status } = this.weather;
    if (when === undefined || (when.methods.includes(method) && url.includes(when.url))) {
      this.struck++;
      await sleep(delayMs);
      if (status !== undefined) return void response.writeHead(status).end();
    }
    const onward = http.request(url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
