import { mountPage } from '../shared/shell';

mountPage(
  'bench',
  <div class="page-head">
    <h1>Benchmark</h1>
    <p class="lead">This page is being built.</p>
  </div>,
);
