import { Flatten, Linear } from '../layers';
import { Sequential } from '../module';
import { refuseSetting, type NetworkConfig } from '../network';
import { defineSystem } from './system';

/** Ways to compute the weights in closed form (`train/discriminant.ts`); `none` trains them. */
export const FITS = ['none', 'lda', 'pca-lda', 'ica-lda'] as const;

/**
 * Class scores straight from the pixels: what linear discriminant analysis comes to, also behind principal or independent
 * components, as those are linear too.
 */
export const linear = defineSystem({
  name: 'linear',
  about: 'class scores straight from the pixels: LDA, PCA + LDA, ICA + LDA',
  defaults: {
    size: 48,
    fit: 'none' as (typeof FITS)[number],
    /** Share of the mean variance in the covariance of LDA. */
    shrinkage: 0,
    /** Of PCA and ICA. */
    components: 150,
  },
  check({ fit, shrinkage, components, size }) {
    if (!FITS.includes(fit)) refuseSetting(`fit must be one of ${FITS.join(', ')}`, fit);
    if (!(shrinkage >= 0 && shrinkage <= 1))
      refuseSetting('shrinkage must be in [0, 1]', shrinkage);
    if (!Number.isInteger(components) || components < 1 || components > size ** 2) {
      refuseSetting(`components must be 1 to ${size ** 2}`, components);
    }
  },
  build: ({ size, classes }) =>
    new Sequential(new Flatten(), new Linear(size ** 2, classes.length)),
});

/** Whether the weights of this network are computed in closed form, and not trained. */
export const isComputed = (model: NetworkConfig): boolean =>
  model.name === linear.name && (model as NetworkConfig & { fit?: string }).fit !== 'none';
