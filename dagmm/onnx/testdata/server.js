// Runs ONNX files in onnxruntime for the tests: a request a line on standard input, an answer a
// line on standard output. Numbers travel as base64, because JSON has no NaN.
'use strict';
const readline = require('node:readline');
const ort = require('onnxruntime-node');

const sessions = new Map();

function tensor({ type, dims, data }) {
  const bytes = Buffer.from(data, 'base64');
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const Numbers = { float32: Float32Array, float64: Float64Array, int64: BigInt64Array }[type];
  return new ort.Tensor(type, new Numbers(buffer), dims);
}

async function answer(request) {
  if (request.file !== undefined) {
    const session = await ort.InferenceSession.create(Buffer.from(request.file, 'base64'), { intraOpNumThreads: 1 });
    sessions.set(request.session, session);
    return {};
  }
  const feeds = {};
  for (const [name, value] of Object.entries(request.inputs)) feeds[name] = tensor(value);
  const outputs = {};
  for (const [name, { type, dims, data }] of Object.entries(await sessions.get(request.session).run(feeds))) {
    outputs[name] = { type, dims, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64') };
  }
  return { outputs };
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let reply;
    try {
      reply = await answer(JSON.parse(line));
    } catch (err) {
      reply = { error: String(err) };
    }
    process.stdout.write(JSON.stringify(reply) + '\n');
  }
})();
