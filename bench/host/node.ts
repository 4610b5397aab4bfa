/// <reference types="vite/client" />
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Answer, Job } from '../jobs/job';
import { Deadline } from './deadline';
import type { FromChild } from './node_child';
import type { BenchRuntime } from './runtime';

interface Versioned {
  version: string;
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Node on Dawn, in a process of its own: one that takes too long can be ended. */
export function nodeBench(onProgress: (text: string) => void): Promise<BenchRuntime> {
  const deadline = new Deadline();
  let child: ChildProcess | undefined;
  const start = () => {
    const [script, entry] = import.meta.env.VITE_PORTABLE
      ? [process.argv[1], 'bench-child']
      : [path('../../scripts/run.mjs'), path('node_child.ts')];
    return fork(script, [entry], {
      serialization: 'advanced',
      // Every first run compiles, as in a browser with an empty profile.
      env: { ...process.env, MESA_SHADER_CACHE_DISABLE: 'true' },
    });
  };
  const stop = async () => {
    if (!child) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    child = undefined;
    await ended;
  };
  const send = (to: ChildProcess, job: Job) =>
    new Promise<Answer>((resolve, reject) => {
      to.removeAllListeners();
      to.on('exit', (code) => reject(new Error(`the process exited with ${code}`)));
      to.on('message', (message: FromChild) => {
        if (message.kind === 'progress') onProgress(message.text);
        else if (message.kind === 'turn') deadline.turn(message.library);
        else if (message.kind === 'answer') resolve(message.answer);
        else if (message.kind === 'failed') reject(new Error(message.reason));
        else to.send(job); // ready
      });
      if (child === to) to.send(job);
    });
  return Promise.resolve({
    async ask(job, { fresh, limitMs } = {}) {
      if (fresh) await stop();
      let answer: Promise<Answer>;
      if (child) {
        answer = send(child, job);
      } else {
        const started = start();
        answer = send(started, job);
        child = started;
      }
      try {
        return await deadline.watch(answer, limitMs);
      } catch (error) {
        await stop();
        throw error;
      }
    },
    where() {
      const { version } = createRequire(import.meta.url)('webgpu/package.json') as Versioned;
      const dawn = `npm package webgpu ${version}`;
      return Promise.resolve({ node: process.version, dawn });
    },
    close: stop,
  });
}
