import { ownSystems } from 'virtual:facegrad-own-systems';
import { SYSTEMS } from '../../src/nn/systems';

/** Every network that these pages can run, by name: `npm run demo -- --model FILE` adds one. */
export const systems = [...SYSTEMS, ...ownSystems];
