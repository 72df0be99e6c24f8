import * as grpc from "@grpc/grpc-js";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { type CheckFailure, type DiffResult, InitFailed } from "./provider";
import { encode, formatPath, type Secrets } from "./values";

/** The answers of a provider as Pulumi's messages. */

export function checkResponse(inputs: Struct | undefined, failures: CheckFailure[]): rpc.CheckResponse {
  const response = new rpc.CheckResponse();
  response.setInputs(inputs);
  for (const { property, reason } of failures) {
    const failure = new rpc.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    response.addFailures(failure);
  }
  return response;
}

export function diffResponse({ changes: list, deleteBeforeReplace }: DiffResult): rpc.DiffResponse {
  const response = new rpc.DiffResponse();
  const { DIFF_SOME, DIFF_NONE } = rpc.DiffResponse.DiffChanges;
  const kinds = rpc.PropertyDiff.Kind;
  response.setChanges(list.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setHasdetaileddiff(true);
  response.setDeletebeforereplace(deleteBeforeReplace ?? false);
  for (const change of list) {
    const path = formatPath(change.path);
    const detail = new rpc.PropertyDiff();
    const inPlace = { add: kinds.ADD, delete: kinds.DELETE, update: kinds.UPDATE }[change.kind];
    const replacing = { add: kinds.ADD_REPLACE, delete: kinds.DELETE_REPLACE, update: kinds.UPDATE_REPLACE }[
      change.kind
    ];
    detail.setKind(change.replace === true ? replacing : inPlace);
    detail.setInputdiff(true);
    response.getDetaileddiffMap().set(path, detail);
    response.addDiffs(path);
    if (change.replace === true) response.addReplaces(path);
  }
  return response;
}

/** The error as gRPC sends it; an InitFailed carries the object's id and state for the engine to record. */
export function grpcError(error: unknown, secrets: Secrets): Partial<grpc.StatusObject> {
  const message = error instanceof Error ? error.message : String(error);
  const metadata = new grpc.Metadata();
  if (error instanceof InitFailed) {
    const detail = new rpc.ErrorResourceInitFailed();
    detail.setId(error.id);
    detail.setProperties(encode(error.outputs, secrets.ofOutputs()));
    detail.setInputs(encode(error.inputs, secrets));
    detail.setReasonsList(error.reasons);
    const any = new Any();
    any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const status = new Status();
    status.setCode(grpc.status.UNKNOWN);
    status.setMessage(message);
    status.addDetails(any);
    metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  }
  return { code: grpc.status.UNKNOWN, details: message, metadata };
}
