import { mountPage } from '../shared/shell';

mountPage(
  'live',
  <div class="page-head">
    <h1>Live</h1>
    <p class="lead">This page is being built.</p>
  </div>,
);
