export { eager, type EagerOperation, type Kind, type Signature } from './eager';
export { Tensor, type HostInput, type HostTensor } from './tensor';
export * from './operations';
export * from './losses';
export * from './recurrent';
export * from './optimizers';
export * from './vision';
export { dropout, type DropoutSettings } from './dropout';
