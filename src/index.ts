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
export { Model } from './nn/model';
export { modelConfig, PRESETS, type ModelConfig, type Preset } from './nn/config';
export { ConvBlock } from './nn/layers';
export { Module, Parameter, Pass, Sequential } from './nn/pass';
export * from './nn/modules';
export { Network, type NetworkConfig, type Trainable } from './nn/network';
export { ParameterArena, type NamedTensor } from './nn/parameters';
export { Trainer, type TrainEvent, type TrainingData } from './train/trainer';
export { configFor, trainConfig, type TrainConfig } from './train/config';
export { Evaluator, testViews, type TestTimeAveraging } from './train/evaluator';
export { formatConfusion, metricsOf, type Metrics } from './train/metrics';
export { readWeights, writeWeights, type Weights } from './train/weights_file';
export { readSafetensors, writeSafetensors } from './train/safetensors';
export { EXPRESSIONS, type ImageSet, type SequenceSet } from './data/dataset';
export { syntheticFaces, syntheticSequences } from './data/synthetic';
export { splitBySubject, loadFer2013Folder, loadCkPlusFolder, folderOfFiles } from './data/load';
export { parseFer2013Csv, type CsvSource } from './data/fer2013_csv';
export { parseIdx, parseIdxImageSet } from './data/idx';
export { treeOfFiles, type FileEntry, type FileTree } from './data/file_tree';
export { openZip, type ByteSource, type ZipLimits } from './data/zip';
export { loadImageFolder, type ImageFolder, type ImageFolderOptions } from './data/image_folder';
export {
  decodePicture,
  greySquare,
  pictureHeader,
  type Picture,
  type PictureDecoder,
} from './data/pictures';
export { exportOnnx } from './onnx/export';
export { exportNetwork } from './onnx/network';
