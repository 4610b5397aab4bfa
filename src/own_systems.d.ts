/** What `--model FILE` names; see tools/own_systems.ts. */
declare module 'virtual:facegrad-own-systems' {
  export const ownSystems: readonly import('./nn/systems').AnySystem[];
}
