/** Names of the files that a training gives, and of the one that it goes on from. */
export const CHECKPOINT = 'checkpoint.safetensors';
export const WEIGHTS = 'weights.safetensors';
