"""DeStarAI: what a satellite computes. Artefacts, sandboxed runtimes, the meter, receipts, jobs and packaged workloads.

`Artefact.of(bytes)` recognises an ONNX model or a WASM module; `execute` runs it under `Limits` and always returns an
`Outcome`; `estimate` and `cost` turn it into time and energy on an `Accelerator`; `sign_receipt` and the three
`verify_*` are what a result is trusted by; `Request` and `Result` are what bundles carry; `WORKLOADS` are real jobs.

Imports `core` and, inside functions, onnx, onnxruntime, wasmtime and cryptography, so that importing this is quick. No
clock, thread, process or randomness: same artefact and input, same output.
"""

from orbitalcloud.compute.artefact import Artefact
from orbitalcloud.compute.canary import Canary, canary
from orbitalcloud.compute.identity import public_key, signing_key
from orbitalcloud.compute.jobs import (
    Job,
    JobLimits,
    Request,
    Result,
    decode_request,
    decode_result,
    encode_request,
    encode_result,
)
from orbitalcloud.compute.meter import Accelerator, Cost, cost, estimate
from orbitalcloud.compute.quality import Quality
from orbitalcloud.compute.receipt import (
    Receipt,
    ReceiptBody,
    encode_receipt,
    parse_receipt,
    sign_receipt,
    verify_by_execution,
    verify_output,
    verify_receipt,
)
from orbitalcloud.compute.runtime import execute, runtime_of, verification_of
from orbitalcloud.compute.usage import Limits, Outcome, Usage
from orbitalcloud.compute.workloads import WORKLOADS, Workload, workload

__all__ = [
    "WORKLOADS",
    "Accelerator",
    "Artefact",
    "Canary",
    "Cost",
    "Job",
    "JobLimits",
    "Limits",
    "Outcome",
    "Quality",
    "Receipt",
    "ReceiptBody",
    "Request",
    "Result",
    "Usage",
    "Workload",
    "canary",
    "cost",
    "decode_request",
    "decode_result",
    "encode_receipt",
    "encode_request",
    "encode_result",
    "estimate",
    "execute",
    "parse_receipt",
    "public_key",
    "runtime_of",
    "sign_receipt",
    "signing_key",
    "verification_of",
    "verify_by_execution",
    "verify_output",
    "verify_receipt",
    "workload",
]
