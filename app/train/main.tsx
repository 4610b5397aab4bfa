import { mountPage } from '../shared/shell';

mountPage(
  'train',
  <div class="page-head">
    <h1>Train</h1>
    <p class="lead">This page is being built.</p>
  </div>,
);
