import applyShader from '../../shaders/clahe/apply.wgsl';
import tablesShader from '../../shaders/clahe/tables.wgsl';
import { FacegradError } from '../gpu/errors';
import { defineKernel, linear, size, u32, type TensorSpec } from './kernel';

export interface ClaheAttributes {
  /** Most pixels of a grey level in a tile, in shares of an even histogram; 0: no limit. OpenCV's default is 40. */
  clipLimit?: number;
  /** Tiles across and down; default 8 and 8. */
  tiles?: readonly [x: number, y: number];
}

/** Pixels of a tile beyond which the weights of the shader would overflow. */
const MAX_AREA = 2 ** 22;

function params({ shape, layout }: TensorSpec, attributes: ClaheAttributes) {
  const { clipLimit = 40, tiles = [8, 8] } = attributes;
  const [, height, width] = shape;
  const [tiles_x, tiles_y] = tiles;
  const refuse = (what: string): never => {
    throw new FacegradError('bad-input', `clahe: ${what}`, {
      operation: 'clahe',
      wanted: attributes,
      available: shape,
    });
  };
  if (shape.length !== 3 || layout) refuse(`takes dense [N, H, W], not [${shape}]`);
  if (![tiles_x, tiles_y].every((n) => Number.isInteger(n) && n >= 1)) {
    refuse(`tiles must be whole numbers, not [${tiles}]`);
  }
  if (!(clipLimit >= 0)) refuse(`clipLimit must be 0 or more, not ${clipLimit}`);
  // As OpenCV: where one extent does not divide, both grow, by a whole tile row where it did.
  const divides = width % tiles_x === 0 && height % tiles_y === 0;
  const padded = (extent: number, by: number) => (divides ? extent : extent + by - (extent % by));
  const tile_height = padded(height, tiles_y) / tiles_y;
  const tile_width = padded(width, tiles_x) / tiles_x;
  const area = tile_height * tile_width;
  if (area > MAX_AREA) refuse(`tiles of ${area} pixels; at most ${MAX_AREA} are supported`);
  const limit = clipLimit > 0 ? Math.max(1, Math.floor((clipLimit * area) / 256)) : 0;
  return {
    tile: { height, width, tiles_y, tiles_x, tile_height, tile_width },
    limit,
    scale: Math.fround(255 / area),
  };
}

/** The table of grey levels of every tile of x [N, H, W] (whole numbers 0..255), u32 [N, ty, tx, 256]. */
export const claheTables = defineKernel({
  name: 'clahe.tables',
  shader: tablesShader,
  outputs: ({ x }: Record<'x', TensorSpec>, attributes: ClaheAttributes) => {
    const { tiles_y, tiles_x } = params(x, attributes).tile;
    return { table: u32([x.shape[0], tiles_y, tiles_x, 256]) };
  },
  params: ({ x }, attributes) => {
    const { tile, limit, scale } = params(x, attributes);
    return { ...tile, limit, scale };
  },
  workgroups: ({ x }, attributes) => {
    const { tiles_y, tiles_x } = params(x, attributes).tile;
    return [tiles_x, tiles_y, x.shape[0]];
  },
});

/** x through its tables: y [N, H, W], whole numbers 0..255. */
export const claheApply = defineKernel({
  name: 'clahe.apply',
  shader: applyShader,
  outputs: ({ x }: Record<'x' | 'table', TensorSpec>, _: ClaheAttributes) => ({ y: x }),
  params: ({ x }, attributes) => ({
    length: size(x.shape),
    ...params(x, attributes).tile,
  }),
  workgroups: ({ x }) => linear(size(x.shape), 64),
});
