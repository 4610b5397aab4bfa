/** Which of a fixed number of places each face has. */
export class Slots {
  readonly #ids: (number | undefined)[];

  constructor(count: number) {
    this.#ids = Array.from({ length: count });
  }

  /**
   * Places of the faces now in view, at most as many as there are places. A face keeps its place
   * while it stays; one that is gone is forgotten, and its place is free again.
   * @returns for each face its place, and whether it is new there
   */
  assign(faces: readonly number[]): { slot: number; fresh: boolean }[] {
    const ids = this.#ids;
    ids.forEach((id, slot) => {
      if (id !== undefined && !faces.includes(id)) ids[slot] = undefined;
    });
    return faces.map((id) => {
      const kept = ids.indexOf(id);
      if (kept >= 0) return { slot: kept, fresh: false };
      const slot = ids.indexOf(undefined);
      if (slot < 0) throw new RangeError(`${faces.length} faces for ${ids.length} places`);
      ids[slot] = id;
      return { slot, fresh: true };
    });
  }
}
