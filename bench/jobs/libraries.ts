import { jax } from '../peers/jax';
import { onnxruntime } from '../peers/onnxruntime';
import { pytorch } from '../peers/pytorch';
import { tfjs } from '../peers/tfjs';
import { facegrad } from '../versus/facegrad';
import type { Subject } from '../versus/subject';
import type { Place } from './job';

/** All libraries, those that are not ours last. */
export const LIBRARIES: Record<string, (place: Place) => Subject> = {
  facegrad: ({ requestGpu }) => facegrad(requestGpu, 'fast'),
  'facegrad direct': ({ requestGpu }) => facegrad(requestGpu, 'direct'),
  'facegrad plain': ({ requestGpu }) => facegrad(requestGpu, 'plain'),
  'jax-js webgpu': ({ loader }) => jax(loader),
  'tfjs webgpu': ({ loader }) => tfjs(loader, 'webgpu'),
  'tfjs wasm': ({ loader }) => tfjs(loader, 'wasm'),
  'onnxruntime webgpu': ({ loader }) => onnxruntime(loader, 'webgpu'),
  'onnxruntime wasm': ({ loader }) => onnxruntime(loader, 'wasm'),
  'pytorch cpu': ({ loader }) => pytorch(loader),
};
