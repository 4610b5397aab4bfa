/**
 * One synthetic face, drawn from parameters: who it is, what the muscles do, how it is seen.
 *
 * Only + - x / and the square root are used, which IEEE 754 rounds alike everywhere: the same
 * parameters give the same bytes in every browser and in Node.
 */
import { Canvas, type FaceView } from './canvas';
import type { FaceActions } from './expression';
import type { FaceIdentity } from './person';

/** Draws a face into `pixels` (size x size bytes, row by row). */
export function drawFace(
  identity: FaceIdentity,
  actions: FaceActions,
  view: FaceView,
  size: number,
  pixels: Uint8Array,
): void {
  const canvas = new Canvas(size, view);
  drawHead(canvas, identity, actions, view);
  canvas.turn(view);
  for (const side of [-1, 1]) {
    drawCheek(canvas, identity, actions, side);
    drawEye(canvas, identity, actions, view, side);
    drawBrow(canvas, identity, actions, side);
  }
  drawForehead(canvas, identity, actions);
  drawNose(canvas, identity, actions);
  drawMouth(canvas, identity, actions);
  if (identity.glasses) drawGlasses(canvas, identity);
  const bar = view.occlusion;
  if (bar) canvas.stroke([bar.x0, bar.y0, bar.x1, bar.y1], bar.radius, bar.tone, 1);
  canvas.develop(view, pixels);
}

const EYE_Y = -0.16;

function drawHead(canvas: Canvas, id: FaceIdentity, act: FaceActions, view: FaceView): void {
  const { skin, hair, headWidth, headHeight } = id;
  canvas.fill(-9, -9, 9, 9, view.background, 1, (x) => 1 - view.backgroundSlope * x);
  if (id.hairStyle === 'long') {
    canvas.fill(-1, -1.3, 1, 2, hair, 1, (x, y) =>
      y < 0
        ? canvas.ellipse(x, y, 0, -0.05, headWidth + 0.17, headHeight + 0.1)
        : canvas.edge(Math.abs(x) - headWidth - 0.17 + 0.06 * y),
    );
  }
  canvas.fill(-0.5, 0.5, 0.5, 2, skin * 0.72, 1, (x, y) =>
    canvas.edge(Math.abs(x) - 0.42 - 0.6 * Math.max(0, y - 1.1)),
  );
  if (id.hairStyle !== 'long') {
    for (const side of [-1, 1]) {
      const ear = side * (headWidth + 0.01);
      canvas.fill(ear - 0.1, -0.3, ear + 0.1, 0.15, skin * 0.9, 1, (x, y) =>
        canvas.ellipse(x, y, ear, -0.07, 0.08, 0.18),
      );
    }
  }
  const drop = 0.09 * act.jawDrop;
  const head = (x: number, y: number, margin: number): number => {
    const low = Math.max(0, (y - 0.05) / 0.9);
    const width = headWidth * (1 - id.jaw * low * low) + margin;
    const height = headHeight + margin + (y > 0 ? drop : 0);
    return canvas.ellipse(x, y, 0, 0, width, height);
  };
  canvas.fill(-1, -1.2, 1, 1.3, skin, 1, (x, y) => head(x, y, 0));
  if (id.beard > 0) {
    canvas.fill(-0.9, 0.1, 0.9, 1.3, hair, id.beard, (x, y) => {
      const cheek = 0.62 - 0.75 * x * x;
      const low = Math.min(1, Math.max(0, (y - cheek) * 5));
      const lip = canvas.soft(x, y, 0, id.mouthHeight - 0.09, 0.34, 0.1);
      return head(x, y, 0) * Math.max(low, lip);
    });
  }
  const { hairline, parting } = id;
  if (id.hairStyle === 'bald') {
    canvas.fill(-1, -1.3, 1, 0.1, hair, 0.35, (x, y) => {
      return head(x, y, 0.01) * canvas.edge(y + 0.62 - 1.1 * (x * x - 0.2));
    });
    return;
  }
  const sides = id.hairStyle === 'short' ? 0.6 : 0.85;
  const low = id.hairStyle === 'fringe' ? 0.14 : 0;
  canvas.fill(-1.1, -1.4, 1.1, 0.6, hair, 1, (x, y) => {
    const away = x - parting;
    const wave = Math.abs(3 * x - Math.floor(3 * x) - 0.5); // locks, not the rim of a cap
    const line = hairline + low + 0.07 * wave + sides * away * away;
    return head(x, y, 0.07) * canvas.edge(y - Math.min(line, 0.25));
  });
  canvas.fill(-0.8, -1, 0.8, -0.5, hair + 0.25, 0.3, (x, y) =>
    canvas.soft(x, y, parting / 2, -0.83, 0.4, 0.12),
  );
}

function drawCheek(canvas: Canvas, id: FaceIdentity, act: FaceActions, side: number): void {
  const { skin } = id;
  const eyeX = side * id.eyeSpacing;
  // The eye lies in a socket: darker towards the nose, more so under a lowered brow.
  const socket = 0.16 + 0.14 * act.browLowerer + 0.1 * act.noseWrinkler;
  const inner = side * (id.eyeSpacing - 0.12);
  canvas.softBlob(inner, EYE_Y - 0.06, 0.2, 0.17, skin * 0.5, socket);
  const puff = Math.min(1, 0.8 * act.cheekRaiser + 0.3 * act.noseWrinkler);
  canvas.softBlob(eyeX * 1.1, 0.17, 0.25, 0.17, Math.min(1, skin * 1.25), 0.5 * puff);
  canvas.stroke(
    [eyeX - 0.12, EYE_Y + 0.13, eyeX, EYE_Y + 0.165, eyeX + 0.13, EYE_Y + 0.12],
    0.016,
    skin * 0.55,
    0.5 * puff,
  );
  // The fold from the nose to beyond the corner of the mouth.
  const smile = act.lipCornerPuller;
  const fold = 0.1 + 0.28 * smile + 0.6 * Math.max(act.upperLipRaiser, act.noseWrinkler);
  const top = 0.16 - 0.05 * act.noseWrinkler;
  const out = 0.07 * smile + 0.03 * act.lipStretcher;
  const end = id.mouthHeight - 0.08 - 0.06 * smile;
  canvas.stroke(
    [
      side * (id.noseWidth + 0.03),
      top,
      side * (id.mouthWidth + 0.02 + out),
      (top + end) / 2 - 0.01,
      side * (id.mouthWidth + 0.12 + out),
      end + 0.03,
    ],
    0.018,
    skin * 0.5,
    Math.min(0.75, fold),
  );
}

function drawEye(
  canvas: Canvas,
  id: FaceIdentity,
  act: FaceActions,
  view: FaceView,
  side: number,
): void {
  const { skin, eyeWidth: width } = id;
  const eyeX = side * id.eyeSpacing;
  const squeeze = act.noseWrinkler;
  const raise =
    1 + 0.75 * act.upperLidRaiser - 0.25 * act.lidTightener - 0.45 * act.lidDroop - 0.3 * squeeze;
  const upper = 0.075 * id.eyeOpening * Math.max(0.25, raise - 0.2 * act.cheekRaiser);
  const lowerRest = 0.05 * (1 + 0.35 * act.upperLidRaiser);
  const push = 0.085 * act.cheekRaiser + 0.03 * act.lidTightener + 0.02 * squeeze;
  const lower = lowerRest * id.eyeOpening - push;
  // Lowered brows press on the inner part of the lid; in sadness the outer part hangs.
  const innerCut = 0.55 * act.browLowerer * (act.innerBrowRaiser > 0.3 ? 0 : 1);
  const outerCut = 0.9 * act.lidDroop;
  const tilt = id.eyeTilt;
  const along = (x: number): number => ((x - eyeX) * side) / width; // -1 inner, 1 outer corner
  const line = (t: number): number => EYE_Y - tilt * t;
  const upperLid = (t: number): number => {
    const cut = t < 0 ? 1 + innerCut * t : 1 - outerCut * t;
    return line(t) - upper * (1 - t * t) * Math.max(0, cut) + 0.02 * act.lidDroop * Math.max(0, t);
  };
  const lowerLid = (t: number): number =>
    Math.max(upperLid(t) + 0.012, line(t) + lower * (1 - t * t));
  const open = (x: number, y: number): number => {
    const t = along(x);
    if (t < -1 || t > 1) return 0;
    return Math.min(canvas.edge(upperLid(t) - y), canvas.edge(y - lowerLid(t)));
  };
  const [x0, x1] = [eyeX - width - 0.06, eyeX + width + 0.06];
  const [y0, y1] = [EYE_Y - 0.3, EYE_Y + 0.2];
  canvas.fill(x0, y0, x1, y1, Math.min(0.98, 0.6 + 0.4 * skin), 0.95, open);
  const irisX = eyeX + 0.04 * view.gaze;
  const irisY = EYE_Y - 0.014 - 0.2 * Math.max(0, push);
  canvas.fill(x0, y0, x1, y1, id.iris, 1, (x, y) =>
    Math.min(open(x, y), canvas.ellipse(x, y, irisX, irisY, 0.068, 0.068)),
  );
  canvas.fill(x0, y0, x1, y1, 0.95, 0.8, (x, y) =>
    Math.min(open(x, y), canvas.ellipse(x, y, irisX - 0.025, irisY - 0.03, 0.02, 0.02)),
  );
  const lashes = id.lashes;
  const lid = (x: number, y: number, curve: (t: number) => number, thickness: number): number => {
    const t = along(x);
    return t < -1.08 || t > 1.12 ? 0 : canvas.edge(Math.abs(y - curve(t)) - thickness);
  };
  canvas.fill(x0, y0, x1, y1, skin * 0.18, 0.9, (x, y) => lid(x, y, upperLid, lashes));
  const lowerLine = 0.35 + 0.3 * Math.min(1, act.cheekRaiser + act.lidTightener);
  canvas.fill(x0, y0, x1, y1, skin * 0.45, lowerLine, (x, y) => lid(x, y, lowerLid, 0.012));
  canvas.fill(x0, y0, x1, y1, skin * 0.6, 0.4, (x, y) =>
    lid(x, y, (t) => upperLid(t) - 0.055 - 0.02 * act.lidDroop, 0.012),
  );
}

function drawBrow(canvas: Canvas, id: FaceIdentity, act: FaceActions, side: number): void {
  const height = EYE_Y - id.browHeight;
  const { innerBrowRaiser: inner, outerBrowRaiser: outer, browLowerer: lowered } = act;
  const alone = Math.max(0, inner - outer); // inner ends raised, outer ends not: oblique brows
  const press = lowered + 0.5 * act.noseWrinkler;
  const innerX = 0.13 - 0.045 * press;
  const innerY = height - 0.115 * inner + 0.105 * press * (1 - 0.6 * Math.min(1, inner));
  const middleY = height - id.browArch - 0.03 * inner - 0.11 * outer + 0.055 * press;
  const outerY = height + 0.035 - 0.11 * outer + 0.05 * alone - 0.015 * lowered;
  const spread = id.eyeSpacing - 0.33;
  canvas.stroke(
    [
      side * innerX,
      innerY,
      side * (0.22 + spread),
      (innerY + middleY) / 2 - 0.008,
      side * (0.35 + spread),
      middleY,
      side * (0.5 + spread),
      outerY,
    ],
    id.browThickness,
    Math.max(0.03, id.browTone),
    0.88,
  );
}

function drawForehead(canvas: Canvas, id: FaceIdentity, act: FaceActions): void {
  const raised = Math.max(act.outerBrowRaiser, 0.7 * act.innerBrowRaiser);
  const width = 0.16 + 0.22 * act.outerBrowRaiser;
  const top = EYE_Y - id.browHeight - 0.2;
  for (const y of [top, top - 0.085]) {
    if (y < id.hairline + 0.03) continue;
    canvas.stroke(
      [-width, y + 0.015, 0, y, width, y + 0.015],
      0.01,
      id.skin * 0.55,
      0.45 * Math.max(0, raised - 0.2),
    );
  }
  const frown = Math.max(0, act.browLowerer - 0.15);
  for (const side of [-1, 1]) {
    const y = EYE_Y - id.browHeight;
    canvas.stroke(
      [side * 0.035, y - 0.06, side * 0.03, y + 0.1],
      0.013,
      id.skin * 0.4,
      Math.min(0.75, 0.75 * frown),
    );
  }
}

function drawNose(canvas: Canvas, id: FaceIdentity, act: FaceActions): void {
  const { skin } = id;
  const wrinkle = act.noseWrinkler;
  const bottom = EYE_Y + id.noseLength - 0.05 * wrinkle;
  const width = id.noseWidth * (1 + 0.25 * wrinkle);
  canvas.softBlob(0, bottom - 0.06, 0.07, 0.1, Math.min(1, skin * 1.2), 0.45);
  canvas.stroke(
    [0.065, EYE_Y - 0.04, 0.05, EYE_Y + 0.1, 0.08, bottom - 0.06],
    0.02,
    skin * 0.6,
    0.3,
  );
  canvas.stroke([-0.065, EYE_Y - 0.04, -0.05, EYE_Y + 0.1], 0.018, skin * 0.6, 0.25);
  canvas.stroke(
    [-width, bottom - 0.03, -0.04, bottom + 0.015, 0.04, bottom + 0.015, width, bottom - 0.03],
    0.014,
    skin * 0.45,
    0.55,
  );
  for (const side of [-1, 1]) {
    canvas.fill(-0.2, bottom - 0.1, 0.2, bottom + 0.1, skin * 0.2, 0.75, (x, y) =>
      canvas.ellipse(x, y, side * width * 0.52, bottom, 0.028, 0.02 + 0.008 * wrinkle),
    );
    canvas.stroke(
      [side * (width + 0.01), bottom - 0.1, side * (width + 0.03), bottom - 0.02],
      0.014,
      skin * 0.5,
      Math.min(0.8, 0.3 + 0.5 * wrinkle),
    );
    // Wrinkles across the bridge, the surest sign of disgust.
    for (const y of [-0.14, -0.06, 0.02]) {
      const edge = side * (0.1 - 0.1 * (y + 0.06) * (y + 0.06));
      canvas.stroke(
        [side * 0.015, y, edge, y - 0.05],
        0.013,
        skin * 0.35,
        0.7 * Math.min(1, wrinkle),
      );
    }
  }
}

function drawMouth(canvas: Canvas, id: FaceIdentity, act: FaceActions): void {
  const { skin } = id;
  const pull = act.lipCornerPuller;
  const { upperLipRaiser: sneer, lipStretcher: stretch, jawDrop, lipsPart } = act;
  const pucker = act.lipPucker;
  const tight = act.lipTightener;
  const width =
    id.mouthWidth *
    (1 + 0.38 * pull + 0.3 * stretch - 0.34 * pucker - 0.06 * tight - 0.05 * act.chinRaiser);
  const corner =
    -0.17 * pull + 0.14 * act.lipCornerDepressor + 0.05 * stretch + 0.04 * sneer * (1 - pull);
  const middle = id.mouthHeight - 0.03 * act.chinRaiser - 0.03 * sneer - 0.02 * pull;
  // A smile opens as a crescent, other mouths as an oval.
  const round = Math.min(1, pucker + stretch + tight + 0.6 * sneer);
  const gapUp = lipsPart * (0.015 + 0.03 * (jawDrop + tight + sneer) + 0.05 * pucker);
  const gapDown = lipsPart * (0.06 + 0.2 * jawDrop + 0.03 * tight + 0.08 * pull + 0.03 * stretch);
  const along = (x: number): number => x / width;
  const line = (t: number): number => {
    const bow = sneer * 0.05 * (1 - t * t); // the raised lip lifts the line's middle
    return middle + corner * (t * t - 0.3) - bow;
  };
  const gap = (t: number): number => {
    const crescent = Math.max(0, 1 - t * t);
    return crescent + round * (Math.sqrt(crescent) - crescent);
  };
  const upper = (t: number): number => line(t) - gapUp * gap(t);
  const lower = (t: number): number => line(t) + gapDown * gap(t);
  const thin = 1 - 0.75 * Math.min(1, tight);
  const upperLip = id.upperLip * thin * (1 - 0.3 * pull + 0.15 * pucker);
  const lowerLip = id.lowerLip * thin * (1 - 0.2 * pull + 0.3 * act.chinRaiser);
  const [x0, x1] = [-width - 0.1, width + 0.1];
  const [y0, y1] = [0.2, 1.05];
  const between = (
    x: number,
    y: number,
    top: (t: number) => number,
    bottom: (t: number) => number,
  ): number => {
    const t = along(x);
    if (t < -1 || t > 1) return 0;
    return Math.min(canvas.edge(top(t) - y), canvas.edge(y - bottom(t)));
  };
  const below = lower(0) + lowerLip;
  canvas.softBlob(0, below + 0.05, 0.2, 0.07, skin * 0.5, 0.35 + 0.3 * act.chinRaiser);
  canvas.stroke(
    [-0.12, below + 0.14, 0, below + 0.11, 0.12, below + 0.14],
    0.014,
    skin * 0.5,
    0.5 * act.chinRaiser,
  );
  canvas.softBlob(0, middle - 0.13, 0.035, 0.07, skin * 0.6, 0.35);
  canvas.fill(x0, y0, x1, y1, skin * id.lipTone, 0.9, (x, y) =>
    between(
      x,
      y,
      (t) => upper(t) - upperLip * (1 - t * t) * (0.75 + Math.min(0.25, 1.2 * Math.abs(t))),
      (t) => lower(t) + lowerLip * (1 - t * t),
    ),
  );
  const inside = (x: number, y: number): number => between(x, y, upper, lower);
  if (gapUp + gapDown > 0.02) {
    canvas.fill(x0, y0, x1, y1, 0.07, 1, inside);
    const shown = Math.min(1, Math.max(0, pull + sneer + 0.8 * stretch + tight - pucker));
    const height = Math.max(0.075 + 0.02 * pull, Math.min(1, tight) * (gapUp + gapDown));
    const teeth = (x: number, y: number): number =>
      Math.min(
        inside(x, y),
        between(x, y, upper, (t) => upper(t) + height),
      );
    canvas.fill(x0, y0, x1, y1, 0.95, 0.95 * shown * Math.min(1, lipsPart), teeth);
    if (tight > 0.4) {
      canvas.fill(x0, y0, x1, y1, 0.3, 0.55, (x, y) =>
        Math.min(inside(x, y), canvas.edge(Math.abs(y - upper(along(x)) - height / 2) - 0.008)),
      );
    }
  }
  const closed = 1 - Math.min(1, (gapUp + gapDown) / 0.05);
  canvas.fill(x0, y0, x1, y1, skin * 0.2, 0.25 + 0.65 * closed, (x, y) => {
    const t = along(x);
    return t < -1.06 || t > 1.06 ? 0 : canvas.edge(Math.abs(y - upper(t)) - 0.017);
  });
  for (const side of [-1, 1]) {
    const [cornerX, cornerY] = [side * width, line(1)];
    canvas.softBlob(cornerX, cornerY, 0.05, 0.05, skin * 0.3, 0.5);
    const down = act.lipCornerDepressor;
    canvas.stroke(
      [cornerX, cornerY, cornerX + side * 0.03, cornerY + 0.11],
      0.015,
      skin * 0.4,
      Math.min(0.75, 0.7 * down),
    );
  }
}

function drawGlasses(canvas: Canvas, id: FaceIdentity): void {
  const y = EYE_Y + 0.01;
  for (const side of [-1, 1]) {
    const eyeX = side * id.eyeSpacing;
    canvas.fill(eyeX - 0.32, y - 0.26, eyeX + 0.32, y + 0.26, 0.08, 0.85, (px, py) => {
      const [dx, dy] = [(px - eyeX) / 0.235, (py - y) / 0.19];
      const radius = Math.sqrt(dx * dx + dy * dy);
      return canvas.edge(Math.abs(radius - 1) * 0.21 - 0.017);
    });
    canvas.stroke([eyeX + side * 0.235, y - 0.03, side * 0.75, y - 0.05], 0.016, 0.08, 0.8);
  }
  canvas.stroke(
    [-id.eyeSpacing + 0.23, y - 0.05, id.eyeSpacing - 0.23, y - 0.05],
    0.016,
    0.08,
    0.85,
  );
}
