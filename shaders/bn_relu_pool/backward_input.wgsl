// The gradient of bn_relu_pool with respect to x:
//
//   dx = gamma * rstd * (dz' - dbeta / M - xhat * dgamma / M),   xhat = (x - mean) * rstd,   M = N * H * W
//
// where dz' is the pooled gradient dz (from backward_reduce.wgsl) put at the window's winner, and 0
// elsewhere. The other two terms reach every element, also a last odd row or column that no window
// covers. The winner is found again from x, which is read anyway: the first maximum of sign(gamma) * x.
//
// Layout: x [G, N, C, H, W] dense; dz [G, N, C, H / 2, W / 2] dense; mean, rstd, gamma, dgamma, dbeta
// [G, C]; dx as x, with an even border of `dx_border` zeros and rows of `dx_row_stride`.
// Threads: group.y is the channel (of G * C). A thread writes ROUNDS blocks of 2x2 elements of the
// channel's dx planes, border included, WORKGROUP_SIZE blocks apart. As the border is even, a
// block is a window, or outside, or at an odd edge.

override WORKGROUP_SIZE: u32 = 64;
override ROUNDS: u32 = 8;

struct Params {
  batch: u32, // N
  channels: u32, // C
  height: u32, // of x
  width: u32,
  dx_border: u32,
  dx_row_stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dz: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> rstd: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> dgamma: array<f32>;
@group(0) @binding(6) var<storage, read> dbeta: array<f32>;
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let channel = group.y;
  let g = channel / params.channels;
  let c = channel % params.channels;
  let count = f32(params.batch * params.height * params.width);
  let center = mean[channel];
  let direction = sign(gamma[channel]);
  let scale = gamma[channel] * rstd[channel];
  let mean_dz = dbeta[channel] / count;
  // rstd * dgamma / M: what x - mean is multiplied by.
  let slope = rstd[channel] * (dgamma[channel] / count);

  let rows = params.height + 2u * params.dx_border;
  let dx_plane = rows * params.dx_row_stride;
  let blocks_x = (params.dx_row_stride + 1u) / 2u;
  let blocks_y = (rows + 1u) / 2u;
  let blocks = blocks_y * blocks_x;
  let total = params.batch * blocks;

  // (n, block_y, block_x) of block i; stepping them saves three divisions for each.
  let step_n = WORKGROUP_SIZE / blocks;
  let step_row = WORKGROUP_SIZE % blocks / blocks_x;
  let step_column = WORKGROUP_SIZE % blocks_x;
  let begin = group.x * ROUNDS * WORKGROUP_SIZE + thread;
  let end = min(total, begin + ROUNDS * WORKGROUP_SIZE);
  var n = begin / blocks;
  var block_y = begin % blocks / blocks_x;
  var block_x = begin % blocks_x;

  for (var i = begin; i < end; i += WORKGROUP_SIZE) {
    let sample = (g * params.batch + n) * params.channels + c;
    let out = sample * dx_plane + 2u * block_y * params.dx_row_stride + 2u * block_x;
    // Above and left of the plane these wrap around to numbers past the end.
    let row = 2u * block_y - params.dx_border;
    let column = 2u * block_x - params.dx_border;
    let top = (sample * params.height + row) * params.width + column;

    if (row + 1u < params.height && column + 1u < params.width) {
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
      let pooled = (sample * (params.height / 2u) + row / 2u) * (params.width / 2u) + column / 2u;
      let gradient = dz[pooled];
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
        if (row + down < params.height && column + right < params.width) {
          let value = x[top + down * params.width + right];
          result = scale * (0.0 - mean_dz - (value - center) * slope);
        }
        if (2u * block_y + down < rows && 2u * block_x + right < params.dx_row_stride) {
          dx[out + down * params.dx_row_stride + right] = result;
        }
      }
    }

    n += step_n;
    block_y += step_row;
    block_x += step_column;
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
