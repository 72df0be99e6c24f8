import * as fs from "node:fs";
import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engine from "@pulumi/pulumi/proto/engine_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { checkResponse, diffResponse, grpcError } from "./answers";
import {
  type Awaitable,
  engineOptions,
  type Operation,
  parseOptions,
  type Provider,
  refuseOptions,
  type Resource,
} from "./provider";
import { changes, decode, encode, formatPath, hasUnknown, type Properties, Secrets, without } from "./values";

/** Answers a call with a promise's result; `secrets` collects what the request marks as secret. */
function unary<Q, R>(answer: (request: Q, secrets: Secrets) => Awaitable<R>): grpc.handleUnaryCall<Q, R> {
  return (call, callback) => {
    const secrets = new Secrets();
    new Promise<R>((resolve) => {
      resolve(answer(call.request, secrets));
    }).then(
      (response) => {
        callback(null, response);
      },
      (error: unknown) => {
        callback(grpcError(error, secrets));
      },
    );
  };
}

/** The version of the SDK package that this provider stands in for. */
function sdkVersion(name: string): string {
  const file = require.resolve(`@pulumi/${name}/package.json`);
  return (JSON.parse(fs.readFileSync(file, "utf8")) as { version: string }).version;
}

/** Is the changed path the ignored one, or inside it? */
const isWithin = (path: string, ignored: string): boolean =>
  path === ignored || path.startsWith(`${ignored}.`) || path.startsWith(`${ignored}[`);

function service<C>(provider: Provider<C>, engineAddress: string | undefined): grpc.UntypedServiceImplementation {
  let configured: Promise<C> | undefined;
  let engineClient: EngineClient | undefined;
  const cancel = new AbortController();

  function say(urn: string, line: string, severity: "progress" | "warning"): void {
    if (engineAddress === undefined) return;
    engineClient ??= new EngineClient(engineAddress, grpc.credentials.createInsecure());
    const request = new engine.LogRequest();
    request.setUrn(urn);
    request.setMessage(line);
    request.setEphemeral(severity === "progress");
    request.setSeverity(severity === "progress" ? engine.LogSeverity.INFO : engine.LogSeverity.WARNING);
    engineClient.log(request, () => undefined);
  }

  function refuse(name: string): never {
    throw new Error(`The stand-in for the ${provider.name} provider does not know ${name}; use the official plugin.`);
  }

  /** The handler of a resource, and what it is told about this operation. */
  async function operation(request: {
    getUrn(): string;
    getTimeout?(): number;
    getPreview?(): boolean;
  }): Promise<[Resource<C>, Operation<C>]> {
    const urn = request.getUrn();
    const [, , chain = "", ...name] = urn.split("::");
    const type = chain.slice(chain.lastIndexOf("$") + 1);
    const handler = provider.resource(type);
    if (handler === undefined) return refuse(type);
    if (configured === undefined) throw new Error(`The ${provider.name} provider was not configured.`);
    const timeout = request.getTimeout?.() ?? 0;
    const op: Operation<C> = {
      urn,
      type,
      name: name.join("::"),
      config: await configured,
      preview: request.getPreview?.() ?? false,
      timeoutSeconds: timeout > 0 ? timeout : undefined,
      cancelled: cancel.signal,
      say: (line, severity = "progress") => {
        say(urn, line, severity);
      },
    };
    return [handler, op];
  }

  return {
    handshake: unary((request: rpc.ProviderHandshakeRequest) => {
      if (request.getEngineAddress() !== "") engineAddress = request.getEngineAddress();
      const response = new rpc.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      return response;
    }),

    attach: unary((request: { getAddress(): string }) => {
      engineAddress = request.getAddress();
      return new Empty();
    }),

    cancel: unary(() => {
      cancel.abort();
      return new Empty();
    }),

    getPluginInfo: unary(() => {
      const info = new PluginInfo();
      info.setVersion(sdkVersion(provider.name));
      return info;
    }),

    getSchema: unary(() => {
      const response = new rpc.GetSchemaResponse();
      response.setSchema(JSON.stringify({ name: provider.name, version: sdkVersion(provider.name) }));
      return response;
    }),

    invoke: unary(async (request: rpc.InvokeRequest, secrets) => {
      const lookup = provider.functions?.[request.getTok()];
      if (lookup === undefined || configured === undefined) return refuse(request.getTok());
      for (const name of lookup.secretOutputs ?? []) secrets.add([name]);
      const response = new rpc.InvokeResponse();
      response.setReturn(encode(await lookup.answer(decode(request.getArgs()), await configured), secrets));
      return response;
    }),
    call: unary((request: rpc.CallRequest) => refuse(request.getTok())),
    construct: unary((request: rpc.ConstructRequest) => refuse(request.getType())),

    checkConfig: unary((request: rpc.CheckRequest) =>
      checkResponse(request.getNews(), refuseOptions(provider, decode(request.getNews()))),
    ),

    diffConfig: unary(async (request: rpc.DiffRequest) => {
      const olds = without(decode(request.getOldInputs() ?? request.getOlds()), ...engineOptions);
      const news = without(decode(request.getNews()), ...engineOptions);
      const replacing = hasUnknown(news) ? [] : ((await provider.replacedBy?.(olds, news)) ?? []);
      const list = changes(olds, news).map((change) => ({
        ...change,
        replace: replacing.includes(String(change.path[0])),
      }));
      return diffResponse({ changes: list });
    }),

    configure: unary(async (request: rpc.ConfigureRequest) => {
      configured = Promise.resolve(provider.configure(parseOptions(provider, decode(request.getArgs()))));
      await configured;
      const response = new rpc.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      return response;
    }),

    check: unary(async (request: rpc.CheckRequest, secrets) => {
      const [handler, op] = await operation(request);
      const olds = request.hasOlds() ? decode(request.getOlds()) : undefined;
      for (const name of handler.secretOutputs ?? []) secrets.add([name]);
      const news = decode(request.getNews(), secrets);
      const refused = Object.keys(news).filter((key) => handler.inputs?.includes(key) === false);
      if (refused.length > 0) {
        const reason = `the stand-in for the ${provider.name} provider does not know this input; remove it.`;
        return checkResponse(
          request.getNews(),
          refused.map((property) => ({ property, reason })),
        );
      }
      const { inputs, failures } = await (handler.check?.(olds, news, op) ?? { inputs: news });
      return checkResponse(encode(inputs, secrets), failures ?? []);
    }),

    diff: unary(async (request: rpc.DiffRequest) => {
      const [handler, op] = await operation(request);
      const [inputs, outputs] = [decode(request.getOldInputs()), decode(request.getOlds())];
      const news = decode(request.getNews());
      const ignored = request.getIgnorechangesList();
      if (handler.diff !== undefined) {
        const result = await handler.diff({ id: request.getId(), inputs, outputs, news }, op);
        return diffResponse({
          ...result,
          changes: result.changes.filter(({ path }) => !ignored.some((one) => isWithin(formatPath(path), one))),
        });
      }
      const list = changes(inputs, news).map((change) => ({
        ...change,
        replace: handler.replaceOn?.includes(String(change.path[0])) ?? false,
      }));
      return diffResponse({ changes: list, deleteBeforeReplace: handler.deleteBeforeReplace ?? false });
    }),

    create: unary(async (request: rpc.CreateRequest, secrets) => {
      const [handler, op] = await operation(request);
      for (const name of handler.secretOutputs ?? []) secrets.add([name]);
      const { id, outputs } = await handler.create(decode(request.getProperties(), secrets), op);
      const response = new rpc.CreateResponse();
      response.setId(id);
      response.setProperties(encode(outputs, secrets.ofOutputs()));
      return response;
    }),

    read: unary(async (request: rpc.ReadRequest, secrets) => {
      const [handler, op] = await operation(request);
      if (handler.read === undefined) throw new Error(`${op.type} cannot be read or imported.`);
      for (const name of handler.secretOutputs ?? []) secrets.add([name]);
      const inputs = decode(request.getInputs(), secrets);
      const outputs = decode(request.getProperties(), secrets);
      const found = await handler.read({ id: request.getId(), inputs, outputs }, op);
      const response = new rpc.ReadResponse();
      if (found === undefined) return response;
      response.setId(found.id);
      response.setInputs(encode(found.inputs, secrets));
      response.setProperties(encode(found.outputs, secrets.ofOutputs()));
      return response;
    }),

    update: unary(async (request: rpc.UpdateRequest, secrets) => {
      const [handler, op] = await operation(request);
      if (handler.update === undefined) throw new Error(`${op.type} cannot be updated in place.`);
      for (const name of handler.secretOutputs ?? []) secrets.add([name]);
      const [inputs, outputs] = [decode(request.getOldInputs()), decode(request.getOlds())];
      const ignored = request.getIgnorechangesList();
      // What is ignored stays what it is, though the program does not name it.
      const kept = handler.keepsIgnored === true ? [] : ignored.map((name) => [name, outputs[name]]);
      const news = { ...decode(request.getNews(), secrets), ...(Object.fromEntries(kept) as Properties) };
      const response = new rpc.UpdateResponse();
      const result = await handler.update({ id: request.getId(), inputs, outputs, news, ignored }, op);
      response.setProperties(encode(result, secrets.ofOutputs()));
      return response;
    }),

    delete: unary(async (request: rpc.DeleteRequest) => {
      const [handler, op] = await operation(request);
      const [inputs, outputs] = [decode(request.getOldInputs()), decode(request.getProperties())];
      await handler.delete?.({ id: request.getId(), inputs, outputs }, op);
      return new Empty();
    }),
  };
}

/** Serves a provider, described as in provider.ts, until the engine goes; prints the port as the protocol asks. */
export async function serve<C>(provider: Provider<C>): Promise<void> {
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  const engineAddress = process.argv.slice(2).find((arg) => !arg.startsWith("-"));
  server.addService(ResourceProviderService, service(provider, engineAddress));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  process.stdout.write(`${port}\n`);
  // An engine that is killed cannot stop its plugins: a plugin with another parent than at its start goes by itself.
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(0);
  }, 1000);
}
