import type { Fault } from '../learn/fault';

export { plant, type Fault } from '../learn/fault';

/** The fault that this process is to plant, by its environment: `npm run test:mutants` does. */
export function plantedFault(): Fault | undefined {
  const { FACEGRAD_MUTANT: fault } = process.env;
  return fault ? (JSON.parse(fault) as Fault) : undefined;
}
