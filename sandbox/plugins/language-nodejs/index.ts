import * as fs from "node:fs";
import * as path from "node:path";
import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/language_pb";
import { PackageDependency, PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ended, locate, start } from "./children";
import { parseOptions, typescriptEnv } from "./options";
import { dependencies, requiredPlugins } from "./packages";

/** Stand-in for the Node.js language host: runs programs, policy packs and component plugins, nothing else. */

/** The SDK exits with this code when it has told the user itself what went wrong. */
const ALREADY_EXPLAINED = 32;

let engineAddress = process.argv.slice(2).find((arg) => !arg.startsWith("-")) ?? "";

type Stop = (stop: () => void) => void;

/** Answers a call with a promise's result. */
function unary<Q, R>(answer: (request: Q, onStop: Stop) => R | Promise<R>): grpc.handleUnaryCall<Q, R> {
  return (call, callback) => {
    new Promise<R>((resolve) => {
      resolve(answer(call.request, (stop) => call.on("cancelled", stop)));
    }).then(
      (response) => {
        callback(null, response);
      },
      (error: unknown) => {
        callback(failure(error));
      },
    );
  };
}

/** Answers a call with a stream of a child's output. */
function streaming<Q, R>(
  answer: (request: Q, send: (response: R) => void, onStop: Stop) => Promise<void>,
): grpc.handleServerStreamingCall<Q, R> {
  return (call) => {
    const send = (response: R): void => {
      call.write(response);
    };
    answer(call.request, send, (stop) => call.on("cancelled", stop)).then(
      () => {
        call.end();
      },
      (error: unknown) => call.emit("error", failure(error)),
    );
  };
}

function failure(error: unknown): Partial<grpc.StatusObject> {
  return { code: grpc.status.UNKNOWN, details: error instanceof Error ? error.message : String(error) };
}

function infoOf(request: { getInfo(): rpc.ProgramInfo | undefined }): rpc.ProgramInfo {
  const info = request.getInfo();
  if (info === undefined)
    throw new Error("This Pulumi CLI is too old for the language host; use that of .pulumi.version or newer.");
  return info;
}

const optionsOf = (info: rpc.ProgramInfo) => parseOptions(info.getOptions()?.toJavaScript());

/** Config keys as the SDK's loader wants them: `project:config:key`. */
function configJson(config: ReadonlyMap<string, string>): string {
  const entries = [...config].map(([key, value]) => {
    const colon = key.indexOf(":");
    return [`${key.slice(0, colon)}:config:${key.slice(colon + 1)}`, value];
  });
  return JSON.stringify(Object.fromEntries(entries));
}

async function run(request: rpc.RunRequest, onStop: Stop): Promise<rpc.RunResponse> {
  const info = infoOf(request);
  const options = optionsOf(info);
  const argument = (name: string, value: string): string[] => (value === "" ? [] : [`--${name}`, value]);
  const args = [
    ...options.nodeargs,
    locate("@pulumi/pulumi/cmd/run", info.getProgramDirectory()),
    ...argument("monitor", request.getMonitorAddress()),
    ...argument("engine", engineAddress),
    ...argument("organization", request.getOrganization()),
    ...argument("project", request.getProject()),
    ...argument("root-directory", info.getRootDirectory()),
    ...argument("stack", request.getStack()),
    ...argument("pwd", info.getProgramDirectory()),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    ...argument("parallel", String(request.getParallel())),
    info.getEntryPoint(),
    ...request.getArgsList(),
  ];
  const env = {
    ...process.env,
    ...typescriptEnv(options),
    PULUMI_CONFIG: configJson(new Map(request.getConfigMap().entries())),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
  };
  // The engine shows what the program prints; it reads it from this process's own streams.
  const code = await ended(start(process.execPath, args, { env, stdio: ["ignore", "inherit", "inherit"] }, onStop));
  const response = new rpc.RunResponse();
  response.setBail(code === ALREADY_EXPLAINED);
  if (code !== 0 && code !== ALREADY_EXPLAINED) response.setError(`Program exited with non-zero exit code: ${code}`);
  return response;
}

async function runPlugin(
  request: rpc.RunPluginRequest,
  send: (response: rpc.RunPluginResponse) => void,
  onStop: Stop,
): Promise<void> {
  const kind = request.getKind();
  if (kind !== "analyzer" && kind !== "resource") {
    throw new Error(`The stand-in for the nodejs language host does not run ${kind} plugins.`);
  }
  const info = infoOf(request);
  const options = optionsOf(info);
  const folder = info.getProgramDirectory();
  const runner = locate(`@pulumi/pulumi/cmd/${kind === "analyzer" ? "run-policy-pack" : "run-plugin"}`, folder);
  // Each reads the plugin's folder from another end of its arguments.
  const given = request.getArgsList();
  const args = [...options.nodeargs, runner, ...(kind === "analyzer" ? [...given, folder] : [folder, ...given])];
  const variables = request.getEnvList().map((line) => [line.split("=", 1)[0], line.slice(line.indexOf("=") + 1)]);
  const env = { ...(Object.fromEntries(variables) as NodeJS.ProcessEnv), ...typescriptEnv(options) };
  // A component compiles by the options of who uses it, if at all.
  const cwd = kind === "analyzer" ? folder : request.getPwd();
  const child = start(process.execPath, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] }, onStop);
  child.stdout?.on("data", (chunk: Buffer) => {
    const response = new rpc.RunPluginResponse();
    response.setStdout(chunk);
    send(response);
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    const response = new rpc.RunPluginResponse();
    response.setStderr(chunk);
    send(response);
  });
  const response = new rpc.RunPluginResponse();
  response.setExitcode(await ended(child));
  send(response);
}

/** By npm only, whatever `packagemanager` says: the lock file decides where there is one. */
async function installDependencies(
  request: rpc.InstallDependenciesRequest,
  send: (response: rpc.InstallDependenciesResponse) => void,
  onStop: Stop,
): Promise<void> {
  const cwd = infoOf(request).getProgramDirectory();
  const command = fs.existsSync(path.join(cwd, "package-lock.json")) ? "ci" : "install";
  const child = start("npm", [command, "--loglevel=error"], { cwd, stdio: ["ignore", "pipe", "pipe"] }, onStop);
  const relay = (chunk: Buffer): void => {
    const response = new rpc.InstallDependenciesResponse();
    response.setStdout(chunk);
    send(response);
  };
  child.stdout?.on("data", relay);
  child.stderr?.on("data", relay);
  const code = await ended(child);
  if (code !== 0) throw new Error(`npm ${command} in ${cwd} failed with exit code ${code}.`);
}

const sdkVersion = (): string =>
  (JSON.parse(fs.readFileSync(require.resolve("@pulumi/pulumi/package.json"), "utf8")) as { version: string }).version;

const service: grpc.UntypedServiceImplementation = {
  handshake: unary((request: rpc.LanguageHandshakeRequest) => {
    engineAddress = request.getEngineAddress();
    return new rpc.LanguageHandshakeResponse();
  }),

  getPluginInfo: unary(() => {
    const info = new PluginInfo();
    info.setVersion(sdkVersion());
    return info;
  }),

  getRequiredPackages: unary((request: rpc.GetRequiredPackagesRequest) => {
    const response = new rpc.GetRequiredPackagesResponse();
    for (const { name, version, server } of requiredPlugins(infoOf(request).getProgramDirectory())) {
      const dependency = new PackageDependency();
      dependency.setName(name);
      dependency.setKind("resource");
      dependency.setVersion(version);
      dependency.setServer(server ?? "");
      response.addPackages(dependency);
    }
    return response;
  }),

  getProgramDependencies: unary((request: rpc.GetProgramDependenciesRequest) => {
    const response = new rpc.GetProgramDependenciesResponse();
    const folder = infoOf(request).getProgramDirectory();
    for (const { name, version } of dependencies(folder, request.getTransitivedependencies())) {
      const dependency = new rpc.DependencyInfo();
      dependency.setName(name);
      dependency.setVersion(version);
      response.addDependencies(dependency);
    }
    return response;
  }),

  about: unary(() => {
    const response = new rpc.AboutResponse();
    response.setExecutable(process.execPath);
    response.setVersion(process.version);
    return response;
  }),

  installDependencies: streaming(installDependencies),

  run: unary(run),
  runPlugin: streaming(runPlugin),
  cancel: unary(() => new Empty()),
};

const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
server.addService(LanguageRuntimeService, service);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${port}\n`);
});

// The engine interrupts its plugins when it ends; one that is killed cannot, so a changed parent ends this one too.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit(0);
}, 1000);
