import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { messages } from '../../bench/host/python';
import { pytorch } from '../../bench/peers/pytorch';
import { trainProblem } from '../../bench/versus/problems';
import { Unsupported } from '../../bench/versus/subject';
import { readSafetensors, writeSafetensors } from '../../src/train/safetensors';

const loader = { script: () => Promise.reject(), module: () => Promise.reject(), url: String };

describe('pytorch', () => {
  it('sends the network as data with its tensors, and gives what comes back', async () => {
    const asked: string[] = [];
    const { layers, tensors, ...problem } = trainProblem('resnet', 2);
    const python = (script: string) => {
      expect(script).toBe('pytorch.py');
      return (message: Uint8Array) => {
        const { metadata, tensors: sent } = readSafetensors(message);
        asked.push(metadata.do);
        if (metadata.do === 'prepare') {
          const told = JSON.parse(metadata.problem) as { layers: unknown; labels: unknown };
          expect(told.layers).toEqual(layers);
          expect(told.labels).toEqual([...problem.labels]);
          expect([...sent.keys()].sort()).toEqual([...Object.keys(tensors), 'picture 0'].sort());
        }
        const loss = { name: 'loss', shape: [2], data: Float32Array.of(1, 0.5) };
        return Promise.resolve(writeSafetensors(metadata.do === 'outputs' ? [loss] : [], {}));
      };
    };
    const prepared = await pytorch({ ...loader, python }).prepare({ layers, tensors, ...problem });
    await prepared.run();
    await prepared.finish();
    expect(await prepared.outputs()).toEqual({ loss: Float32Array.of(1, 0.5) });
    prepared.dispose();
    expect(asked).toEqual(['prepare', 'run', 'outputs', 'dispose']);
  });

  it('passes on what goes wrong there', async () => {
    const python = () => () => Promise.resolve(writeSafetensors([], { error: 'ValueError: gelu' }));
    const asked = pytorch({ ...loader, python }).prepare(trainProblem('tiny', 2));
    await expect(asked).rejects.toThrow('ValueError: gelu');
  });

  it('has no place in a page', async () => {
    await expect(pytorch(loader).prepare(trainProblem('tiny', 2))).rejects.toThrow(Unsupported);
  });
});

describe('the messages of a process', () => {
  it('come whole, however their bytes are cut', async () => {
    const sent = [new Uint8Array(300_000).fill(7), new Uint8Array(0), Uint8Array.of(1, 2, 3)];
    const whole = Buffer.concat(
      sent.flatMap((bytes) => {
        const length = Buffer.alloc(8);
        length.writeBigUInt64LE(BigInt(bytes.length));
        return [length, bytes];
      }),
    );
    for (const step of [5, 11, 65536, whole.length]) {
      const parts = (function* () {
        for (let i = 0; i < whole.length; i += step) yield whole.subarray(i, i + step);
      })();
      const come: Uint8Array[] = [];
      for await (const message of messages(Readable.from(parts))) come.push(message);
      expect(come.map((bytes) => bytes.length)).toEqual([300_000, 0, 3]);
      expect([...come[2]]).toEqual([1, 2, 3]);
    }
  });
});
