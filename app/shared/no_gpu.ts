/** What to say where a page gets no GPU, and what to do about it. */

/** The page on which the browser says why. */
function reasons(agent: string): string {
  if (agent.includes('Firefox/')) return ': about:support says why, under Graphics';
  return agent.includes('Chrome/') ? ': chrome://gpu says why' : '';
}

export const NO_GPU = isSecureContext
  ? {
      title: 'This browser gives this page no GPU',
      text: `The network runs on the GPU, by WebGPU. Chrome and Edge have it from version 128, Safari from 26, Firefox from 141 on Windows and from 145 on Macs with Apple silicon. Where it is new enough, WebGPU or the graphics driver may be switched off${reasons(navigator.userAgent)}. Another browser or another machine may do.`,
    }
  : {
      title: 'This address is not secure, so the browser gives this page no GPU',
      text: 'Browsers give pages the GPU and the camera only over https or on localhost. Open this page over https, or as http://localhost on the machine that serves it.',
    };
