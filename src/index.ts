/** facegrad: training and running a facial-expression CNN-LSTM on WebGPU, from hand-written WGSL. */
export { FacegradError, type ErrorKind } from './gpu/errors';
export { Gpu, requestGpu, type AdapterDescription, type GpuOptions } from './gpu/device';
export { requestNodeGpu } from './gpu/node';
export { Tape, defineOperation, type Operation } from './tape/tape';
export { Plan } from './tape/plan';
export type { PlanProfile, ProfileOptions, StepTime } from './tape/profile';
export { Storage } from './tape/storage';
export { state, Value } from './tape/value';
export * from './eager';
export * as operations from './tape/operations';
export { defineKernel, type Kernel, type Layout, type TensorSpec } from './kernels/kernel';
export { Module, Parameter, Pass, Sequential, Streams, type Output } from './nn/module';
export * from './nn/layers';
export { Network, type FramesConfig, type NetworkConfig, type NetworkOptions } from './nn/network';
export { ParameterArena, type NamedTensor } from './nn/parameters';
export { createNetwork, SYSTEMS, systemConfig, systemOf } from './nn/systems';
export { defineSystem, type System } from './nn/systems/system';
export {
  ConvBlock,
  modelConfig,
  PRESETS,
  type ModelConfig,
  type Preset,
} from './nn/systems/cnn_lstm';
export { Trainer, type TrainingData } from './train/trainer';
export type { TrainEvent } from './train/events';
export { recovering, trainRecovering } from './train/recovery';
export { trainConfig, type TrainConfig } from './train/config';
export { optimize } from './train/optimizer';
export { Evaluator, testViews, type TestTimeAveraging } from './train/evaluator';
export { formatConfusion, metricsOf, type Metrics } from './train/metrics';
export { loadNetwork, readWeights, writeWeights, type Weights } from './train/weights_file';
export { readSafetensors, writeSafetensors } from './train/safetensors';
export { EXPRESSIONS, type ImageSet, type SequenceSet } from './data/dataset';
export { syntheticFaces, syntheticSequences } from './data/synthetic';
export { openFiles, type OpenedData, type OpenOptions } from './data/open';
export { splitBySubject, loadFer2013Folder, loadCkPlusFolder } from './data/load';
export { parseFer2013Csv, type CsvSource } from './data/fer2013_csv';
export { parseIdx, parseIdxImageSet } from './data/idx';
export { treeOfFiles, type FileEntry, type FileTree } from './data/file_tree';
export { openZip, type ByteSource, type ZipLimits } from './data/zip';
export { loadImageFolder, type ImageFolder, type ImageFolderOptions } from './data/image_folder';
export { decodePicture, greySquare, type Picture, type PictureDecoder } from './data/pictures';
export { checkPicture, pictureHeader } from './data/picture_header';
export { decodeBmp } from './data/bmp';
export { exportOnnx } from './onnx/export';
