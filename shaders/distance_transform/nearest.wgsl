// The nearest edge pixel of every pixel, as its number y * W + x in the image: the least number where several
// are equally near, 0xffffffff where the image has none.
//
// Layout: edges u32 [N, H, W]; vertical u32 [N, H, W] as columns.wgsl leaves it; index u32 [N, H, W].
// Threads: one per pixel. As euclidean.wgsl it looks outwards column by column; in a column the nearest
//   edge is `vertical` above or below, and above has the smaller number.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // N * H * W
  height: u32,
  width: u32,
}

@group(0) @binding(0) var<storage, read> edges: array<u32>;
@group(0) @binding(1) var<storage, read> vertical: array<u32>;
@group(0) @binding(2) var<storage, read_write> index: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.length) {
    return;
  }
  let pixels = params.height * params.width;
  let image = i / pixels * pixels;
  let x = i % params.width;
  let y = (i - image) / params.width;
  let none = params.height + params.width;
  var best = none * none;
  var nearest = 0xffffffffu;
  for (var d = 0u; d < params.width && d * d <= best; d++) {
    for (var side = 0u; side < 2u; side++) {
      let inside = select(d <= x, x + d < params.width && d > 0u, side == 1u);
      if (inside) {
        let u = select(x - d, x + d, side == 1u);
        let v = vertical[image + y * params.width + u];
        let square = d * d + v * v;
        if (v < none && square <= best) {
          var row = y + v;
          if (v <= y) {
            if (edges[image + (y - v) * params.width + u] != 0u) {
              row = y - v;
            }
          }
          let number = row * params.width + u;
          if (square < best || number < nearest) {
            best = square;
            nearest = number;
          }
        }
      }
    }
  }
  index[i] = nearest;
}
