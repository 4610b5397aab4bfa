import { mountPage } from '../shared/shell';

mountPage(
  'compare',
  <div class="page-head">
    <h1>Compare</h1>
    <p class="lead">This page is being built.</p>
  </div>,
);
