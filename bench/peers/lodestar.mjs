// Lodestar's light client on one real mainnet update: node lodestar.mjs BOOTSTRAP.ssz UPDATE.ssz RUNS
// Prints JSON: CPU milliseconds a check from raw bytes, with the committee's 512 keys cached (warm) and not (cold),
// and of blst alone on the same signature.
import { readFileSync } from "node:fs";
import process from "node:process";
import bls from "@chainsafe/bls";
import { createBeaconConfig } from "@lodestar/config";
import { mainnetChainConfig } from "@lodestar/config/networks";
import { ssz } from "@lodestar/types";
import { validateLightClientUpdate } from "./node_modules/@lodestar/light-client/lib/spec/validateLightClientUpdate.js";
import { deserializeSyncCommittee } from "@lodestar/light-client/utils";

const [bootstrapPath, updatePath, runsText] = process.argv.slice(2);
const runs = Number(runsText);
const genesis = Buffer.from("4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95", "hex");
const config = createBeaconConfig({ ...mainnetChainConfig, ELECTRA_FORK_EPOCH: 364032 }, genesis);
const bootstrap = ssz.deneb.LightClientBootstrap.deserialize(readFileSync(bootstrapPath));
const raw = readFileSync(updatePath);
const store = { config };

function check(committee) {
  validateLightClientUpdate(config, store, ssz.deneb.LightClientUpdate.deserialize(raw), committee);
}
function cpuMs(times, body) {
  const all = [];
  for (let i = 0; i < times; i++) {
    const before = process.cpuUsage();
    body();
    const used = process.cpuUsage(before);
    all.push((used.user + used.system) / 1000);
  }
  return all.sort((a, b) => a - b)[times >> 1];
}
const committee = deserializeSyncCommittee(bootstrap.currentSyncCommittee);
cpuMs(5, () => check(committee));
const warm = cpuMs(runs, () => check(committee));
const cold = cpuMs(Math.max(5, runs >> 2), () => check(deserializeSyncCommittee(bootstrap.currentSyncCommittee)));
const update = ssz.deneb.LightClientUpdate.deserialize(raw);
const bits = update.syncAggregate.syncCommitteeBits;
const keys = committee.pubkeys.filter((_, at) => bits.get(at));
const message = new Uint8Array(32).fill(7);
const signature = bls.Signature.fromBytes(update.syncAggregate.syncCommitteeSignature, undefined, true);
const sum = bls.PublicKey.aggregate(keys);
const blst = cpuMs(runs, () => signature.verify(sum, message));
console.log(JSON.stringify({ warm, cold, blst, implementation: bls.implementation, node: process.version }));
