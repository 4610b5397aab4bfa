// The gradient of bn_relu_pool with respect to gamma, beta and x:
//
//   dz = dy where ReLU is open, else 0
//   dbeta = sum(dz),   dgamma = sum(dz * winner)   over samples and windows
//   dx = gamma * rstd * (dz' - dbeta / M - xhat * dgamma / M),   xhat = (x - mean) * rstd,   M = N * H * W
//
// Max-pool hands a window's gradient to its winner alone, so the sums over H x W that batch norm
// asks for run over the pooled grid, a quarter of it, and the winners' normalized values are there
// already (`winner`, from forward.wgsl; NONE where ReLU is shut). dz' is dz put at the window's winner, and 0
// elsewhere. The other two terms reach every element, also a last odd row or column that no window
// covers. The winner is found again from x, which is read anyway: the first maximum of sign(gamma) * x.
//
// Layout: x [G, N, C, H, W] dense; winner [G, N, C, H / 2, W / 2] dense; dy the same shape, with a border
// of `dy_border` and rows of `dy_row_stride`; moments [G, C, 2]: mean and rstd; gamma, dgamma, dbeta [G, C];
// dx as x, with a border of `dx_border` zeros and rows of `dx_row_stride`.
// Threads: one workgroup per channel. Each thread adds up every WORKGROUP_SIZE-th window; a tree in
// workgroup memory adds up the threads, so the order is the same in every run. Then it writes every
// WORKGROUP_SIZE-th block of 2x2 elements of dx, border included. The blocks begin one element outside of
// an odd border, so that a block is a window, or outside, or at an odd edge.

override WORKGROUP_SIZE: u32 = 128;
const NONE: f32 = -3.4e38;

struct Params {
  batch: u32, // N
  channels: u32, // C
  height: u32, // of x
  width: u32,
  dy_border: u32,
  dy_row_stride: u32,
  dx_border: u32,
  dx_row_stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> winner: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> moments: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(6) var<storage, read_write> dbeta: array<f32>;
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> sums_beta: array<f32, WORKGROUP_SIZE>; // of dz
var<workgroup> sums_gamma: array<f32, WORKGROUP_SIZE>; // of dz * winner

// By the bits, so that a NaN is open too.
fn is_open(best: f32) -> bool {
  return bitcast<u32>(best) != bitcast<u32>(NONE);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let channel = group.x; // of G * C
  let g = channel / params.channels;
  let c = channel % params.channels;
  let height = params.height / 2u; // of the pooled grid
  let width = params.width / 2u;
  let plane = height * width;
  let dy_plane = (height + 2u * params.dy_border) * params.dy_row_stride;

  // (n, row, column) of window i; stepping them saves the divisions.
  let step_n = WORKGROUP_SIZE / plane;
  let step_row = WORKGROUP_SIZE % plane / width;
  let step_column = WORKGROUP_SIZE % width;
  var n = thread / plane;
  var row = thread % plane / width;
  var column = thread % width;

  var sum_beta = 0.0;
  var sum_gamma = 0.0;
  for (var i = thread; i < params.batch * plane; i += WORKGROUP_SIZE) {
    let sample = (g * params.batch + n) * params.channels + c;
    let best = winner[sample * plane + row * width + column];
    if (is_open(best)) {
      let dy_row = sample * dy_plane + (row + params.dy_border) * params.dy_row_stride;
      let passed = dy[dy_row + column + params.dy_border];
      sum_beta += passed;
      sum_gamma += passed * best;
    }

    n += step_n;
    row += step_row;
    column += step_column;
    if (column >= width) {
      column -= width;
      row += 1u;
    }
    if (row >= height) {
      row -= height;
      n += 1u;
    }
  }
  sums_beta[thread] = sum_beta;
  sums_gamma[thread] = sum_gamma;
  workgroupBarrier();
  for (var half = WORKGROUP_SIZE / 2u; half > 0u; half = half / 2u) {
    if (thread < half) {
      sums_beta[thread] += sums_beta[thread + half];
      sums_gamma[thread] += sums_gamma[thread + half];
    }
    workgroupBarrier();
  }
  if (thread == 0u) {
    dbeta[channel] = sums_beta[0];
    dgamma[channel] = sums_gamma[0];
  }

  let count = f32(params.batch * params.height * params.width);
  let center = moments[2u * channel];
  let rstd = moments[2u * channel + 1u];
  let direction = sign(gamma[channel]);
  let scale = gamma[channel] * rstd;
  let mean_dz = sums_beta[0] / count;
  // rstd * dgamma / M: what x - mean is multiplied by.
  let slope = rstd * (sums_gamma[0] / count);

  let rows = params.height + 2u * params.dx_border;
  let dx_plane = rows * params.dx_row_stride;
  let ahead = params.dx_border % 2u; // rows and columns of the first blocks that are not there
  let blocks_x = (params.dx_row_stride + ahead + 1u) / 2u;
  let blocks_y = (rows + ahead + 1u) / 2u;
  let blocks = blocks_y * blocks_x;
  let total = params.batch * blocks;

  // (n, block_y, block_x) of block i; stepping them saves three divisions for each.
  let step_sample = WORKGROUP_SIZE / blocks;
  let step_y = WORKGROUP_SIZE % blocks / blocks_x;
  let step_x = WORKGROUP_SIZE % blocks_x;
  n = thread / blocks;
  var block_y = thread % blocks / blocks_x;
  var block_x = thread % blocks_x;

  for (var i = thread; i < total; i += WORKGROUP_SIZE) {
    let sample = (g * params.batch + n) * params.channels + c;
    // Above and left of the plane these wrap around to numbers past the end.
    let out_row = 2u * block_y - ahead;
    let out_column = 2u * block_x - ahead;
    let out = sample * dx_plane + out_row * params.dx_row_stride + out_column;
    let top_row = out_row - params.dx_border;
    let left = out_column - params.dx_border;
    let top = (sample * params.height + top_row) * params.width + left;

    if (top_row + 1u < params.height && left + 1u < params.width) {
      let bottom = top + params.width;
      let values = vec4<f32>(x[top], x[top + 1u], x[bottom], x[bottom + 1u]);
      let ordered = direction * values;
      var best = ordered.x;
      var place = 0u;
      if (ordered.y > best) {
        best = ordered.y;
        place = 1u;
      }
      if (ordered.z > best) {
        best = ordered.z;
        place = 2u;
      }
      if (ordered.w > best) {
        place = 3u;
      }
      var gradient = 0.0;
      if (is_open(winner[sample * plane + (top_row / 2u) * width + left / 2u])) {
        let dy_row = sample * dy_plane + (top_row / 2u + params.dy_border) * params.dy_row_stride;
        gradient = dy[dy_row + left / 2u + params.dy_border];
      }
      let scattered = vec4<f32>(
        select(0.0, gradient, place == 0u),
        select(0.0, gradient, place == 1u),
        select(0.0, gradient, place == 2u),
        select(0.0, gradient, place == 3u),
      );
      let result = scale * (scattered - mean_dz - (values - center) * slope);
      dx[out] = result.x;
      dx[out + 1u] = result.y;
      dx[out + params.dx_row_stride] = result.z;
      dx[out + params.dx_row_stride + 1u] = result.w;
    } else {
      // Border, or the odd last row or column: the terms without dz, or zero.
      for (var k = 0u; k < 4u; k += 1u) {
        let down = k / 2u;
        let right = k % 2u;
        var result = 0.0;
        if (top_row + down < params.height && left + right < params.width) {
          let value = x[top + down * params.width + right];
          result = scale * (0.0 - mean_dz - (value - center) * slope);
        }
        if (out_row + down < rows && out_column + right < params.dx_row_stride) {
          dx[out + down * params.dx_row_stride + right] = result;
        }
      }
    }

    n += step_sample;
    block_y += step_y;
    block_x += step_x;
    if (block_x >= blocks_x) {
      block_x -= blocks_x;
      block_y += 1u;
    }
    if (block_y >= blocks_y) {
      block_y -= blocks_y;
      n += 1u;
    }
  }
}
