import { checkGpu } from '../../check/check';
import { FacegradError } from '../../src/gpu/errors';
import type { CheckMessage, CheckRequest } from './messages';

const post = (message: CheckMessage) => self.postMessage(message);

self.onmessage = ({ data }: MessageEvent<CheckRequest>) => {
  checkGpu((progress) => post({ type: 'progress', progress }), data.only).then(
    (report) => post({ type: 'done', report }),
    (error: Error) => {
      const noGpu = error instanceof FacegradError && error.kind === 'unsupported';
      post({ type: 'failed', message: error.message, noGpu });
    },
  );
};
