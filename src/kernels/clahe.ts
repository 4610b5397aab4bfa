import applyShader from '../../shaders/clahe/apply.wgsl';
import binsApplyShader from '../../shaders/clahe/bins_apply.wgsl';
import binsTablesShader from '../../shaders/clahe/bins_tables.wgsl';
import levelsShader from '../../shaders/clahe/levels.wgsl';
import tablesShader from '../../shaders/clahe/tables.wgsl';
import { FacegradError } from '../gpu/errors';
import { defineKernel, f32, linear, size, u32, type TensorSpec } from './kernel';

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

export interface AdapthistAttributes {
  /** Rows and columns of a tile; default: an eighth of the picture's. */
  kernelSize?: number | readonly [rows: number, columns: number];
  /** Most pixels of a bin, as a share of a tile's; 0: no limit. Default 0.01. */
  clipLimit?: number;
  /** Bins of the histogram, 2 to 1024; default 256. */
  bins?: number;
}

/** Levels that bins divide, as in scikit-image. */
const FINE_LEVELS = 2 ** 14;
/** The array of the shader has so many bins. */
const MOST_BINS = 1024;
/** Pixels of a tile beyond which the sums of 2^14 levels would overflow. */
const MOST_PIXELS = 2 ** 18;

function tilesOf({ shape, layout }: TensorSpec, attributes: AdapthistAttributes) {
  const { kernelSize, clipLimit = 0.01, bins = 256 } = attributes;
  const [, height, width] = shape;
  const refuse = (what: string): never => {
    throw new FacegradError('bad-input', `equalizeAdapthist: ${what}`, {
      operation: 'equalizeAdapthist',
      wanted: attributes,
      available: shape,
    });
  };
  if (shape.length !== 3 || layout) refuse(`takes dense [N, H, W], not [${shape}]`);
  const eighth = (extent: number) => Math.max(Math.floor(extent / 8), 1);
  const [tile_height, tile_width] =
    typeof kernelSize === 'number'
      ? [kernelSize, kernelSize]
      : (kernelSize ?? [eighth(height), eighth(width)]);
  if (![tile_height, tile_width].every((n) => Number.isInteger(n) && n >= 1)) {
    refuse(`kernelSize must be whole numbers, not [${kernelSize}]`);
  }
  if (!(clipLimit >= 0)) refuse(`clipLimit must be 0 or more, not ${clipLimit}`);
  if (!Number.isInteger(bins) || bins < 2 || bins > MOST_BINS) {
    refuse(`takes 2 to ${MOST_BINS} bins, not ${bins}`);
  }
  const area = tile_height * tile_width;
  if (area > MOST_PIXELS) refuse(`tiles of ${area} pixels; at most ${MOST_PIXELS} are supported`);
  return {
    tile: {
      height,
      width,
      tiles_y: Math.ceil(height / tile_height),
      tiles_x: Math.ceil(width / tile_width),
      tile_height,
      tile_width,
    },
    limit: clipLimit > 0 ? Math.min(area, Math.max(1, Math.floor(clipLimit * area))) : area,
    bins,
  };
}

/** The bin of every pixel of x [N, H, W], between its image's least and greatest value, u32. */
export const claheLevels = defineKernel({
  name: 'clahe.levels',
  shader: levelsShader,
  outputs: ({ x }: Record<'x', TensorSpec>, attributes: AdapthistAttributes) => {
    tilesOf(x, attributes);
    return { bin: u32(x.shape) };
  },
  params: ({ x }, attributes) => ({
    pixels: x.shape[1] * x.shape[2],
    bin_size: 1 + Math.floor(FINE_LEVELS / tilesOf(x, attributes).bins),
  }),
  workgroups: ({ x }) => [x.shape[0], 1, 1],
});

/** The table of bins of every tile, u32 [N, ty, tx, bins]. */
export const claheBinsTables = defineKernel({
  name: 'clahe.bins_tables',
  shader: binsTablesShader,
  outputs: ({ bin }: Record<'bin', TensorSpec>, attributes: AdapthistAttributes) => {
    const { tile, bins } = tilesOf(bin, attributes);
    return { table: u32([bin.shape[0], tile.tiles_y, tile.tiles_x, bins]) };
  },
  params: ({ bin }, attributes) => {
    const { tile, limit } = tilesOf(bin, attributes);
    return { ...tile, limit };
  },
  overrides: (_, { bins = 256 }) => ({ BINS: bins }),
  workgroups: ({ bin }, attributes) => {
    const { tiles_y, tiles_x } = tilesOf(bin, attributes).tile;
    return [tiles_x, tiles_y, bin.shape[0]];
  },
});

/** Every pixel through its tables, stretched to 0..1: y [N, H, W]. */
export const claheBinsApply = defineKernel({
  name: 'clahe.bins_apply',
  shader: binsApplyShader,
  outputs: ({ bin }: Record<'bin' | 'table', TensorSpec>, _: AdapthistAttributes) => ({
    y: f32(bin.shape),
  }),
  params: ({ bin }, attributes) => {
    const { tile, bins } = tilesOf(bin, attributes);
    return { ...tile, bins };
  },
  workgroups: ({ bin }) => [bin.shape[0], 1, 1],
});
