declare module 'virtual:facegrad-peers' {
  /** The other libraries' modules, by the path of the file that bench/peers asks for. */
  export const modules: Record<string, () => Promise<unknown>>;
}

declare module 'virtual:facegrad-peers/installed' {
  /** Whether this site was built with them. */
  export const installed: boolean;
}
