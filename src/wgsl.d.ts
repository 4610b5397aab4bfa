declare module '*.wgsl' {
  const shader: import('./gpu/wgsl').WgslModule;
  export default shader;
}
declare module 'wgsl_reflect/wgsl_reflect.module.js';
