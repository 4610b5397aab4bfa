// y[i] = the larger of z[2 i] and z[2 i + 1], where z = max(0, gamma * (x - mean) * rstd + beta): batch norm, ReLU and
// max-pool in one.
//
// Layout: x [C, 2 W], y [C, W], dense; mean, rstd, gamma and beta [C].
// Threads: one per element of y.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // C * W
  width: u32, // W
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> rstd: array<f32>;
@group(0) @binding(3) var<storage, read> gamma: array<f32>;
@group(0) @binding(4) var<storage, read> beta: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= params.length) {
    return;
  }
  let c = i / params.width;
  let scale = gamma[c] * rstd[c];
  let middle = mean[c];
  let larger = max(scale * (x[2u * i] - middle), scale * (x[2u * i + 1u] - middle));
  y[i] = max(0.0, larger + beta[c]);
}
