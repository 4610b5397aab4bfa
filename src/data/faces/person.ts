/** Who a drawn face is of. */
import { RandomStream } from '../random';
import { ACTIONS, AT_REST, type FaceActions } from './expression';

/** What stays the same in every picture of a person. Lengths are in half image widths. */
export interface FaceIdentity {
  headWidth: number;
  headHeight: number;
  jaw: number;
  skin: number;
  hair: number;
  hairStyle: 'bald' | 'short' | 'fringe' | 'long';
  hairline: number;
  parting: number;
  eyeSpacing: number;
  eyeWidth: number;
  eyeOpening: number;
  eyeTilt: number;
  iris: number;
  lashes: number;
  browHeight: number;
  browThickness: number;
  browArch: number;
  browTone: number;
  noseLength: number;
  noseWidth: number;
  mouthHeight: number;
  mouthWidth: number;
  upperLip: number;
  lowerLip: number;
  lipTone: number;
  beard: number;
  glasses: boolean;
  /** Actions that this face seems to show at rest. */
  resting: Partial<FaceActions>;
}

/** Person number `id`: the same face for the same number, in every set. */
export function faceIdentity(id: number): FaceIdentity {
  const random = new RandomStream(0x1de47, id);
  const skin = random.between(0.42, 0.8);
  const hair = random.chance(0.2) ? random.between(0.45, 0.85) : random.between(0.06, 0.3);
  const hairStyle = (['bald', 'short', 'short', 'fringe', 'long', 'long'] as const)[
    Math.floor(random.uniform() * 6)
  ];
  const beardless = hairStyle === 'long' || hairStyle === 'fringe' || random.chance(0.6);
  const mood = random.uniform();
  const strength = 0.2 * random.uniform();
  return {
    headWidth: random.between(0.66, 0.78),
    headHeight: random.between(0.9, 1.02),
    jaw: random.between(0.12, 0.38),
    skin,
    hair: Math.abs(hair - skin) < 0.15 ? hair - 0.25 : hair,
    hairStyle,
    hairline: random.between(-0.72, -0.56),
    parting: random.between(-0.25, 0.25),
    eyeSpacing: random.between(0.3, 0.36),
    eyeWidth: random.between(0.145, 0.185),
    eyeOpening: random.between(0.85, 1.15),
    eyeTilt: random.between(-0.02, 0.025),
    iris: random.between(0.05, 0.3),
    lashes: random.between(0.018, 0.034),
    browHeight: random.between(0.175, 0.23),
    browThickness: random.between(0.022, 0.045),
    browArch: random.between(0.015, 0.055),
    browTone: Math.min(skin - 0.22, hair * random.between(0.7, 1.1)),
    noseLength: random.between(0.34, 0.43),
    noseWidth: random.between(0.09, 0.135),
    mouthHeight: random.between(0.48, 0.55),
    mouthWidth: random.between(0.23, 0.29),
    upperLip: random.between(0.03, 0.06),
    lowerLip: random.between(0.045, 0.08),
    lipTone: random.between(0.62, 0.84),
    beard: beardless ? 0 : random.between(0.15, 0.5),
    glasses: random.chance(0.15),
    resting:
      mood < 0.25
        ? { browLowerer: strength }
        : mood < 0.5
          ? { lipCornerDepressor: strength }
          : mood < 0.75
            ? { lipCornerPuller: strength }
            : { lidDroop: strength, innerBrowRaiser: strength / 2 },
  };
}

/** The face of a person at rest, with an expression of `intensity` (0 to 1) added. */
export function atIntensity(
  apex: FaceActions,
  intensity: number,
  identity: FaceIdentity,
): FaceActions {
  const actions = { ...AT_REST };
  for (const action of ACTIONS) {
    const sum = (identity.resting[action] ?? 0) + intensity * apex[action];
    actions[action] = Math.min(1.3, Math.max(0, sum));
  }
  return actions;
}
