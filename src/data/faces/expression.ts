/** What a drawn face's muscles do, and how each expression looks at its apex. */
import type { Expression } from '../dataset';
import type { RandomStream } from '../random';

/**
 * What the face's muscles do, in the action units of the Facial Action Coding System (AU), from 0
 * (at rest) to about 1 (as far as it goes).
 */
export interface FaceActions {
  /** AU 1 */ innerBrowRaiser: number;
  /** AU 2 */ outerBrowRaiser: number;
  /** AU 4 */ browLowerer: number;
  /** AU 5 */ upperLidRaiser: number;
  /** AU 6 */ cheekRaiser: number;
  /** AU 7 */ lidTightener: number;
  /** AU 9 */ noseWrinkler: number;
  /** AU 10 */ upperLipRaiser: number;
  /** AU 12 */ lipCornerPuller: number;
  /** AU 15 */ lipCornerDepressor: number;
  /** AU 17 */ chinRaiser: number;
  /** AU 18 */ lipPucker: number;
  /** AU 20 */ lipStretcher: number;
  /** AU 23 */ lipTightener: number;
  /** AU 25 */ lipsPart: number;
  /** AU 26 */ jawDrop: number;
  /** AU 43 */ lidDroop: number;
}

export const AT_REST: Readonly<FaceActions> = {
  innerBrowRaiser: 0,
  outerBrowRaiser: 0,
  browLowerer: 0,
  upperLidRaiser: 0,
  cheekRaiser: 0,
  lidTightener: 0,
  noseWrinkler: 0,
  upperLipRaiser: 0,
  lipCornerPuller: 0,
  lipCornerDepressor: 0,
  chinRaiser: 0,
  lipPucker: 0,
  lipStretcher: 0,
  lipTightener: 0,
  lipsPart: 0,
  jawDrop: 0,
  lidDroop: 0,
};

export const ACTIONS = Object.keys(AT_REST) as (keyof FaceActions)[];

/** The ways an expression looks at its apex, with how often each is drawn. */
const PROTOTYPES: Record<Expression, readonly [share: number, actions: Partial<FaceActions>][]> = {
  angry: [
    [
      0.6,
      {
        browLowerer: 1,
        lidTightener: 0.7,
        upperLidRaiser: 0.25,
        lipTightener: 1,
        lipCornerDepressor: 0.35,
        chinRaiser: 0.3,
      },
    ],
    [
      0.4,
      {
        browLowerer: 1,
        lidTightener: 0.6,
        upperLidRaiser: 0.4,
        lipTightener: 0.8,
        lipsPart: 1,
        upperLipRaiser: 0.25,
        jawDrop: 0.2,
      },
    ],
  ],
  disgust: [
    [
      0.6,
      {
        noseWrinkler: 1,
        upperLipRaiser: 1,
        browLowerer: 0.45,
        lidTightener: 0.8,
        cheekRaiser: 0.35,
        lipCornerDepressor: 0.5,
        chinRaiser: 0.5,
      },
    ],
    [
      0.4,
      {
        noseWrinkler: 1,
        upperLipRaiser: 1,
        browLowerer: 0.45,
        lidTightener: 0.8,
        cheekRaiser: 0.35,
        lipCornerDepressor: 0.35,
        lipsPart: 0.6,
      },
    ],
  ],
  fear: [
    [
      1,
      {
        innerBrowRaiser: 1,
        outerBrowRaiser: 0.35,
        browLowerer: 0.4,
        upperLidRaiser: 1,
        lipStretcher: 1,
        lipsPart: 0.8,
        jawDrop: 0.4,
        lipCornerDepressor: 0.25,
      },
    ],
  ],
  happy: [
    [0.65, { cheekRaiser: 0.9, lipCornerPuller: 1, lipsPart: 1, jawDrop: 0.2 }],
    [0.35, { cheekRaiser: 0.8, lipCornerPuller: 1 }],
  ],
  sad: [
    [
      1,
      {
        innerBrowRaiser: 1,
        browLowerer: 0.35,
        lipCornerDepressor: 1,
        chinRaiser: 0.6,
        lidDroop: 0.6,
      },
    ],
  ],
  surprise: [
    [
      1,
      {
        innerBrowRaiser: 1,
        outerBrowRaiser: 1,
        upperLidRaiser: 0.9,
        lipsPart: 1,
        jawDrop: 1,
        lipPucker: 0.8,
      },
    ],
  ],
  neutral: [[1, {}]],
};

/** An expression at its apex, varied a little: scale it with {@link atIntensity}. */
export function apexActions(expression: Expression, random: RandomStream): FaceActions {
  let choice = random.uniform();
  const prototypes = PROTOTYPES[expression];
  const chosen = prototypes.find(([share]) => (choice -= share) < 0) ?? prototypes[0];
  const actions = { ...AT_REST, ...chosen[1] };
  for (const action of ACTIONS) actions[action] *= 1 + 0.15 * random.normal();
  return actions;
}
