/** What to say where a page gets no GPU, and what to do about it. */
export const NO_GPU = isSecureContext
  ? {
      title: 'This browser gives this page no GPU',
      text: 'The network runs on the GPU, by WebGPU. Chrome and Edge have it from version 113, Safari from 26, Firefox from 141 on Windows. Where it is new enough, WebGPU or the graphics driver may be switched off: chrome://gpu says why. Another browser or another machine may do.',
    }
  : {
      title: 'This address is not secure, so the browser gives this page no GPU',
      text: 'Browsers give pages the GPU and the camera only over https or on localhost. Open this page over https, or as http://localhost on the machine that serves it.',
    };
