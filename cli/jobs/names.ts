/** Names of the files that a training gives, of the one that it goes on from, and of the one that it begins with. */
export const CHECKPOINT = 'checkpoint.safetensors';
export const WEIGHTS = 'weights.safetensors';
export const INIT = 'init.safetensors';
